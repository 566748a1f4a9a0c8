"""Messages about what is wrong with the service: the problem, what to do, and the section of the runbook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from services.console.wording import plural
from services.contracts import JobState
from services.dispatch.store_watch import runbook_section
from services.errors import BrokerUnavailable, Refused, ReplicaUnavailable, StoreFault, Unavailable
from services.events.backlog import DeliveryBacklog
from services.jobs.activity import Activity
from services.jobs.backlog import BacklogSnapshot

_STUCK_AFTER_S: Final = 60  # if an article waits longer and none was analysed, the queue is stuck
_LATE_AFTER_S: Final = 300  # the threshold of the alert StancewireDeliveriesLate
_OLD_AFTER_S: Final = 900  # the threshold of the alert StancewireBacklogOld
_MINUTE_S: Final = 60

# Why intake is closed for every feed, by code: title and section of the runbook.
_INTAKE_CLOSED: Final[Mapping[str, tuple[str, str]]] = {
    "intake_paused": ("Intake is paused", ""),
    "disk_full": ("No articles are accepted: the disk is full", "StancewireDiskFull"),
    "backlog_too_old": ("No articles are accepted: the backlog is too old", "StancewireBacklogOld"),
}
# The cause of death of jobs, by reason code; the text follows "2 jobs".
_CAUSES_OF_DEATH: Final[Mapping[str, str]] = {
    "worker_lost": "killed the worker process (poison: an article that crashes its worker; or too little memory)",
    "deadline_exceeded": "exceeded the time limit of an article",
    "defect": "failed because of a bug",
}


_WAITING: Final = "Accepted articles wait in the ledger, and none is lost."
_REFUSED: Final = "Pushes are answered with 503, and clients try again."
# Advice for the faults of a store; for any other, the store's own words are shown.
_STORE_ADVICE: Final[Mapping[StoreFault, str]] = {
    StoreFault.NO_ANSWER: "Start it again.",
    StoreFault.READ_ONLY: "It is a replica, or was made one: use the address of the primary.",
    StoreFault.FULL: "Give it more memory or disk, or remove what others store there.",
    StoreFault.FOREIGN_KEY: "Another application uses the key of our queue: delete the key, then separate the two.",
    StoreFault.LOCKED: "Another transaction holds a lock for long: find it and end it.",
    StoreFault.CONNECTIONS: "Raise its limit, or run fewer processes.",
    StoreFault.SLOW: "Move it closer, or find the cause of its load.",
    StoreFault.SCHEMA_NEW: "An upgrade is not complete: restart this process with the new version.",
}


@dataclass(frozen=True, slots=True)
class HealthMessage:
    """A problem: its title, what to do, a page that shows more, and its section of the runbook."""

    title: str
    advice: str
    link: str = ""
    link_text: str = ""
    runbook: str = ""


@dataclass(frozen=True, slots=True)
class HealthIndicators:
    """The state of the service that health messages are derived from.

    ``intake_refusal``: why every push is refused. ``feed_refusals``: why pushes of single feeds are refused.
    ``deliveries``: the state of all webhooks. ``store_faults``: what is wrong with the database and Redis.
    ``paused_feeds``: the number of paused feeds in words, empty if no feed is paused. ``dead_by_reason``: counts of the
    newest dead jobs.
    """

    snapshot: BacklogSnapshot
    activity: Activity
    live_sweepers: int = 1
    live_deliverers: int = 1
    deliveries: DeliveryBacklog = field(default_factory=DeliveryBacklog)
    store_faults: tuple[Unavailable, ...] = ()
    intake_refusal: Refused | None = None
    feed_refusals: Mapping[str, Refused] = field(default_factory=dict)
    paused_feeds: str = ""
    dead_by_reason: Mapping[str, int] = field(default_factory=dict)


def health_messages(indicators: HealthIndicators) -> list[HealthMessage]:
    """Return what is wrong, most serious first; empty if all is well."""
    messages = _intake(indicators) + _stores(indicators) + _parts(indicators)
    if not messages:  # otherwise these already explain why articles wait
        messages += _queue(indicators)
    return messages + _webhooks(indicators) + _dead_jobs(indicators) + _pauses(indicators)


def _intake(indicators: HealthIndicators) -> list[HealthMessage]:
    messages = []
    closed, refusals = indicators.intake_refusal, indicators.feed_refusals
    if closed is not None:
        title, section = _INTAKE_CLOSED.get(closed.code, ("No articles are accepted", "StancewireIntakeRefuses"))
        link, link_text = ("/feeds#intake", "Resume intake") if closed.code == "intake_paused" else ("", "")
        advice = f"Clients are asked to try again later: {closed.detail}."
        messages.append(HealthMessage(title, advice, link, link_text, section))
    if refusals:
        feed = min(refusals)
        title = f"The feed {feed} is full" if len(refusals) == 1 else f"{len(refusals)} feeds are full"
        advice = f"New articles are refused until some are analysed: {refusals[feed].detail}."
        link = f"/jobs?feed={feed}&state=queued"
        messages.append(HealthMessage(title, advice, link, "Show queued jobs", "StancewireIntakeRefuses"))
    return messages


def _stores(indicators: HealthIndicators) -> list[HealthMessage]:
    messages = []
    for error in indicators.store_faults:
        if isinstance(error, ReplicaUnavailable):
            advice = "Searches read the database itself, and no data is missing. Repair it, or take it out."
            messages.append(HealthMessage(_title(error), advice, runbook=runbook_section(error)))
            continue
        of_redis = isinstance(error, BrokerUnavailable)
        advice = _STORE_ADVICE.get(error.fault, f"The {'server' if of_redis else 'database'} says: {error.detail}.")
        if error.fault not in {StoreFault.SLOW, StoreFault.SCHEMA_NEW, StoreFault.LOCKED}:
            advice += f" {_WAITING if of_redis else _REFUSED}"
        messages.append(HealthMessage(_title(error), advice, runbook=runbook_section(error)))
    return messages


def _title(error: Unavailable) -> str:
    return error.summary[:1].upper() + error.summary[1:]


def _parts(indicators: HealthIndicators) -> list[HealthMessage]:
    messages = []
    if indicators.snapshot.worker_slots == 0:
        advice = (
            "Articles are safe in the ledger, but none is analysed. Start a worker (`stancewire worker`), "
            "or read the log of the worker that stopped."
        )
        messages.append(HealthMessage("No worker is running", advice, runbook="StancewireWorkersMissing"))
    if indicators.live_sweepers == 0:
        advice = (
            "Jobs of killed workers and messages that Redis lost are not requeued. "
            "Start a sweeper (`stancewire sweeper`)."
        )
        messages.append(HealthMessage("No sweeper is running", advice, runbook="StancewireSweeperMissing"))
    return messages


def _webhooks(indicators: HealthIndicators) -> list[HealthMessage]:
    """Return what keeps events from their receivers."""
    deliveries, link = indicators.deliveries, ("/webhooks", "Show webhooks")
    messages = []
    if deliveries.enabled and indicators.live_deliverers == 0:
        advice = "Messages to webhooks wait in the ledger. Start a deliverer (`stancewire deliverer`)."
        messages.append(HealthMessage("No deliverer is running", advice, *link, "StancewireDelivererMissing"))
    elif deliveries.late_s > _LATE_AFTER_S:
        advice = "Messages to webhooks are sent later than they should be. Read the log of the deliverer."
        messages.append(HealthMessage("Deliveries are late", advice, *link, "StancewireDeliveriesLate"))
    if deliveries.disabled:
        title = f"{plural(deliveries.disabled, 'webhook')} disabled because the receiver failed"
        advice = "What happens meanwhile is not sent to it. Its owner has to repair the receiver and enable it again."
        messages.append(HealthMessage(title, advice, *link, "StancewireWebhookDisabled"))
    return messages


def _queue(indicators: HealthIndicators) -> list[HealthMessage]:
    snapshot, recent = indicators.snapshot, indicators.activity
    waiting_s = snapshot.oldest_queued_s if snapshot.jobs[JobState.QUEUED] else 0.0
    link = ("/jobs?state=queued", "Show queued jobs")
    if waiting_s > _STUCK_AFTER_S and not any(recent.stored[-(_MINUTE_S // recent.step_s) :]):
        advice = (
            "Articles wait, but none was analysed in the last minute. Read the logs of the workers and the sweeper."
        )
        return [HealthMessage("The queue is stuck", advice, *link, "StancewireQueueStuck")]
    if waiting_s > _OLD_AFTER_S:
        advice = "Articles arrive faster than the workers analyse them. Start more workers, or let the backlog drain."
        return [HealthMessage("Articles wait too long", advice, *link, "StancewireBacklogOld")]
    return []


def _dead_jobs(indicators: HealthIndicators) -> list[HealthMessage]:
    number = indicators.snapshot.jobs[JobState.DEAD]
    if not number:
        return []
    title = "One job is dead" if number == 1 else f"{number} jobs are dead"
    advice = "All attempts were used up. Find the reason, then retry the jobs once it is fixed, or drop them."
    for reason, count in sorted(indicators.dead_by_reason.items(), key=lambda item: -item[1]):
        if reason in _CAUSES_OF_DEATH:
            advice += f" {plural(count, 'job')} {_CAUSES_OF_DEATH[reason]}."
    return [HealthMessage(title, advice, "/jobs?state=dead", "Show dead jobs", "StancewireDeadLetters")]


def _pauses(indicators: HealthIndicators) -> list[HealthMessage]:
    if not indicators.paused_feeds:
        return []
    advice = "An operator paused them: pushes are refused and queued jobs wait until an operator resumes the feed."
    return [HealthMessage(f"Paused: {indicators.paused_feeds}", advice, "/feeds", "Show feeds")]
