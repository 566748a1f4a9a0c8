"""The messages that webhooks are sent, as the section ``webhooks`` of the OpenAPI document. Nothing here is called."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Header
from pydantic import AwareDatetime

from services.contracts.base import Contract
from services.contracts.event import (
    EventType,
    JobEndedData,
    ResultReadyData,
    ResultWithdrawnData,
    TestData,
    WatchMatchedData,
)

router: Final = APIRouter(generate_unique_id_function=lambda route: route.name)
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    204: {"description": "the message is taken; any other 2xx says the same"},
    410: {"description": "the receiver wants nothing any more: the webhook is disabled"},
    "default": {
        "description": "the message is sent again later under the same `webhook-id`; redirects are not followed"
    },
}

MessageId = Annotated[str, Header(alias="webhook-id", description="the same each time that this message is sent")]
Timestamp = Annotated[int, Header(alias="webhook-timestamp", description="of this attempt, in seconds since 1970")]
Signature = Annotated[
    str,
    Header(
        alias="webhook-signature",
        description="`v1,` and the base64 of HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{body}`; several, "
        "separated by spaces, while the secret is changed (Standard Webhooks 1.0)",
    ),
]


class _Message(Contract):
    timestamp: AwareDatetime


class ResultReadyMessage(_Message):
    """A result was stored, the first of its article or a newer one."""

    type: Literal[EventType.RESULT_READY]
    data: ResultReadyData


class ResultWithdrawnMessage(_Message):
    """The results of an article are no longer served."""

    type: Literal[EventType.RESULT_WITHDRAWN]
    data: ResultWithdrawnData


class JobFailedMessage(_Message):
    """A job ended without a result because of its article."""

    type: Literal[EventType.JOB_FAILED]
    data: JobEndedData


class JobDeadMessage(_Message):
    """A job ended without a result after its last attempt."""

    type: Literal[EventType.JOB_DEAD]
    data: JobEndedData


class WatchMatchedMessage(_Message):
    """A watch matched an item of a new result."""

    type: Literal[EventType.WATCH_MATCHED]
    data: WatchMatchedData


class TestMessage(_Message):
    """A test that the owner of the webhook asked for."""

    type: Literal[EventType.TEST]
    data: TestData


def _describe(name: str, kind: EventType, message: type[_Message]) -> None:
    def sent(body: Any, message_id: MessageId, timestamp: Timestamp, signature: Signature) -> None:
        del body, message_id, timestamp, signature

    sent.__annotations__["body"] = message
    sent.__doc__ = message.__doc__
    router.post(kind.value, name=name, status_code=204, responses=_ANSWERS)(sent)


for _name, _kind, _message in (
    ("send_result_ready", EventType.RESULT_READY, ResultReadyMessage),
    ("send_result_withdrawn", EventType.RESULT_WITHDRAWN, ResultWithdrawnMessage),
    ("send_job_failed", EventType.JOB_FAILED, JobFailedMessage),
    ("send_job_dead", EventType.JOB_DEAD, JobDeadMessage),
    ("send_watch_matched", EventType.WATCH_MATCHED, WatchMatchedMessage),
    ("send_webhook_test", EventType.TEST, TestMessage),
):
    _describe(_name, _kind, _message)
