"""Which requests the clients repeat, and when, against answers that are written here."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.client import (
    AsyncClient,
    BatchInterrupted,
    Client,
    ConnectionFailed,
    InvalidRequest,
    NotFound,
    Refused,
    ServerError,
    UnexpectedAnswer,
)
from tests.support.answers import Answer, AnsweringService, problem

JOB = {
    "id": str(UUID(int=1)),
    "done": True,
    "metadata": {
        "state": "succeeded", "article_id": str(UUID(int=2)), "feed": "wire", "guid": None, "version": "1",
        "revision": 1, "title": None, "analysis": 1, "priority": 0, "attempts": 1,
        "created_at": "2026-11-23T20:15:02Z", "started_at": None, "finished_at": None,
    },
}  # fmt: skip


def test_push_is_repeated_with_its_idempotency_key_after_the_time_that_the_service_asks_for(
    call: Callable[..., Any],
) -> None:
    service = AnsweringService(problem(503, retry_after=2), httpx.ReadError("reset"), httpx.Response(202, json=JOB))
    assert call(service, "push", {"body": "She said no."}).id == UUID(int=1)
    keys = {request.headers["Idempotency-Key"] for request in service.requests}
    assert (len(service.requests), len(keys)) == (3, 1)
    assert 2 <= service.pauses[0] <= 2.5
    assert 0 <= service.pauses[1] <= 1
    assert {request.headers["Authorization"] for request in service.requests} == {"Bearer swk_key"}


@pytest.mark.parametrize(
    ("answers", "error_class", "requests"),
    [
        ((problem(422),), InvalidRequest, 1),
        ((problem(404, "not_found"),), NotFound, 1),
        ((problem(429, retry_after=11),), Refused, 1),
        ((problem(429, retry_after=1),) * 3, Refused, 3),
        ((httpx.Response(502, text="<html>Bad Gateway"),) * 3, ServerError, 3),
        ((httpx.ConnectError("refused"),) * 3, ConnectionFailed, 3),
        ((httpx.Response(200, text="<html>Welcome"),), UnexpectedAnswer, 1),
    ],
)
def test_error_is_raised_when_a_repetition_does_not_help(
    call: Callable[..., Any], answers: tuple[Answer, ...], error_class: type[Exception], requests: int
) -> None:
    service = AnsweringService(*answers)
    with pytest.raises(error_class):
        call(service, "job", UUID(int=1))
    assert len(service.requests) == requests


def test_request_that_changes_something_is_not_repeated(call: Callable[..., Any]) -> None:
    service = AnsweringService(problem(503, retry_after=1))
    with pytest.raises(Refused) as caught:
        call(service, "request", "POST", "/v1/pause", body={"reason": "upgrade"})
    assert (len(service.requests), caught.value.request_id, caught.value.retry_after_s) == (1, "r-1", 1.0)


def test_error_names_the_field(call: Callable[..., Any]) -> None:
    with pytest.raises(InvalidRequest, match="422 invalid: because") as caught:
        call(AnsweringService(problem(422, "invalid")), "push", {"body": " "})
    assert (caught.value.status, caught.value.code, caught.value.field) == (422, "invalid", "body")


def batch_answer(*statuses: int, retry_after: int | None = None) -> httpx.Response:
    def item(line: int, status: int) -> dict[str, Any]:
        if status < 300:
            return {"line": line, "status": status, "job_id": str(UUID(int=line))}
        refusal = {"status": status, "code": "c", "detail": "d"}
        return {"line": line, "status": status, "problem": refusal, "retry_after": retry_after}

    items = [item(line, status) for line, status in enumerate(statuses, 1)]
    return httpx.Response(200, json={"errors": max(statuses) > 299, "items": items})


def bodies(request: httpx.Request) -> list[str]:
    return [json.loads(line)["body"] for line in request.content.splitlines()]


def test_batch_pushes_refused_articles_again_and_keeps_the_order(call: Callable[..., Any]) -> None:
    service = AnsweringService(batch_answer(202, 429, 422, retry_after=3), batch_answer(202), batch_answer(200))
    batch = call(service, "push_batch", [{"body": letter} for letter in "abcd"], size=3)
    assert [(item.line, item.status) for item in batch.items] == [(1, 202), (2, 202), (3, 422), (4, 200)]
    assert [bodies(request) for request in service.requests] == [["a", "b", "c"], ["b"], ["d"]]
    assert len({request.headers["Idempotency-Key"] for request in service.requests}) == 3
    assert service.pauses[0] >= 3
    assert batch.errors
    assert isinstance(batch.items[2].error, InvalidRequest)


def test_interrupted_batch_has_the_outcomes_up_to_then(call: Callable[..., Any]) -> None:
    service = AnsweringService(batch_answer(202, 202), problem(403, "feed_forbidden"))
    with pytest.raises(BatchInterrupted, match="after 2 articles: 403 feed_forbidden") as caught:
        call(service, "push_batch", [{"body": letter} for letter in "abc"], size=2)
    assert [item.status for item in caught.value.batch.items] == [202, 202]


def test_clients_with_and_without_an_event_loop_have_the_same_methods() -> None:
    def described(kind: type) -> dict[str, tuple[str, ...]]:
        methods = {name: getattr(kind, name).__code__ for name in dir(kind) if not name.startswith("_")}
        return {name: code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] for name, code in methods.items()}

    assert described(Client) == described(AsyncClient)
    assert {name: getattr(Client, name).__doc__ for name in described(Client)} == {
        name: getattr(AsyncClient, name).__doc__ for name in described(Client)
    }
