"""What a worker takes from Redis: messages of the form that dispatch sends, and nothing else.

Whoever can write to Redis can put anything into the queue. Celery as it comes ends its process over an entry that is no JSON,
logs the body of one that it cannot read, and obeys what travels with a task (callbacks, chains, times). Here each entry is
checked before Celery sees it; one that is not ours is dropped and counted. The ledger sends again what had a job.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from queue import Empty
from typing import Any, Final
from uuid import UUID

import structlog
from kombu.transport import TRANSPORT_ALIASES, redis

from services.contracts import TaskName

log = structlog.get_logger(__name__)

DROPPED: Final = "stancewire_dropped"  # of the transport: called with the reason for each entry that is dropped
_MOST_JOBS: Final = 16
_HARMLESS: Final[tuple[Any, ...]] = (None, [], {}, "")
# What would make Celery do more than run the task now.
_ORDERS: Final = ("eta", "expires", "group", "shadow", "chord", "stamps", "stamped_headers", "compression")


class ForeignMessage(Exception):
    """An entry that is not of our making; ``args[0]`` is a word for a metric's label."""


class Channel(redis.Channel):
    """Reads the queue; an entry that is no JSON is dropped instead of raised through the event loop."""

    def _brpop_read(self, **options: Any) -> Any:
        self.connection.handed_on = False
        try:
            return super()._brpop_read(**options)  # type: ignore[no-untyped-call]  # kombu ships no types for it
        except (*self.connection_errors, Empty):
            raise
        except Exception as error:
            if self.connection.handed_on:  # a defect further on, not of the entry
                raise
            drop(self.connection.client, "no_json", error)
            return True


class Transport(redis.Transport):
    """Hands on what is ours."""

    Channel = Channel
    handed_on = False

    def _deliver(self, message: Any, queue: str) -> None:
        try:
            check(message)
        except ForeignMessage as error:
            drop(self.client, error.args[0], error)
            return
        self.handed_on = True
        super()._deliver(message, queue)  # type: ignore[no-untyped-call]  # as above


def install() -> None:
    """Have workers of this process use it for every kind of Redis address."""
    for alias in ("redis", "rediss"):
        TRANSPORT_ALIASES[alias] = f"{__name__}:Transport"


def drop(connection: Any, reason: str, error: Exception) -> None:
    """Count an entry and say why it was dropped; what it held is not logged."""
    log.warning("foreign_message_dropped", reason=reason, error=type(error).__name__)
    counted: Callable[[str], None] | None = connection.transport_options.get(DROPPED)
    if counted is not None:
        counted(reason)


def check(message: Any) -> None:
    """Raise :class:`Foreign` unless ``message`` is one that dispatch could have sent."""
    if not isinstance(message, dict):
        raise ForeignMessage("no_message")
    if (message.get("content-type"), message.get("content-encoding")) != ("application/json", "utf-8"):
        raise ForeignMessage("content_type")
    headers, properties = message.get("headers"), message.get("properties")
    if not isinstance(headers, dict) or not isinstance(properties, dict):
        raise ForeignMessage("no_message")
    if headers.get("task") != TaskName.ANALYSE:
        raise ForeignMessage("unknown_task")
    _check_orders(headers)
    delivery = properties.get("delivery_info")
    if not isinstance(properties.get("delivery_tag"), str) or not isinstance(delivery, dict):
        raise ForeignMessage("no_message")
    if properties.get("body_encoding") != "base64":
        raise ForeignMessage("content_type")
    _check_body(message.get("body"))
    _check_id(headers.get("id"))


def _check_orders(headers: dict[str, Any]) -> None:
    limits = headers.get("timelimit")
    if any(headers.get(name) not in _HARMLESS for name in _ORDERS):
        raise ForeignMessage("orders")
    if headers.get("retries") not in (0, None) or limits not in ([None, None], None):
        raise ForeignMessage("orders")


def _check_body(body: Any) -> None:
    try:
        arguments, keywords, embedded = json.loads(base64.b64decode(body, validate=True))
    except (ValueError, TypeError, RecursionError, binascii.Error) as error:
        raise ForeignMessage("arguments") from error
    if keywords != {} or not isinstance(embedded, dict) or any(value not in _HARMLESS for value in embedded.values()):
        raise ForeignMessage("orders")
    if not isinstance(arguments, list) or len(arguments) != 1 or not isinstance(arguments[0], list):
        raise ForeignMessage("arguments")
    if not 0 < len(arguments[0]) <= _MOST_JOBS:
        raise ForeignMessage("arguments")
    for job_id in arguments[0]:
        _check_id(job_id)


def _check_id(value: Any) -> None:
    try:
        UUID(value)
    except (ValueError, TypeError, AttributeError) as error:
        raise ForeignMessage("arguments") from error
