"""The service as a whole, looked at no more than once a second however many people watch."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from services.broker.dispatch import Dispatcher
from services.contracts import JobState
from services.errors import BrokerUnavailable, Refused
from services.ingest.gate import Gate
from services.results import activity, queries
from services.results.activity import Activity, HostRecord
from services.results.database import Database
from services.results.queries import Snapshot

_FRESH_S: Final = 1.0
_STEP_S: Final = 10
_STEPS: Final = 60
_MINUTE_S: Final = 60
_SLOW_S: Final = 60  # an article that waits for longer is worth a word


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is not as it should be: what, and what to do about it."""

    title: str
    advice: str
    link: str = ""
    link_text: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the service."""

    snapshot: Snapshot
    activity: Activity
    hosts: tuple[HostRecord, ...]
    troubles: tuple[Trouble, ...]

    @property
    def per_minute(self) -> float:
        """Results stored in the last whole minute."""
        return per_minute(self.activity.stored, self.activity.step_s)

    @property
    def accepted_per_minute(self) -> float:
        """Articles taken in during the last whole minute."""
        return per_minute(self.activity.accepted, self.activity.step_s)


class Pulse:
    """Looks at the ledger, Redis and the gate, and says what is wrong."""

    def __init__(self, database: Database, dispatcher: Dispatcher, gate: Gate) -> None:
        """Nothing is asked before somebody looks."""
        self._database = database
        self._dispatcher = dispatcher
        self._gate = gate
        self._lock = threading.Lock()
        self._kept: tuple[float, Look] | None = None

    def look(self) -> Look:
        """The service now, at most a second old. Raises StoreUnavailable."""
        with self._lock:
            if self._kept is None or time.monotonic() - self._kept[0] >= _FRESH_S:
                self._kept = (time.monotonic(), self._look())
            return self._kept[1]

    def _look(self) -> Look:
        now = queries.snapshot(self._database)
        recent = activity.activity(self._database, step_s=_STEP_S, steps=_STEPS)
        hosts = tuple(activity.list_hosts(self._database))
        found = troubles(now, recent, self._dispatcher.ping, self._gate.check_all)
        return Look(now, recent, hosts, tuple(found))


def per_minute(counts: tuple[int, ...], step_s: int) -> float:
    """How many a minute, over the last minute or the part of it that is known."""
    last = counts[-(_MINUTE_S // step_s) :]
    return sum(last) * _MINUTE_S / (step_s * len(last)) if last else 0.0


def troubles(now: Snapshot, recent: Activity, ping: Callable[[], None], admit: Callable[[], None]) -> list[Trouble]:
    """What is wrong, the gravest first. ``ping`` raises BrokerUnavailable, ``admit`` raises Refused while intake is shut."""
    found = []
    queued = now.jobs[JobState.QUEUED]
    try:
        admit()
    except Refused as refused:
        found.append(Trouble("No articles are taken in", f"Feeds are told to come back later: {refused.detail}."))
    if now.worker_slots == 0:
        advice = (
            "Articles wait safely in the ledger. Start a worker (`stancewire worker`), or look into the log of the one that fell."
        )
        found.append(Trouble("No worker is there", advice))
    try:
        ping()
    except BrokerUnavailable:
        advice = "Articles are taken in all the same and wait in the ledger; nothing is lost. Start Redis again."
        found.append(Trouble("Redis does not answer", advice))
    if not found and queued and now.oldest_queued_s > _SLOW_S and not any(recent.stored[-(_MINUTE_S // recent.step_s) :]):
        advice = "Articles wait and none was analysed in the last minute. Look into the logs of the workers and the sweeper."
        found.append(Trouble("The queue does not move", advice, "/jobs?state=queued", "See what waits"))
    if now.jobs[JobState.DEAD]:
        number = now.jobs[JobState.DEAD]
        title = "One job is dead" if number == 1 else f"{number} jobs are dead"
        advice = "They were tried as often as allowed. See why; retry them once the cause is gone, or drop them."
        found.append(Trouble(title, advice, "/jobs?state=dead", "See why"))
    return found
