"""The sweeper: every second or so it mends the ledger. Any number may run; one is enough."""

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
from services.jobs import dispatch_window, hosts
from services.jobs.hosts import HostRole
from services.maintenance.retention import RetentionThread
from services.settings import Settings

log = structlog.get_logger(__name__)

_ANNOUNCE_S = 5


class Sweeper:
    """Returns lost leases and lost messages to the queue, and keeps the window filled."""

    def __init__(self, database: Database, dispatcher: Dispatcher, settings: Settings) -> None:
        """Bind the ledger and Redis; ``run`` does the work."""
        self._database = database
        self._dispatcher = dispatcher
        self._settings = settings
        self._redis_was_down = False

    def run(self, stopping: threading.Event) -> None:
        """Sweep until told to stop. No fault of Redis or the database ends it."""
        name = hosts.host_name(platform.node(), uuid.uuid4().hex[:8])
        log.info("sweeper_started", every_s=self._settings.broker.sweep_s)
        announced = float("-inf")
        pruning = RetentionThread(self._database, self._settings.retention, stopping)
        pruning.start()
        while not stopping.is_set():
            now = time.monotonic()
            try:
                self.sweep()
                if now - announced >= _ANNOUNCE_S:
                    hosts.announce(self._database, HostRole.SWEEPER, name)
                    announced = now
            except StoreUnavailable as error:
                log.warning("sweep_postponed", code=error.code, reason=error.detail)
            stopping.wait(self._settings.broker.sweep_s)
        pruning.join()
        with contextlib.suppress(StoreUnavailable):
            hosts.leave(self._database, HostRole.SWEEPER, name)
        log.info("sweeper_stopped")

    def sweep(self) -> None:
        """One round. Leases need the database alone and are mended whatever Redis does. Raises StoreUnavailable."""
        worker = self._settings.worker
        lost = dispatch_window.requeue_expired_leases(
            self._database, max_attempts=worker.max_attempts, lease_s=worker.lease_s
        )
        if lost.requeued or lost.dead:
            log.warning("leases_lost", requeued=lost.requeued, dead=lost.dead)
        try:
            put_back = self._dispatcher.recover()
            if put_back:
                log.warning("messages_lost", jobs=put_back)
            self._dispatcher.dispatch()
        except BrokerUnavailable as error:
            if not self._redis_was_down:
                log.warning("redis_down", reason=error.detail)
            self._redis_was_down = True
        else:
            if self._redis_was_down:
                log.info("redis_back")
            self._redis_was_down = False
