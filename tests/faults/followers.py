"""`make followers`: do all who follow the results learn of each once, while the service's processes are killed?

Articles are pushed, some are corrected, withdrawn or canceled. Receivers of webhooks, good and bad ones, an event
stream and a long poll follow them, while API, worker, sweeper and deliverer are killed in turn. Exits with 1 if
anything was lost, came twice, or went where it must not.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from sqlalchemy import func, select

from services.client import Client
from services.contracts import JobState
from services.database.engine import Database
from services.database.tables import articles, deliveries, events, jobs, results
from services.settings import Settings
from tests.faults.deployment import PARTS, Deployment, wait_until
from tests.faults.following import Follower, by_events, by_long_poll
from tests.faults.killing import Killer
from tests.faults.ledger_audit import count_unfinished
from tests.faults.programs import add_arguments, deployed, report
from tests.faults.publishing import Publisher
from tests.faults.receivers import Receiver, Receivers, doubled_subjects, repeats, run_receivers

FEED = "newsroom"
KILLED = ("deliverer", "worker", "api", "sweeper")
PART_NAMES = (*PARTS, "deliverer")
_STORIES = 11  # at least, however slow the machine is: two of them are killed
_ANSWER_TO_KILL_S = 5  # a kill excuses a repeat if the first answer came at most this many seconds before it
_WEBHOOKS = {
    "PLAIN_HTTP": "true",
    "TIMEOUT_S": "5",  # a good receiver on a loaded machine must not count as one that hangs
    "BACKOFF_S": "0.3",
    "BACKOFF_MAX_S": "3",
    "POLL_S": "0.1",
}
SETTINGS = {f"STANCEWIRE_WEBHOOKS__{name}": value for name, value in _WEBHOOKS.items()} | {
    "STANCEWIRE_OUTBOUND__ALLOW_NETWORKS": "127.0.0.1/32"
}


@dataclass
class Row:
    """The fate of one follower: the figures of the table."""

    follower: str
    results: int
    withdrawals: int
    requests: int = 0  # of the deliverer
    lost: int = 0
    doubled: int = 0
    repeated: int = 0  # messages that came again after a kill, under the same ID
    unexcused: int = 0  # repeats without such a kill


@dataclass
class Outcome:
    """The outcome of a run. ``violations`` say in words which promise was broken."""

    seconds: float
    stories: int
    accepted: int
    results: int
    withdrawn: int
    kills: dict[str, int]
    rows: list[Row] = field(default_factory=list)
    forbidden: dict[str, int] = field(default_factory=dict)  # requests by server that nothing may reach
    violations: list[str] = field(default_factory=list)
    longest_answer_to_kill_s: float = 0.0

    def lines(self) -> list[tuple[str, str]]:
        """Return the outcome as rows of a table."""
        killed = ", ".join(f"{part} {number}" for part, number in self.kills.items())
        lines = [
            ("seconds, stories, versions", f"{self.seconds:.0f}, {self.stories}, {self.accepted}"),
            ("results, withdrawn articles", f"{self.results}, {self.withdrawn}"),
            ("killed", killed),
        ]
        for row in self.rows:
            figures = f"{row.results} results, {row.withdrawals} withdrawals, {row.lost} lost, {row.doubled} twice"
            if row.requests:
                figures += f", {row.repeated} repeated after a kill; {row.requests} requests"
            lines.append((row.follower, figures))
        lines += [(name, f"{number} requests reached it") for name, number in self.forbidden.items()]
        return lines + [("VIOLATED", violation) for violation in self.violations]


@dataclass(frozen=True)
class Truth:
    """The things that followers have to learn: ``shown`` are results of articles that were not withdrawn."""

    shown: frozenset[UUID]
    hidden: frozenset[UUID]  # jobs of withdrawn articles, whose results may have been seen before
    withdrawn: frozenset[UUID]  # articles


def run(deployment: Deployment, *, seconds: float, per_s: float, kill_every_s: float) -> Outcome:
    """Follow a service for ``seconds``, then audit what each follower learned."""
    database, timeout_s = deployment.database, deployment.pace.timeout_s
    settings = Settings(
        webhooks={name.lower(): value for name, value in _WEBHOOKS.items()}, outbound={"allow_networks": "127.0.0.1/32"}
    )
    with ExitStack() as stack:
        receivers = stack.enter_context(run_receivers(database, settings, seconds / 2))
        client = stack.enter_context(Client(deployment.url))
        followers = [by_events(client), by_long_poll(client)]
        publisher = Publisher(client, FEED, per_s)
        killer = Killer(deployment, KILLED, kill_every_s)
        for follower in followers:
            stack.callback(follower.stop)
        for thread in (*followers, publisher, killer):
            thread.start()
        publisher.join(seconds)
        enough = "every part was killed, and some stories were"
        wait_until(lambda: killer.has_killed_all and len(publisher.stories) > _STORIES, timeout_s, enough, 0.1)
        killer.stop()
        publisher.stop()
        deployment.wait_ready()
        wait_until(lambda: count_unfinished(database, FEED) == 0, timeout_s, "every job is final", 0.2)
        last = next(iter(publisher.publish().jobs.values()))
        for follower in followers:
            wait_until(partial(follower.has_job, last), timeout_s, f"the {follower.name} has the last", 0.1)
        wait_until(lambda: _all_sent(database, receivers.working), timeout_s, "every message was sent", 0.2)
        outcome = audit(deployment, publisher, receivers, followers, killer)
        outcome.seconds = seconds
        for follower in followers:
            follower.stop()
        publisher.publish()
        for follower in followers:
            follower.join(timeout_s)
        return outcome


def _all_sent(database: Database, receivers: list[Receiver]) -> bool:
    ids = [receiver.webhook_id for receiver in receivers]
    pending = select(func.count()).where(deliveries.c.webhook_id.in_(ids), deliveries.c.state == "pending")
    with database.read() as connection:
        left = connection.execute(select(func.count()).select_from(events)).scalar_one()
        return left == 0 and connection.execute(pending).scalar_one() == 0


def audit(
    deployment: Deployment, publisher: Publisher, receivers: Receivers, followers: list[Follower], killer: Killer
) -> Outcome:
    """Compare what the newsroom did with the ledger, and both with what each follower learned."""
    truth, violations = _truth(deployment.database, publisher)
    accepted = sum(len(story.jobs) for story in publisher.stories)
    kills = {part: len(killer.at(part)) for part in KILLED}
    outcome = Outcome(0, len(publisher.stories), accepted, len(truth.shown), len(truth.withdrawn), kills)
    outcome.violations = violations + ([publisher.defect] if publisher.defect else [])
    for follower in followers:
        _audit_follower(outcome, truth, follower)
    for receiver in receivers.working:
        _audit_receiver(outcome, truth, receiver, killer.at("deliverer"))
    for receiver in (receivers.gone, receivers.redirecting, receivers.private):
        outcome.violations += [f"{receiver.name}: {defect}" for defect in receiver.defects]
        outcome.rows.append(Row(receiver.name, 0, 0, len(receiver.messages)))
        if receiver.taken:
            outcome.violations.append(f"{receiver.name}: a message counts as taken")
    most = Settings().webhooks.per_webhook * (1 + len(killer.at("deliverer")))
    if not 1 <= len(receivers.gone.messages) <= most:
        outcome.violations.append(f"gone: {len(receivers.gone.messages)} messages, at most {most} may come after 410")
    if not receivers.redirecting.messages:
        outcome.violations.append("redirects: no message came, so nothing was tried")
    for name, web in receivers.forbidden.items():
        outcome.forbidden[name] = len(web.requests)
        if web.requests:
            outcome.violations.append(f"{name}: {len(web.requests)} requests reached it")
    return outcome


def _truth(database: Database, publisher: Publisher) -> tuple[Truth, list[str]]:
    """Return what the ledger says, after comparing it with what the newsroom remembers."""
    with database.read() as connection:
        rows = connection.execute(
            select(jobs.c.id, jobs.c.article_id, jobs.c.state, articles.c.withdrawn_at, results.c.job_id)
            .join(articles, articles.c.id == jobs.c.article_id)
            .outerjoin(results, results.c.job_id == jobs.c.id)
            .where(jobs.c.feed == FEED)
        ).all()
    by_job = {row.id: row for row in rows}
    violations = []
    withdrawn: set[UUID] = set()
    for story in publisher.stories:
        for article_id, job_id in story.jobs.items():
            row = by_job.get(job_id)
            if row is None:
                violations.append(f"{story.guid}: its job {job_id} is not in the ledger")
                continue
            if story.killed:
                withdrawn.add(article_id)
            elif row.state != JobState.SUCCEEDED:
                violations.append(f"{story.guid}: its job is {row.state}")
            if (row.withdrawn_at is not None) != bool(story.killed):
                violations.append(f"{story.guid}: {story.killed or 'not withdrawn'}, but the ledger says otherwise")
    known = {job_id for story in publisher.stories for job_id in story.jobs.values()}
    twice = [row.id for row in rows if row.id not in known and row.job_id is not None]
    violations += [f"job {job_id} has a result, but no push was answered with it" for job_id in twice]
    shown = frozenset(row.id for row in rows if row.job_id is not None and row.withdrawn_at is None)
    hidden = frozenset(row.id for row in rows if row.withdrawn_at is not None)
    return Truth(shown, hidden, frozenset(withdrawn)), violations


def _audit_follower(outcome: Outcome, truth: Truth, follower: Follower) -> None:
    shown, withdrawn = follower.results, follower.withdrawals
    lost = (truth.shown - set(shown)) | (truth.withdrawn - set(withdrawn))
    twice = [each for seen in (shown, withdrawn) for each, number in seen.items() if number > 1]
    outcome.rows.append(Row(follower.name, len(shown), len(withdrawn), lost=len(lost), doubled=len(twice)))
    _report(outcome, follower.name, lost=lost, twice=twice, unknown=set(shown) - truth.shown - truth.hidden)
    late = follower.shown_after_withdrawal()
    if late:
        outcome.violations.append(f"{follower.name}: {len(late)} results came after their withdrawal, as of {late[0]}")


def _audit_receiver(outcome: Outcome, truth: Truth, receiver: Receiver, kills: list[float]) -> None:
    subjects = {message.subject for message in receiver.taken}
    shown = {about for kind, about in subjects if kind == "result.ready"}
    withdrawn = {about for kind, about in subjects if kind == "result.withdrawn"}
    lost = (truth.shown - shown) | (truth.withdrawn - withdrawn)
    row = Row(receiver.name, len(shown), len(withdrawn), len(receiver.messages), len(lost))
    row.doubled = len(doubled_subjects(receiver))
    for first, second in repeats(receiver):
        # Between the answer and its COMMIT the deliverer was killed: the only window that the guide names.
        lags = [at - first.answered_at for at in kills if first.arrived_at <= at <= second.arrived_at]
        if lags and min(lags) <= _ANSWER_TO_KILL_S:
            row.repeated += 1
            outcome.longest_answer_to_kill_s = max(outcome.longest_answer_to_kill_s, *lags)
        else:
            row.unexcused += 1
            answer_s, again_s = first.answered_at - first.arrived_at, second.arrived_at - first.answered_at
            outcome.violations.append(
                f"{receiver.name}: message {first.id}, answered after {answer_s:.2f} s, came again {again_s:.2f} s "
                "later, and no kill explains it"
            )
    outcome.rows.append(row)
    unknown = shown - truth.shown - truth.hidden
    _report(outcome, receiver.name, lost=lost, twice=doubled_subjects(receiver), unknown=unknown)
    outcome.violations += [f"{receiver.name}: {defect}" for defect in receiver.defects]


def _report(outcome: Outcome, name: str, **groups: Collection[object]) -> None:
    for word, group in groups.items():
        if group:
            outcome.violations.append(f"{name}: {len(group)} {word}, such as {next(iter(group))}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.followers", description=__doc__)
    add_arguments(parser)
    arguments = parser.parse_args()
    with deployed(SETTINGS, PART_NAMES, postgresql=arguments.postgresql) as deployment:
        outcome = run(deployment, seconds=60 * arguments.minutes, per_s=2, kill_every_s=5)
    return report(outcome.lines(), outcome, arguments.json)


if __name__ == "__main__":
    sys.exit(main())
