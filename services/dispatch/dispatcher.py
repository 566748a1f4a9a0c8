"""From the ledger into Redis: keeps the window filled, and never makes anybody wait for it."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from uuid import UUID

import redis
import structlog
from celery import Celery
from kombu.exceptions import OperationalError

from services.contracts import QueueName, TaskName
from services.database.engine import Database
from services.errors import BrokerUnavailable, StoreUnavailable
from services.jobs import dispatch_window
from services.settings import Broker

log = structlog.get_logger(__name__)


class Dispatcher:
    """Sends messages for waiting jobs. After a failed send a circuit breaker leaves Redis alone for ``breaker_s``."""

    def __init__(self, database: Database, app: Celery, redis_url: str, settings: Broker) -> None:
        """Bind the ledger to Redis; nothing is connected yet."""
        self._database = database
        self._app = app
        self._settings = settings
        self._size = dispatch_window.WindowSize(
            settings.window_per_slot, settings.message_articles, settings.message_words
        )
        self._redis = redis.Redis.from_url(
            redis_url,
            socket_timeout=settings.send_timeout_s,
            socket_connect_timeout=settings.send_timeout_s,
            retry=None,
        )
        self._closed_until = 0.0

    def dispatch(self) -> int:
        """Fill the window; returns how many messages went out. Jobs of a message that could not be sent wait again.

        Raises :class:`BrokerUnavailable` and :class:`StoreUnavailable`.
        """
        if time.monotonic() < self._closed_until:
            raise BrokerUnavailable("Redis did not answer a moment ago")
        messages = dispatch_window.fill_window(self._database, self._size)
        for sent, message in enumerate(messages):
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
                    self._move_ahead()
            except (OperationalError, redis.RedisError, OSError) as error:
                self._closed_until = time.monotonic() + self._settings.breaker_s
                dispatch_window.withdraw_unsent(self._database, messages[sent:])
                raise BrokerUnavailable(f"Redis did not take a message: {error}") from error
            log.debug("dispatched", message=str(message.id), jobs=[str(job_id) for job_id in message.job_ids])
        return len(messages)

    def _move_ahead(self) -> None:
        """Let the message sent last be the next one taken. Order is a wish: another one moved, or none, does no harm."""
        queue = self._settings.key_prefix + QueueName.ANALYSE
        with contextlib.suppress(redis.RedisError, OSError):
            self._redis.lmove(queue, queue, "LEFT", "RIGHT")

    def ping(self) -> None:
        """Ask Redis whether it is there. Raises :class:`BrokerUnavailable`."""
        try:
            self._redis.ping()
        except (redis.RedisError, OSError) as error:
            raise BrokerUnavailable(f"Redis does not answer: {error}") from error

    def recover(self) -> int:
        """Put back the jobs of messages that are overdue and no longer in Redis; returns how many.

        The queue is as short as the window, so reading all of it is cheap. A message that still lies there is only waiting.
        """
        overdue = dispatch_window.overdue_messages(self._database, self._settings.overdue_s)
        if not overdue:
            return 0
        lost = overdue - self._in_redis()
        return dispatch_window.requeue_lost_messages(self._database, sorted(lost)) if lost else 0

    def _in_redis(self) -> frozenset[UUID]:
        try:
            waiting = self._redis.lrange(self._settings.key_prefix + QueueName.ANALYSE, 0, -1)
        except (redis.RedisError, OSError) as error:
            raise BrokerUnavailable(f"Redis does not answer: {error}") from error
        assert isinstance(waiting, list)  # noqa: S101 -- the client is synchronous; its types allow for both
        return frozenset(message_id for message_id in map(_message_id, waiting) if message_id is not None)


def _message_id(entry: bytes | str) -> UUID | None:
    """The ID of a message as it lies in Redis; None for an entry that is not of our making."""
    try:
        return UUID(json.loads(entry)["headers"]["id"])
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


class DispatchThread:
    """Dispatches in the background of a process that must not wait, when nudged; any number of nudges is one run."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        """Prepare the thread; ``start`` runs it."""
        self._dispatcher = dispatcher
        self._nudged = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="dispatch", daemon=True)

    def start(self) -> None:
        """Begin to listen for nudges."""
        self._thread.start()

    def nudge(self) -> None:
        """Something new may wait. Returns at once."""
        self._nudged.set()

    def stop(self) -> None:
        """End after the run in progress."""
        self._stopping = True
        self._nudged.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        postponed = False
        while True:
            self._nudged.wait()
            self._nudged.clear()
            if self._stopping:
                return
            try:
                self._dispatcher.dispatch()
            except (BrokerUnavailable, StoreUnavailable) as error:
                # The jobs are in the ledger; the sweeper dispatches them when this has passed.
                if not postponed:  # a line for each push would drown the first
                    log.warning("dispatch_postponed", code=error.code, reason=error.detail)
                postponed = True
            except Exception:  # the thread must outlive a defect, or this process would never dispatch again
                log.exception("dispatch_defect")
            else:
                postponed = False
