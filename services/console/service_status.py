"""The service as a whole, looked at no more than once a second however many people watch."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Final

from services.console.health_messages import HealthIndicators, HealthMessage, health_messages
from services.database.engine import Database
from services.dispatch.dispatcher import Dispatcher
from services.errors import BrokerUnavailable, Refused
from services.feeds import store
from services.ingest.admission import AdmissionControl
from services.jobs import activity, dispatch_window, queries
from services.jobs.activity import Activity, HostRecord
from services.jobs.hosts import HostRole
from services.jobs.queries import BacklogSnapshot

_FRESH_S: Final = 1.0
_STEP_S: Final = 10
_STEPS: Final = 60
_MINUTE_S: Final = 60


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One look at the service."""

    snapshot: BacklogSnapshot
    activity: Activity
    hosts: tuple[HostRecord, ...]
    health_messages: tuple[HealthMessage, ...]

    @property
    def per_minute(self) -> float:
        """Results stored in the last whole minute."""
        return per_minute(self.activity.stored, self.activity.step_s)

    @property
    def accepted_per_minute(self) -> float:
        """Articles taken in during the last whole minute."""
        return per_minute(self.activity.accepted, self.activity.step_s)


class StatusMonitor:
    """Looks at the ledger, Redis and the gate, and says what is wrong."""

    def __init__(self, database: Database, dispatcher: Dispatcher, gate: AdmissionControl) -> None:
        """Nothing is asked before somebody looks."""
        self._database = database
        self._dispatcher = dispatcher
        self._gate = gate
        self._lock = threading.Lock()
        self._kept: tuple[float, ServiceStatus] | None = None

    def look(self) -> ServiceStatus:
        """The service now, at most a second old. Raises StoreUnavailable."""
        with self._lock:
            if self._kept is None or time.monotonic() - self._kept[0] >= _FRESH_S:
                self._kept = (time.monotonic(), self._look())
            return self._kept[1]

    def _look(self) -> ServiceStatus:
        now = queries.backlog_snapshot(self._database)
        recent = activity.activity(self._database, step_s=_STEP_S, steps=_STEPS)
        hosts = tuple(activity.list_hosts(self._database))
        signs = HealthIndicators(
            snapshot=now,
            activity=recent,
            sweepers=sum(host.role == HostRole.SWEEPER and host.alive for host in hosts),
            redis=self._redis(),
            closed=self._gate.closed(),
            full=self._full(),
            paused=self._gate.paused_feeds(),
            dead=activity.dead_by_reason(self._database),
        )
        return ServiceStatus(now, recent, hosts, tuple(health_messages(signs)))

    def _redis(self) -> bool:
        try:
            self._dispatcher.ping()
        except BrokerUnavailable:
            return False
        return True

    def _full(self) -> dict[str, Refused]:
        """Why pushes of feeds are refused that have as much queued as they may; paused feeds do so on purpose."""
        queued = dispatch_window.queued_feeds(self._database)
        own = {feed.name: feed.queued_limit for feed in store.list_feeds(self._database, queued)}
        return self._gate.full(queued, own)


def per_minute(counts: tuple[int, ...], step_s: int) -> float:
    """How many a minute, over the last minute or the part of it that is known."""
    last = counts[-(_MINUTE_S // step_s) :]
    return sum(last) * _MINUTE_S / (step_s * len(last)) if last else 0.0
