"""The worker's message filter: a Kombu transport that delivers only messages of the form that dispatch sends.

Any process with access to Redis can write to the queue. Unfiltered, Celery exits on an entry that is not JSON, logs the
body of a message that it cannot read, and obeys instructions in a message's headers (callbacks, chains, times). Here
every entry is checked before Celery sees it, and foreign entries are dropped and counted. The jobs of a dropped message
are still in the ledger and are dispatched again.

A Redis that answers with errors (a replica, a key of another type, a missing permission) is asked again every second.
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from queue import Empty
from typing import Any, Final
from uuid import UUID

import structlog
from kombu.transport import TRANSPORT_ALIASES, redis
from redis.exceptions import ResponseError

from services.contracts import QueueName, TaskName
from services.errors import BrokerUnavailable
from services.redis_client import unavailable

log = structlog.get_logger(__name__)

# Transport options: called with the cause and the number of dropped entries, and with each fault of Redis.
ON_DROPPED_OPTION: Final = "stancewire_on_dropped"
ON_FAULT_OPTION: Final = "stancewire_on_fault"
_FAULT_PAUSE_S: Final = 1.0
_BATCH: Final = 64  # entries checked in one round trip after a foreign one
_BATCHES_S: Final = 0.5  # seconds of such checks before Celery's event loop gets its turn
_MAX_JOBS: Final = 16  # the limit of the setting `broker.message_articles`
_EMPTY_VALUES: Final[tuple[Any, ...]] = (None, [], {}, "")
# Headers that would make Celery do more than run the task now.
_INSTRUCTION_HEADERS: Final = (
    "eta",
    "expires",
    "group",
    "shadow",
    "chord",
    "stamps",
    "stamped_headers",
    "compression",
)


# Why an entry is foreign: values of a metric's label.
CAUSES: Final = ("no_json", "no_message", "content_type", "unknown_task", "orders", "arguments")


class ForeignMessage(Exception):
    """An entry that dispatch did not send; ``args[0]`` is the cause, a label value of a metric."""


class _Reading:
    """Reads the queue, drops what dispatch did not send, and waits while Redis answers with errors.

    Mixed into Kombu's channels, whose methods it replaces.
    """

    connection: Any
    connection_errors: Any
    conn_or_acquire: Any

    _paused_until = 0.0

    def _size(self, queue: str) -> int:  # noqa: ARG002 -- the signature is Kombu's
        """Return 0: Celery asks when it declares the queue, and uses the answer for nothing."""
        return 0

    def _brpop_start(self, timeout: float | None = None) -> None:
        if time.monotonic() >= self._paused_until:
            super()._brpop_start(timeout)  # type: ignore[misc]  # of Kombu's channel

    def _brpop_read(self, **options: Any) -> Any:
        self.connection.was_delivered = False
        try:
            result = super()._brpop_read(**options)  # type: ignore[misc]  # as above
        except (*self.connection_errors, Empty):
            raise
        except ResponseError as error:
            self._paused_until = time.monotonic() + _FAULT_PAUSE_S
            report_fault(self.connection.client, unavailable("does not hand out messages", error))
            return True
        except Exception as error:
            if self.connection.was_delivered:  # a defect behind the filter, not a bad entry
                raise
            report_dropped(self.connection.client, {"no_json": 1}, error)
            result = True
        if not self.connection.was_delivered:
            self._drop_foreign()
        return result

    def _drop_foreign(self) -> None:
        """Drop foreign entries in batches up to one of ours: one by one, a hundred thousand would take a minute."""
        end = time.monotonic() + _BATCHES_S
        causes: Counter[str] = Counter()
        with self.conn_or_acquire() as client:
            while time.monotonic() < end:
                entries = client.rpop(QueueName.ANALYSE, _BATCH) or []
                ours = []
                for entry in entries:
                    cause = _foreign_cause(entry)
                    if cause is None:
                        ours.append(entry)
                    else:
                        causes[cause] += 1
                if ours:
                    client.rpush(QueueName.ANALYSE, *reversed(ours))  # the end that is read, in the same order
                if ours or not entries:
                    break
        if causes:
            report_dropped(self.connection.client, causes, ForeignMessage("in a batch"))


class Channel(_Reading, redis.Channel):
    """The channel to a server."""


class SentinelChannel(_Reading, redis.SentinelChannel):
    """The channel to the master that Sentinels name."""


class _Delivering:
    """Delivers the messages that pass `check_message`. Mixed into Kombu's transports."""

    client: Any
    was_delivered = False

    def _deliver(self, message: Any, queue: str) -> None:
        try:
            check_message(message)
        except ForeignMessage as error:
            report_dropped(self.client, {error.args[0]: 1}, error)
            return
        self.was_delivered = True
        super()._deliver(message, queue)  # type: ignore[misc]  # of Kombu's transport


