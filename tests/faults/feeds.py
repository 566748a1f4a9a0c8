"""`make feeds-soak`: does every feed arrive once and as its sender meant it, while processes and connections break?

Signed pushes, a Superdesk and a polled site send stories, corrections and kills over links that reset connections,
while API, worker and sweeper are killed in turn. Exits with 1 if anything was lost, came twice, or is shown although
it was killed.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from sqlalchemy import func, select

from services.caller import local
from services.client import Client, ResultItem, Tombstone
from services.contracts import FINAL_STATES
from services.database.engine import Database
from services.database.tables import articles, jobs
from services.feeds import refusals
from services.sources import store
from services.sources.records import SourceKind
from tests.faults.breaking_link import BreakingLink, Fate, breaking_link_to
from tests.faults.deployment import PARTS, Deployment, wait_until
from tests.faults.killing import Killer
from tests.faults.ledger_audit import count_unfinished
from tests.faults.programs import add_arguments, deployed, report
from tests.faults.senders import ChangingSite, Feed, Sent, signed_sender, superdesk
from tests.support.web_server import run_web_server

KILLED: Final = ("sweeper", "worker", "api")
_STORIES: Final = 6  # of each feed at least, however slow the machine is: one of each kind
BROKEN: Final = 0.2  # share of the connections
SETTINGS: Final = {
    "STANCEWIRE_OUTBOUND__ALLOW_NETWORKS": "127.0.0.1/32",
    "STANCEWIRE_SOURCES__FETCH": "true",
    "STANCEWIRE_SOURCES__EVERY_MIN_S": "1",
    "STANCEWIRE_SOURCES__EVERY_S": "2",
    "STANCEWIRE_SOURCES__BACKOFF_MAX_S": "5",
    "STANCEWIRE_SOURCES__ROBOTS": "false",
}
_EDITION: Final = re.compile(r"Edition (\d+) of (\S+)\.")


@dataclass
class Row:
    """The fate of one feed: the figures of the table."""

    feed: str
    stories: int
    corrected: int
    killed: int
    requests: int
    repeated: int
    lost: int = 0
    doubled: int = 0
    shown_although_killed: int = 0


@dataclass
class Outcome:
    """The outcome of a run. ``violations`` say in words which promise was broken."""

    seconds: float
    kills: dict[str, int]
    broken: dict[str, int]
    rows: list[Row] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    def lines(self) -> list[tuple[str, str]]:
        """Return the outcome as rows of a table."""
        lines = [
            ("seconds", f"{self.seconds:.0f}"),
            ("killed", ", ".join(f"{part} {number}" for part, number in self.kills.items())),
            ("connections", ", ".join(f"{number} {fate}" for fate, number in self.broken.items())),
        ]
        for row in self.rows:
            sent = f"{row.stories} stories, {row.corrected} corrected, {row.killed} killed"
            figures = f"{row.lost} lost, {row.doubled} twice, {row.shown_although_killed} shown although killed"
            lines.append((row.feed, f"{sent}; {row.requests} requests, {row.repeated} repeated; {figures}"))
        return lines + [("VIOLATED", violation) for violation in self.violations]


def run(deployment: Deployment, *, seconds: float, per_s: float, kill_every_s: float) -> Outcome:
    """Send for ``seconds``, let the links be whole again, and compare what was sent with what is shown."""
    database, timeout_s = deployment.database, deployment.pace.timeout_s
    with ExitStack() as stack:
        to_api = stack.enter_context(breaking_link_to(deployment.port, BROKEN, seed=1))
        site = ChangingSite("site", per_s)
        web = stack.enter_context(run_web_server(site.reply))
        to_site = stack.enter_context(breaking_link_to(web.port, BROKEN, seed=2))
        feeds: list[Feed] = [
            signed_sender(to_api.url, "signed", _add(database, "signed", SourceKind.SIGNED), per_s),
            superdesk(to_api.url, "superdesk", _add(database, "superdesk", SourceKind.SUPERDESK), per_s),
            site,
        ]
        store.add(database, site.name, SourceKind.POLL, local(), url=f"{to_site.url}/feed.atom", every_s=2)
        killer = Killer(deployment, KILLED, kill_every_s)
        for thread in (*feeds, killer):
            thread.start()
        site.join(seconds)
        enough = "every part was killed, and some stories were"
        wait_until(lambda: killer.has_killed_all and _fewest(feeds) > _STORIES, timeout_s, enough, 0.1)
        killer.stop()
        for link in (to_api, to_site):
            link.whole_from_now = True
        for feed in feeds:
            feed.stop()
        deployment.wait_ready()
        for feed in feeds:
            wait_until(partial(_has_arrived, database, feed), timeout_s, f"all of {feed.name} arrived", 0.5)
        outcome = audit(deployment, feeds)
        outcome.seconds = seconds
        outcome.kills = {part: len(killer.at(part)) for part in KILLED}
        outcome.broken = _fates(to_api, to_site)
        return outcome


def _fewest(feeds: list[Feed]) -> int:
    return min(len(feed.sent) for feed in feeds)


def _add(database: Database, feed: str, kind: SourceKind) -> str:
    secret = store.new_secret(kind)
    store.add(database, feed, kind, local(), secret=secret)
    return secret


def _fates(*links: BreakingLink) -> dict[str, int]:
    return {fate.name.lower().replace("_", " "): sum(link.fates[fate] for link in links) for fate in Fate}


def _has_arrived(database: Database, feed: Feed) -> bool:
    """Return whether the latest edition of every story is in the ledger, and no job is left."""
    with database.read() as connection:
        bodies = connection.execute(select(articles.c.body).where(articles.c.feed == feed.name)).scalars().all()
    stored = {_edition(body) for body in bodies if body}
    has_all = all((sent.guid, sent.edition) in stored for sent in feed.sent.values() if not sent.killed)
    return has_all and count_unfinished(database, feed.name) == 0


def _edition(text: str) -> tuple[str, int] | None:
    match = _EDITION.search(text)
    return None if match is None else (match[2], int(match[1]))


def audit(deployment: Deployment, feeds: list[Feed]) -> Outcome:
    """Compare what each feed sent with the ledger and with what a client sees that reads all results."""
    outcome = Outcome(0, {}, {})
    shown = _shown(deployment.url)
    for feed in feeds:
        sent = feed.sent.values()
        corrected = sum(each.edition > 1 and not each.killed for each in sent)
        killed = sum(each.killed for each in sent)
        row = Row(feed.name, len(feed.sent), corrected, killed, feed.requests, feed.repeated)
        outcome.rows.append(row)
        outcome.violations += [f"{feed.name}: {defect}" for defect in feed.defects]
        outcome.violations += _lost(row, feed, shown)
        outcome.violations += _doubled(row, deployment.database, feed)
        outcome.violations += [
            f"{feed.name}: refused: {refusal.detail}"
            for refusal in refusals.list_refusals(deployment.database, feed.name, 5)
        ]
    return outcome


def _shown(url: str) -> Counter[tuple[str, int]]:
    """Return the editions that a client has in the end that reads all results and honours tombstones."""
    held: dict[str, list[tuple[str, int]]] = {}
    with Client(url) as client:
        for item in client.results(embed=True):
            article = str(item.article_id)
            if isinstance(item, Tombstone):
                held.pop(article, None)
            elif isinstance(item, ResultItem) and item.result is not None:
                edition = _edition(item.result.text)
                assert edition is not None, item
                held.setdefault(article, []).append(edition)
    return Counter(edition for editions in held.values() for edition in editions)


def _lost(row: Row, feed: Feed, shown: Counter[tuple[str, int]]) -> list[str]:
    lost = [each for each in feed.sent.values() if not each.killed and not shown[each.guid, each.edition]]
    undead = [each for each in feed.sent.values() if each.killed and any(guid == each.guid for guid, _ in shown)]
    twice = [edition for edition, number in shown.items() if number > 1 and edition[0] in feed.sent]
    row.lost, row.shown_although_killed, row.doubled = len(lost), len(undead), len(twice)
    return [
        *_named(feed, lost, "is not shown"),
        *_named(feed, undead, "is shown although it was killed"),
        *(f"{feed.name}: {guid}, edition {edition}, is shown twice" for guid, edition in twice),
    ]


def _named(feed: Feed, stories: list[Sent], fault: str) -> list[str]:
    return [f"{feed.name}: {each.guid}, edition {each.edition}, {fault}" for each in stories]


def _doubled(row: Row, database: Database, feed: Feed) -> list[str]:
    """Return what the ledger has twice, or has not finished."""
    same = (articles.c.guid, articles.c.version, articles.c.body)
    with database.read() as connection:
        twice = connection.execute(
            select(*same, func.count()).where(articles.c.feed == feed.name).group_by(*same).having(func.count() > 1)
        ).all()
        states = connection.execute(
            select(jobs.c.state, func.count()).where(jobs.c.feed == feed.name).group_by(jobs.c.state)
        ).all()
    row.doubled += len(twice)
    unfinished = [f"{number} jobs are {state}" for state, number in states if state not in {"succeeded", "canceled"}]
    assert {"succeeded", "canceled"} <= set(FINAL_STATES)
    return [
        f"{feed.name}: {guid}, version {version}, is stored {n} times" for guid, version, _, n in twice
    ] + unfinished


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.feeds", description=__doc__)
    add_arguments(parser)
    arguments = parser.parse_args()
    with deployed(SETTINGS, PARTS, postgresql=arguments.postgresql) as deployment:
        outcome = run(deployment, seconds=60 * arguments.minutes, per_s=1, kill_every_s=5)
    return report(outcome.lines(), outcome, arguments.json)


if __name__ == "__main__":
    sys.exit(main())
