"""The deliverer: turns events into deliveries and sends them. Any number of deliverers may run; one is enough."""

from __future__ import annotations

import contextlib
import platform
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Final

import structlog

from services.database.engine import Database
from services.errors import StoreUnavailable
from services.jobs import hosts
from services.jobs.hosts import AnnouncementThread, HostRole
from services.settings import Settings
from services.webhooks import queue, store
from services.webhooks.distribution import distribute
from services.webhooks.queue import Claimed, Outcome
from services.webhooks.sending import Sender

log = structlog.get_logger(__name__)

_CLEAN_EVERY_S: Final = 5.0
_ROUNDS_OF_EVENTS: Final = 5  # batches of events between two claims


class Deliverer:
    """Sends deliveries in threads; only the thread that runs it uses the ledger.

    Outcomes are stored before anything else is claimed. While the ledger does not answer they are kept, so that no
    message whose outcome is known is sent again.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        """Bind the ledger; `run` does the work."""
        self._database = database
        self._settings = settings
        self._sender = Sender(settings)
        self._sending: dict[Future[Outcome], Claimed] = {}
        self._outcomes: list[Outcome] = []
        self._cleaned_at = float("-inf")

    def run(self, stopping: threading.Event) -> None:
        """Deliver until ``stopping`` is set, then wait for the attempts at hand. Faults do not end the loop."""
        host = hosts.host_name(platform.node(), uuid.uuid4().hex[:8])
        announcement = AnnouncementThread(self._database, HostRole.DELIVERER, host)
        announcement.start()
        poll_s = self._settings.webhooks.poll_s
        log.info("deliverer_started", every_s=poll_s)
        with ThreadPoolExecutor(self._settings.webhooks.concurrency, "delivery") as threads:
            while not stopping.is_set():
                is_busy = self._guarded(threads)
                if self._sending:
                    wait(self._sending, 0 if is_busy else poll_s, FIRST_COMPLETED)
                elif not is_busy:
                    stopping.wait(poll_s)
            wait(self._sending)
        self._collect()
        with contextlib.suppress(StoreUnavailable):
            queue.settle(self._database, self._outcomes, self._settings.webhooks)
        announcement.stop()
        log.info("deliverer_stopped")

    def _guarded(self, threads: ThreadPoolExecutor) -> bool:
        try:
            return self.step(threads)
        except StoreUnavailable as error:
            log.warning("delivery_postponed", code=error.code, fault=error.fault, reason=error.detail)
        except Exception:  # without this loop nothing would be delivered
            log.exception("delivery_defect")
        return False

    def step(self, threads: ThreadPoolExecutor) -> bool:
        """Do one round; return whether there is more to do at once. Raises `StoreUnavailable`."""
        self._collect()
        if self._outcomes:
            queue.settle(self._database, self._outcomes, self._settings.webhooks)
            self._outcomes = []
        self._clean()
        more_events = False
        for _ in range(_ROUNDS_OF_EVENTS):
            more_events = distribute(self._database, self._settings) > 0
            if not more_events:
                break
        free = self._settings.webhooks.concurrency - len(self._sending)
        if free <= 0:
            return False
        in_flight = Counter(delivery.webhook_id for delivery in self._sending.values())
        claimed = queue.claim(self._database, in_flight, free, self._settings.webhooks)
        for delivery in claimed:
            self._sending[threads.submit(self._send, delivery)] = delivery
        return more_events

    def _send(self, delivery: Claimed) -> Outcome:
        try:
            return self._sender.send(delivery)
        except Exception as error:  # the delivery must not stay claimed for it
            log.exception("sending_defect", delivery=str(delivery.id))
            return Outcome(delivery, error=f"a defect of the deliverer: {type(error).__name__}")

    def _collect(self) -> None:
        """Move the outcomes of finished attempts to those that are to be stored."""
        for future in [future for future in self._sending if future.done()]:
            del self._sending[future]
            self._outcomes.append(future.result())

    def _clean(self) -> None:
        """Every few seconds, disable the webhooks of keys that ended, and end deliveries whose time is over."""
        if time.monotonic() - self._cleaned_at < _CLEAN_EVERY_S:
            return
        self._cleaned_at = time.monotonic()
        ended = store.disable_ownerless(self._database)
        expired = queue.expire(self._database)
        if ended or expired:
            log.warning("deliveries_given_up", webhooks_without_key=ended, expired=expired)
