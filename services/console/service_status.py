"""The state of the whole service, read at most once a second, whatever the number of visitors."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Final

from services.console.health_messages import HealthIndicators, HealthMessage, health_messages
from services.database.engine import Database
from services.dispatch.store_watch import StoreWatch
from services.errors import Refused
from services.events.backlog import delivery_backlog
from services.feeds import store
from services.ingest.admission import AdmissionControl
from services.jobs import activity, backlog, dispatch_window
from services.jobs.activity import Activity, HostRecord
from services.jobs.backlog import BacklogSnapshot
from services.jobs.hosts import HostRole

_CACHE_S: Final = 1.0
_STEP_S: Final = 10
_STEPS: Final = 60
_MINUTE_S: Final = 60


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """The state of the service at one instant: backlog, recent activity, hosts, and what needs attention."""

    snapshot: BacklogSnapshot
    activity: Activity
    hosts: tuple[HostRecord, ...]
    messages: tuple[HealthMessage, ...]

    @property
    def stored_per_minute(self) -> float:
        """Results stored in the last whole minute."""
        return rate_per_minute(self.activity.stored, self.activity.step_s)

    @property
    def accepted_per_minute(self) -> float:
        """Articles accepted in the last whole minute."""
        return rate_per_minute(self.activity.accepted, self.activity.step_s)


class StatusMonitor:
    """Reads the state of the ledger, Redis and admission control, and caches it for a second."""

    def __init__(self, database: Database, watch: StoreWatch, admission: AdmissionControl) -> None:
        """Remember the parts to read from. The first read happens in `current`."""
        self._database = database
        self._watch = watch
        self._admission = admission
        self._lock = threading.Lock()
        self._cached: tuple[float, ServiceStatus] | None = None

    def current(self) -> ServiceStatus:
        """Return the status of the service, at most a second old. Raises `StoreUnavailable`."""
        with self._lock:
            if self._cached is None or time.monotonic() - self._cached[0] >= _CACHE_S:
                self._cached = (time.monotonic(), self._read())
            return self._cached[1]

    def _read(self) -> ServiceStatus:
        stores = self._watch.look()
        snapshot = backlog.snapshot(self._database)
        recent = activity.activity(self._database, step_s=_STEP_S, steps=_STEPS)
        hosts = tuple(activity.list_hosts(self._database))
        indicators = HealthIndicators(
            snapshot=snapshot,
            activity=recent,
            live_sweepers=sum(host.role == HostRole.SWEEPER and host.alive for host in hosts),
            live_deliverers=sum(host.role == HostRole.DELIVERER and host.alive for host in hosts),
            deliveries=delivery_backlog(self._database),
            store_faults=tuple(state.fault for state in stores.values() if state.fault is not None),
            intake_refusal=self._admission.intake_refusal(),
            feed_refusals=self._feed_refusals(),
            paused_feeds=self._admission.paused_feeds(),
            dead_by_reason=activity.dead_by_reason(self._database),
        )
        return ServiceStatus(snapshot, recent, hosts, tuple(health_messages(indicators)))

    def _feed_refusals(self) -> dict[str, Refused]:
        """Return why articles are refused now, for each unpaused feed with queued articles that would be refused."""
        queued = dispatch_window.queued_feeds(self._database)
        own_limits = {feed.name: feed.queued_limit for feed in store.list_feeds(self._database, queued)}
        return self._admission.feed_refusals(queued, own_limits)


def rate_per_minute(counts: tuple[int, ...], step_s: int) -> float:
    """Return the rate per minute over the last minute of ``counts``, which cover ``step_s`` seconds each.

    If they cover less than a minute, the rate is extrapolated.
    """
    last = counts[-(_MINUTE_S // step_s) :]
    return sum(last) * _MINUTE_S / (step_s * len(last)) if last else 0.0
