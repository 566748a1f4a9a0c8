"""Storing the outcomes of attempts as soon as they are known, in a thread of its own.

The time between an answer and the COMMIT that stores it is the only one in which a killed deliverer leaves a message
that is sent twice, so nothing else waits in between.
"""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue

import structlog

from services.database.engine import Database
from services.errors import StoreUnavailable
from services.settings import Webhooks as WebhookSettings
from services.webhooks import queue
from services.webhooks.queue import Outcome

log = structlog.get_logger(__name__)


class SettlingThread:
    """Stores outcomes in batches, each of those that arrived during the last. Keeps them while the ledger is down."""

    def __init__(self, database: Database, settings: WebhookSettings) -> None:
        """Prepare the thread; `start` runs it."""
        self._database = database
        self._settings = settings
        self._incoming: SimpleQueue[Outcome | None] = SimpleQueue()
        self._unsettled: list[Outcome] = []
        self._stopping = threading.Event()
        self._stuck = threading.Event()
        self._thread = threading.Thread(target=self._run, name="settling", daemon=True)

    @property
    def is_stuck(self) -> bool:
        """Whether outcomes could not be stored: nothing may be claimed meanwhile, or it could be sent again."""
        return self._stuck.is_set()

    def add(self, outcome: Outcome) -> None:
        """Have an outcome stored."""
        self._incoming.put(outcome)

    def start(self) -> None:
        """Store outcomes until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Store what is left, unless the ledger does not answer."""
        self._stopping.set()
        self._incoming.put(None)
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._collect(self._settings.poll_s if self._unsettled else None)
            self._settle()
        self._collect(0)
        self._settle()

    def _collect(self, wait_s: float | None) -> None:
        """Wait up to ``wait_s`` seconds (None: for any time) for an outcome, and take all that have arrived."""
        try:
            arrived = self._incoming.get(block=wait_s != 0, timeout=wait_s or None)
            while True:
                if arrived is not None:
                    self._unsettled.append(arrived)
                arrived = self._incoming.get_nowait()
        except Empty:
            pass

    def _settle(self) -> None:
        if not self._unsettled:
            return
        try:
            queue.settle(self._database, self._unsettled, self._settings)
        except StoreUnavailable as error:
            self._stuck.set()
            log.warning("settling_postponed", code=error.code, fault=error.fault, reason=error.detail)
            return
        except Exception:  # they are sent again when their leases end; if this thread ended, all would be
            log.exception("settling_defect", outcomes=len(self._unsettled))
        self._unsettled = []
        self._stuck.clear()
