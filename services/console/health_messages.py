"""What is wrong with the service, told to people: the words, what to do, and the section of the runbook that says more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from services.console.wording import plural
from services.contracts import JobState
from services.errors import Refused
from services.jobs.activity import Activity
from services.jobs.queries import BacklogSnapshot

_SLOW_S: Final = 60  # an article that waits for longer is worth a word, if none is analysed
_OLD_S: Final = 900  # as StancewireBacklogOld has it
_MINUTE_S: Final = 60

# Why intake is shut for all, by code: the title, the section of the runbook.
_CLOSED: Final[Mapping[str, tuple[str, str]]] = {
    "intake_paused": ("Intake is paused", ""),
    "disk_full": ("No articles are taken in: the disk is full", "StancewireDiskFull"),
    "backlog_too_old": ("No articles are taken in: too much waits", "StancewireBacklogOld"),
}
# What the dead died of, by reason.
_DIED: Final[Mapping[str, str]] = {
    "worker_lost": "took the worker process with them (poison: an article that kills its process; or too little memory)",
    "deadline_exceeded": "took longer than an article may",
    "defect": "met a defect of ours",
}


@dataclass(frozen=True, slots=True)
class HealthMessage:
    """Something that is not as it should be: what, what to do, where to see it, and its section of the runbook."""

    title: str
    advice: str
    link: str = ""
    link_text: str = ""
    runbook: str = ""


@dataclass(frozen=True, slots=True)
class HealthIndicators:
    """What troubles are told by. ``closed``: why no push at all is taken; ``full``: feeds whose pushes are refused.

    ``dead`` counts the newest dead jobs by their reason, ``paused`` is how many feeds stand still, in words.
    """

    snapshot: BacklogSnapshot
    activity: Activity
    sweepers: int = 1
    redis: bool = True
    closed: Refused | None = None
    full: Mapping[str, Refused] = field(default_factory=dict)
    paused: str = ""
    dead: Mapping[str, int] = field(default_factory=dict)


def health_messages(seen: HealthIndicators) -> list[HealthMessage]:
    """What is wrong, the gravest first; empty if nothing is."""
    found = _intake(seen) + _parts(seen)
    if not found:
        found += _queue(seen)
    return found + _dead(seen) + _paused(seen)


def _intake(seen: HealthIndicators) -> list[HealthMessage]:
    found = []
    if seen.closed is not None:
        title, section = _CLOSED.get(seen.closed.code, ("No articles are taken in", "StancewireIntakeRefuses"))
        href, said = ("/feeds#intake", "Let it go on") if seen.closed.code == "intake_paused" else ("", "")
        found.append(
            HealthMessage(title, f"Feeds are told to come back later: {seen.closed.detail}.", href, said, section)
        )
    if seen.full:
        first = min(seen.full)
        title = f"The feed {first} is full" if len(seen.full) == 1 else f"{len(seen.full)} feeds are full"
        advice = f"New articles are refused until some are analysed: {seen.full[first].detail}."
        link = f"/jobs?feed={first}&state=queued"
        found.append(HealthMessage(title, advice, link, "See what waits", "StancewireIntakeRefuses"))
    return found


def _parts(seen: HealthIndicators) -> list[HealthMessage]:
    found = []
    if seen.snapshot.worker_slots == 0:
        advice = "Articles wait safely in the ledger. Start a worker (`stancewire worker`), or look into the log of the one that fell."
        found.append(HealthMessage("No worker is there", advice, runbook="StancewireWorkersMissing"))
    if seen.sweepers == 0:
        advice = "What a killed worker held, and messages that Redis lost, stay where they are. Start one (`stancewire sweeper`)."
        found.append(HealthMessage("No sweeper is there", advice, runbook="StancewireSweeperMissing"))
    if not seen.redis:
        advice = "What is taken in waits in the ledger, and nothing is lost. Start Redis again."
        found.append(HealthMessage("Redis does not answer", advice, runbook="StancewireRedisDown"))
    return found


def _queue(seen: HealthIndicators) -> list[HealthMessage]:
    """Only where nothing else explains that articles wait."""
    waits_s = seen.snapshot.oldest_queued_s if seen.snapshot.jobs[JobState.QUEUED] else 0.0
    see = ("/jobs?state=queued", "See what waits")
    if waits_s > _SLOW_S and not any(seen.activity.stored[-(_MINUTE_S // seen.activity.step_s) :]):
        advice = (
            "Articles wait and none was analysed in the last minute. Look into the logs of the workers and the sweeper."
        )
        return [HealthMessage("The queue does not move", advice, *see, "StancewireQueueStuck")]
    if waits_s > _OLD_S:
        advice = "More comes in than the workers can do. Start more of them, or let it drain."
        return [HealthMessage("Articles wait for long", advice, *see, "StancewireBacklogOld")]
    return []


def _dead(seen: HealthIndicators) -> list[HealthMessage]:
    number = seen.snapshot.jobs[JobState.DEAD]
    if not number:
        return []
    title = "One job is dead" if number == 1 else f"{number} jobs are dead"
    advice = "Tried as often as allowed. See why; retry once the cause is gone, or drop."
    for reason, died in sorted(seen.dead.items(), key=lambda pair: -pair[1]):
        if reason in _DIED:
            advice += f" {plural(died, 'job')} {_DIED[reason]}."
    return [HealthMessage(title, advice, "/jobs?state=dead", "See why", "StancewireDeadLetters")]


def _paused(seen: HealthIndicators) -> list[HealthMessage]:
    if not seen.paused:
        return []
    advice = "On purpose: pushes are refused, and what is queued waits until an operator lets it go on."
    return [HealthMessage(f"Paused: {seen.paused}", advice, "/feeds", "See which")]
