"""The dispatcher: sends messages for queued jobs from the ledger to Redis, without making a push wait."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable
from typing import Final
from uuid import UUID

import structlog
from celery import Celery
from kombu.exceptions import OperationalError

from services.contracts import QueueName, TaskName
from services.database.engine import Database
from services.errors import BrokerUnavailable, StoreFault, StoreUnavailable
from services.jobs import dispatch_window
from services.redis_client import REDIS_ERRORS, connect, unavailable
from services.settings import Broker

log = structlog.get_logger(__name__)

_REST_S: Final = 0.05


class Dispatcher:
    """Sends messages for queued jobs. After a failed send, a circuit breaker stops sending for ``breaker_s``.

    The attribute ``fault_observer``, if set, is called with the fault of each message that Redis did not take.
    """

    def __init__(self, database: Database, app: Celery, redis_url: str, settings: Broker) -> None:
        """Bind the ledger to Redis, without connecting yet."""
        self._database = database
        self._app = app
        self._settings = settings
        self._window_size = dispatch_window.WindowSize(
            settings.window_per_slot, settings.message_articles, settings.message_words
        )
        self._redis = connect(redis_url, settings.send_timeout_s)
        self._queue_key = settings.key_prefix + QueueName.ANALYSE
        self.fault_observer: Callable[[StoreFault], None] | None = None
        self._circuit_open_until = 0.0
        self._last_failure = BrokerUnavailable("Redis did not accept a message")

    def dispatch(self) -> int:
        """Fill the dispatch window and return the number of messages sent.

        The jobs of a message that could not be sent are queued as before. Raises `BrokerUnavailable` and
        `StoreUnavailable`.
        """
        if time.monotonic() < self._circuit_open_until:
            raise BrokerUnavailable(f"a moment ago, {self._last_failure.detail}", self._last_failure.fault)
        messages = dispatch_window.fill_window(self._database, self._window_size)
        for sent_count, message in enumerate(messages):
            try:
                self._app.send_task(
                    TaskName.ANALYSE,
                    args=[[str(job_id) for job_id in message.job_ids]],
                    task_id=str(message.id),
                    queue=QueueName.ANALYSE,
                    retry=False,
                    ignore_result=True,
                )
                if message.ahead:
                    self._move_newest_to_front()
            except (OperationalError, *REDIS_ERRORS) as error:
                self._circuit_open_until = time.monotonic() + self._settings.breaker_s
                self._last_failure = unavailable("did not accept a message", error)
                if self.fault_observer is not None:
                    self.fault_observer(self._last_failure.fault)
                dispatch_window.withdraw_unsent(self._database, messages[sent_count:])
                raise self._last_failure from error
            log.debug("dispatched", message=str(message.id), jobs=[str(job_id) for job_id in message.job_ids])
        return len(messages)

    def ping(self) -> None:
        """Check that Redis answers. Raises `BrokerUnavailable`."""
        try:
            self._redis.ping()
        except REDIS_ERRORS as error:
            raise unavailable("does not answer", error) from error

    def requeue_lost(self) -> int:
        """Return jobs to the queue whose messages are overdue and missing in Redis; return how many there were.

        A message that is still in Redis is only waiting. The queue in Redis is no longer than the dispatch window, so
        reading all of it is cheap. Raises `BrokerUnavailable` and `StoreUnavailable`.
        """
        overdue = dispatch_window.overdue_messages(self._database, self._settings.overdue_s)
        if not overdue:
            return 0
        lost = overdue - self._queued_message_ids()
        return dispatch_window.requeue_lost_messages(self._database, sorted(lost)) if lost else 0

    def _move_newest_to_front(self) -> None:
        """Make the message that was sent last the next one to be received.

        Order is a preference: moving another message, or failing to move one, does no harm.
        """
        with contextlib.suppress(*REDIS_ERRORS):
            self._redis.lmove(self._queue_key, self._queue_key, "LEFT", "RIGHT")

    def _queued_message_ids(self) -> frozenset[UUID]:
        try:
            entries = self._redis.lrange(self._queue_key, 0, -1)
        except REDIS_ERRORS as error:
            raise unavailable("does not list the queue", error) from error
        assert isinstance(entries, list)  # noqa: S101 -- the client is synchronous; its types allow for both
        return frozenset(message_id for message_id in map(_message_id, entries) if message_id is not None)


def _message_id(entry: bytes | str) -> UUID | None:
    """Return the message ID of an entry in Redis, or None if dispatch did not send the entry."""
    try:
        return UUID(json.loads(entry)["headers"]["id"])
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


class DispatchThread:
    """Dispatches in the background of a process that must not wait. Nudges that come together cause one run.

    While the window is full, as beside busy workers, a run finds nothing to send, and workers fill the window as they
    empty it. After such a run the next one waits a moment for further nudges.
    """

    def __init__(self, dispatcher: Dispatcher) -> None:
        """Prepare the thread; `start` runs it."""
        self._dispatcher = dispatcher
        self._nudged = threading.Event()
        self._stopping = threading.Event()
        self._rests_until = 0.0  # monotonic
        self._thread = threading.Thread(target=self._run, name="dispatch", daemon=True)

    def start(self) -> None:
        """Start waiting for nudges."""
        self._thread.start()

    def nudge(self) -> None:
        """Request a run, as there may be jobs to dispatch. Returns at once."""
        self._nudged.set()

    def stop(self) -> None:
        """Stop after the current run, waiting for at most five seconds."""
        self._stopping.set()
        self._nudged.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        is_postponed = False
        while True:
            self._nudged.wait()
            self._stopping.wait(max(0.0, self._rests_until - time.monotonic()))
            self._nudged.clear()
            if self._stopping.is_set():
                return
            try:
                sent = self._dispatcher.dispatch()
            except (BrokerUnavailable, StoreUnavailable) as error:
                # The jobs are in the ledger. The sweeper dispatches them after the fault.
                if not is_postponed:  # only the first of a series is logged: there would be a line for each push
                    log.warning("dispatch_postponed", code=error.code, fault=error.fault, reason=error.detail)
                is_postponed = True
            except Exception:  # without this thread the process would never dispatch again
                log.exception("dispatch_defect")
            else:
                is_postponed = False
                self._rests_until = 0.0 if sent else time.monotonic() + _REST_S
