"""The sweeper: repairs the ledger about once a second. Any number of sweepers may run; one is enough."""

from __future__ import annotations

import contextlib
import platform
import threading
import time
import uuid

import structlog

from services.database.engine import Database
from services.dispatch.dispatcher import Dispatcher
from services.errors import BrokerUnavailable, StoreUnavailable
from services.jobs import dispatch_window, holds, hosts
from services.jobs.hosts import HostRole
from services.maintenance.retention import RetentionThread
from services.settings import Settings
from services.sources.runner import SourcesThread

log = structlog.get_logger(__name__)

_ANNOUNCE_EVERY_S = 5


class Sweeper:
    """Queues jobs with expired leases, lost messages or ended embargoes, and keeps the dispatch window filled.

    It also runs the threads that apply the retention periods and fetch sources, as every deployment has a sweeper.
    """

    def __init__(self, database: Database, dispatcher: Dispatcher, settings: Settings) -> None:
        """Bind the ledger and Redis; `run` does the work."""
        self._database = database
        self._dispatcher = dispatcher
        self._settings = settings
        self._is_redis_down = False

    def run(self, stopping: threading.Event) -> None:
        """Sweep until ``stopping`` is set. Faults of Redis and of the database do not end the loop."""
        host = hosts.host_name(platform.node(), uuid.uuid4().hex[:8])
        log.info("sweeper_started", every_s=self._settings.broker.sweep_s)
        announced_at = float("-inf")
        retention = RetentionThread(self._database, self._settings.retention, stopping)
        retention.start()
        fetching = SourcesThread(self._database, self._settings, stopping)
        fetching.start()
        while not stopping.is_set():
            now = time.monotonic()
            try:
                self.sweep()
                if now - announced_at >= _ANNOUNCE_EVERY_S:
                    hosts.announce(self._database, HostRole.SWEEPER, host)
                    announced_at = now
            except StoreUnavailable as error:
                log.warning("sweep_postponed", code=error.code, fault=error.fault, reason=error.detail)
            except Exception:  # without this loop nothing that is lost would be queued again
                log.exception("sweep_defect")
            stopping.wait(self._settings.broker.sweep_s)
        retention.join()
        fetching.join()
        with contextlib.suppress(StoreUnavailable):
            hosts.leave(self._database, HostRole.SWEEPER, host)
        log.info("sweeper_stopped")

    def sweep(self) -> None:
        """Do one round. Expired leases are handled even while Redis is down. Raises `StoreUnavailable`."""
        worker = self._settings.worker
        expired = dispatch_window.requeue_expired_leases(
            self._database, max_attempts=worker.max_attempts, lease_s=worker.lease_s
        )
        if expired.requeued or expired.dead:
            log.warning("leases_lost", requeued=expired.requeued, dead=expired.dead)
        released = holds.release_due(self._database)
        if released:
            log.info("embargoes_ended", jobs=released)
        try:
            requeued = self._dispatcher.requeue_lost()
            if requeued:
                log.warning("messages_lost", jobs=requeued)
            self._dispatcher.dispatch()
        except BrokerUnavailable as error:
            if not self._is_redis_down:
                log.warning("redis_down", fault=error.fault, reason=error.detail)
            self._is_redis_down = True
        else:
            if self._is_redis_down:
                log.info("redis_back")
            self._is_redis_down = False