class Transport(_Delivering, redis.Transport):
    """The transport to a server."""

    Channel = Channel


class SentinelTransport(_Delivering, redis.SentinelTransport):
    """The transport to the master that Sentinels name."""

    Channel = SentinelChannel


def register_transport() -> None:
    """Make this process use the filtering transports for every address of Redis."""
    for alias in ("redis", "rediss"):
        TRANSPORT_ALIASES[alias] = f"{__name__}:Transport"
    TRANSPORT_ALIASES["sentinel"] = f"{__name__}:SentinelTransport"


def report_dropped(connection: Any, causes: Mapping[str, int], error: Exception) -> None:
    """Count and log dropped entries by their cause, without their content."""
    on_dropped: Callable[[str, int], None] | None = connection.transport_options.get(ON_DROPPED_OPTION)
    for cause, number in causes.items():
        log.warning("foreign_message_dropped", cause=cause, dropped=number, error=type(error).__name__)
        if on_dropped is not None:
            on_dropped(cause, number)


def report_fault(connection: Any, fault: BrokerUnavailable) -> None:
    """Log a fault of Redis and tell the process of it."""
    log.warning("redis_fault", fault=fault.fault, reason=fault.detail)
    on_fault: Callable[[BrokerUnavailable], None] | None = connection.transport_options.get(ON_FAULT_OPTION)
    if on_fault is not None:
        on_fault(fault)


def _foreign_cause(entry: bytes) -> str | None:
    """Return why an entry of the queue is foreign, or None if dispatch sent it."""
    try:
        check_message(json.loads(entry))
    except ForeignMessage as error:
        return str(error.args[0])
    except Exception:  # noqa: BLE001 -- whatever reading a stranger's bytes raises
        return "no_json"
    return None


def check_message(message: Any) -> None:
    """Raise `ForeignMessage` unless dispatch could have sent ``message``."""
    if not isinstance(message, dict):
        raise ForeignMessage("no_message")
    if (message.get("content-type"), message.get("content-encoding")) != ("application/json", "utf-8"):
        raise ForeignMessage("content_type")
    headers, properties = message.get("headers"), message.get("properties")
    if not isinstance(headers, dict) or not isinstance(properties, dict):
        raise ForeignMessage("no_message")
    if headers.get("task") != TaskName.ANALYSE:
        raise ForeignMessage("unknown_task")
    _check_instructions(headers)
    delivery = properties.get("delivery_info")
    if not isinstance(properties.get("delivery_tag"), str) or not isinstance(delivery, dict):
        raise ForeignMessage("no_message")
    if properties.get("body_encoding") != "base64":
        raise ForeignMessage("content_type")
    _check_body(message.get("body"))
    _check_id(headers.get("id"))


def _check_instructions(headers: dict[str, Any]) -> None:
    if any(headers.get(name) not in _EMPTY_VALUES for name in _INSTRUCTION_HEADERS):
        raise ForeignMessage("orders")
    if headers.get("retries") not in (0, None) or headers.get("timelimit") not in ([None, None], None):
        raise ForeignMessage("orders")


def _check_body(body: Any) -> None:
    try:
        arguments, keywords, embedded = json.loads(base64.b64decode(body, validate=True))
    except (ValueError, TypeError, RecursionError, binascii.Error) as error:
        raise ForeignMessage("arguments") from error
    if keywords != {} or not isinstance(embedded, dict):
        raise ForeignMessage("orders")
    if any(value not in _EMPTY_VALUES for value in embedded.values()):
        raise ForeignMessage("orders")
    if not isinstance(arguments, list) or len(arguments) != 1 or not isinstance(arguments[0], list):
        raise ForeignMessage("arguments")
    if not 0 < len(arguments[0]) <= _MAX_JOBS:
        raise ForeignMessage("arguments")
    for job_id in arguments[0]:
        _check_id(job_id)


def _check_id(value: Any) -> None:
    try:
        UUID(value)
    except (ValueError, TypeError, AttributeError) as error:
        raise ForeignMessage("arguments") from error
