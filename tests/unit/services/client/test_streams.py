"""The stream of results: what is read from it, and when it connects again, against answers that are written here."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.client import ConnectionFailed, Refused, ResultItem, Tombstone, Unauthenticated, UnexpectedAnswer
from services.client.event_lines import EventReader
from tests.support.answers import Answer, AnsweringService, EventStream, problem

AT = "2026-11-23T20:15:02Z"
RESULT = {
    "kind": "result", "job_id": str(UUID(int=1)), "article_id": str(UUID(int=2)), "story_id": None, "feed": "wire",
    "guid": "g-1", "version": "1", "revision": 1, "title": "One\u2028line", "url": None, "published_at": AT,
    "stored_at": AT, "attributions": 1, "stances": 0, "href": "/r", "etag": "e",
}  # fmt: skip
TOMBSTONE = {
    "kind": "erased", "job_id": str(UUID(int=1)), "article_id": str(UUID(int=2)), "feed": "wire", "guid": None,
    "version": None, "revision": None, "stored_at": AT, "reason": "court order",
}  # fmt: skip


def event(cursor: str, item: dict[str, Any], **fields: Any) -> bytes:
    data = json.dumps(item | {"cursor": cursor} | fields, ensure_ascii=False)
    return f"event: {item['kind']}\ndata: {data}\nid: {cursor}\n\n".encode()


def test_items_are_read_wherever_the_bytes_are_split(call: Callable[..., Any]) -> None:
    content = b"retry: 2000\n\n" + event("c1", RESULT) + b": waiting\nid: c2\n\n" + event("c3", TOMBSTONE)
    pieces = [content[at : at + 7] for at in range(0, len(content), 7)]
    items, _ = call(AnsweringService(EventStream(*pieces)), "stream", take=2)
    assert [type(item) for item in items] == [ResultItem, Tombstone]
    assert (items[0].title, items[0].cursor, items[1].kind) == ("One\u2028line", "c1", "erased")


def test_broken_connection_is_made_again_behind_the_last_event(call: Callable[..., Any]) -> None:
    first = EventStream(
        b"retry: 1000\n\n", event("c1", RESULT), b": waiting\nid: c2\n\n", event("c3", RESULT)[:40], httpx.ReadError("")
    )
    service = AnsweringService(
        first, httpx.ConnectError("refused"), problem(503, retry_after=4), EventStream(event("c3", RESULT, guid="g-3"))
    )
    items, _ = call(service, "stream", "c0", feed="wire", embed=True, take=2)
    assert [item.guid for item in items] == ["g-1", "g-3"]
    assert [request.headers.get("Last-Event-ID") for request in service.requests] == [None, "c2", "c2", "c2"]
    assert dict(service.requests[0].url.params) == {"after": "c0", "feed": "wire", "embed": "result"}
    broken, refused, asked = service.pauses
    assert 1 <= broken <= 2
    assert 1 <= refused <= 1.5
    assert asked >= 5


def test_stream_that_the_service_ends_goes_on_however_often(call: Callable[..., Any]) -> None:
    answers = [EventStream(event(f"c{number}", RESULT)) for number in range(5)]
    service = AnsweringService(*answers)
    items, _ = call(service, "stream", take=5)
    assert [item.cursor for item in items] == ["c0", "c1", "c2", "c3", "c4"]
    assert all(2 <= pause <= 4 for pause in service.pauses)


def test_cursor_moves_once_the_caller_has_finished_with_an_item(call: Callable[..., Any]) -> None:
    content = event("c1", RESULT) + event("c2", RESULT)
    items, stream = call(AnsweringService(EventStream(content)), "stream", "c0", take=2)
    assert (items[-1].cursor, stream.cursor) == ("c2", "c1")


def test_warning_is_kept_once_and_is_no_item(call: Callable[..., Any]) -> None:
    warning = b'event: warning\ndata: {"code": "results_pruned", "detail": "old"}\n\n'
    items, stream = call(AnsweringService(EventStream(warning, warning, event("c1", RESULT))), "stream", take=1)
    assert len(items) == 1
    assert [warning.code for warning in stream.warnings] == ["results_pruned"]


@pytest.mark.parametrize(
    ("answers", "error_class"),
    [
        ((problem(401, "key_revoked"),), Unauthenticated),
        ((problem(429, "too_many_streams", retry_after=11),), Refused),
        ((httpx.ConnectError("refused"),) * 3, ConnectionFailed),
        ((httpx.Response(200, text="<html>Welcome"),), UnexpectedAnswer),
        ((EventStream(b"data: {}\n\n"),), UnexpectedAnswer),
    ],
)
def test_error_that_repetitions_do_not_overcome_is_raised(
    call: Callable[..., Any], answers: tuple[Answer, ...], error_class: type[Exception]
) -> None:
    service = AnsweringService(*answers)
    with pytest.raises(error_class):
        call(service, "stream", take=1)
    assert len(service.requests) == len(answers)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_with_any_of_the_three_line_ends(end: str) -> None:
    content = f"event: a{end}data: 1{end}data:2{end}id: x{end}{end}: comment{end}{end}data: 3{end}{end}:{end}".encode()
    reader = EventReader()
    events = [each for byte in content for each in reader.read(bytes([byte]))]
    assert [(each.name, each.data, each.id) for each in events] == [("a", "1\n2", "x"), ("message", "3", None)]
