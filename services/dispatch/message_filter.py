"""The worker's message filter: a Kombu transport that delivers only messages of the form that dispatch sends.

Any process with access to Redis can write to the queue. Unfiltered, Celery exits on an entry that is not JSON, logs the
body of a message that it cannot read, and obeys instructions in a message's headers (callbacks, chains, times). Here
every entry is checked before Celery sees it, and foreign entries are dropped and counted. The jobs of a dropped message
are still in the ledger and are dispatched again.
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

ON_DROPPED_OPTION: Final = "stancewire_on_dropped"  # a transport option: called with the cause of each dropped entry
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


class ForeignMessage(Exception):
    """An entry that dispatch did not send; ``args[0]`` is the cause, a label value of a metric."""


class Channel(redis.Channel):
    """Reads the queue, and drops an entry that is not JSON instead of raising through the event loop."""

    def _brpop_read(self, **options: Any) -> Any:
        self.connection.was_delivered = False
        try:
            return super()._brpop_read(**options)  # type: ignore[no-untyped-call]  # kombu ships no types for it
        except (*self.connection_errors, Empty):
            raise
        except Exception as error:
            if self.connection.was_delivered:  # a defect behind the filter, not a bad entry
                raise
            report_dropped(self.connection.client, "no_json", error)
            return True


class Transport(redis.Transport):
    """Delivers the messages that pass `check_message`."""

    Channel = Channel
    was_delivered = False

    def _deliver(self, message: Any, queue: str) -> None:
        try:
            check_message(message)
        except ForeignMessage as error:
            report_dropped(self.client, error.args[0], error)
            return
        self.was_delivered = True
        super()._deliver(message, queue)  # type: ignore[no-untyped-call]  # as above


def register_transport() -> None:
    """Make this process use the filtering transport for every ``redis`` and ``rediss`` address."""
    for alias in ("redis", "rediss"):
        TRANSPORT_ALIASES[alias] = f"{__name__}:Transport"


def report_dropped(connection: Any, cause: str, error: Exception) -> None:
    """Count and log a dropped entry, without its content."""
    log.warning("foreign_message_dropped", reason=cause, error=type(error).__name__)
    on_dropped: Callable[[str], None] | None = connection.transport_options.get(ON_DROPPED_OPTION)
    if on_dropped is not None:
        on_dropped(cause)


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
