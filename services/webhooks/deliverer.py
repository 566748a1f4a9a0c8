"""The deliverer: turns events into deliveries and sends them. Any number of deliverers may run; one is enough."""

from __future__ import annotations

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
from services.webhooks.settling import SettlingThread

log = structlog.get_logger(__name__)

_CLEAN_EVERY_S: Final = 5.0
_ROUNDS_OF_EVENTS: Final = 5  # batches of events between two claims


class Deliverer:
    """Claims deliveries in the thread that runs it, sends them in others, and stores the outcomes in one more.

    Nothing is claimed while outcomes could not be stored, so that no message whose outcome is known is sent again.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        """Bind the ledger; `run` does the work."""
        self._database = database
        self._settings = settings
        self._sender = Sender(settings)
        self._settling = SettlingThread(database, settings.webhooks)
        self._sending: dict[Future[None], Claimed] = {}
        self._cleaned_at = float("-inf")

    def run(self, stopping: threading.Event) -> None:
        """Deliver until ``stopping`` is set, then wait for the attempts in progress. Faults do not end the loop."""
        host = hosts.host_name(platform.node(), uuid.uuid4().hex[:8])
        announcement = AnnouncementThread(self._database, HostRole.DELIVERER, host)
        announcement.start()
        self._settling.start()
        poll_s = self._settings.webhooks.poll_s
        log.info("deliverer_started", every_s=poll_s)
        with ThreadPoolExecutor(self._settings.webhooks.concurrency, "delivery") as threads:
            while not stopping.is_set():
                is_busy = self._guarded(threads)
                if self._sending:
                    wait(self._sending, 0 if is_busy else poll_s, FIRST_COMPLETED)
                elif not is_busy:
                    stopping.wait(poll_s)
        self._settling.stop()
        announcement.stop()
        log.info("deliverer_stopped")

    def _guarded(self, threads: ThreadPoolExecutor) -> bool:
        try:
            return self._step(threads)
        except StoreUnavailable as error:
            log.warning("delivery_postponed", code=error.code, fault=error.fault, reason=error.detail)
        except Exception:  # without this loop nothing would be delivered
            log.exception("delivery_defect")
        return False

    def _step(self, threads: ThreadPoolExecutor) -> bool:
        """Do one round; return whether there is more to do at once. Raises `StoreUnavailable`."""
        self._clean()
        more_events = False
        for _ in range(_ROUNDS_OF_EVENTS):
            more_events = distribute(self._database, self._settings) > 0
            if not more_events:
                break
        self._sending = {future: delivery for future, delivery in self._sending.items() if not future.done()}
        free = self._settings.webhooks.concurrency - len(self._sending)
        if free <= 0 or self._settling.is_stuck:
            return False
        in_flight = Counter(delivery.webhook_id for delivery in self._sending.values())
        for delivery in queue.claim(self._database, in_flight, free, self._settings.webhooks):
            self._sending[threads.submit(self._send, delivery)] = delivery
        return more_events

    def _send(self, delivery: Claimed) -> None:
        try:
            outcome = self._sender.send(delivery)
        except Exception as error:  # the delivery must be settled all the same
            log.exception("sending_defect", delivery=str(delivery.id))
            outcome = Outcome(delivery, error=f"a defect of the deliverer: {type(error).__name__}")
        self._settling.add(outcome)

    def _clean(self) -> None:
        """Every few seconds, disable the webhooks of keys that ended, and end deliveries whose time is over."""
        if time.monotonic() - self._cleaned_at < _CLEAN_EVERY_S:
            return
        self._cleaned_at = time.monotonic()
        ended = store.disable_ownerless(self._database)
        expired = queue.expire(self._database)
        if ended or expired:
            log.warning("deliveries_given_up", webhooks_without_key=ended, expired=expired)
