"""Which requests the clients repeat, and when, against answers that are written here."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import anyio
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
    RetryPolicy,
    ServerError,
    UnexpectedAnswer,
)

Answer = httpx.Response | Exception
JOB = {
    "id": str(UUID(int=1)),
    "done": True,
    "metadata": {
        "state": "succeeded", "article_id": str(UUID(int=2)), "feed": "wire", "guid": None, "version": "1",
        "revision": 1, "title": None, "analysis": 1, "priority": 0, "attempts": 1,
        "created_at": "2026-11-23T20:15:02Z", "started_at": None, "finished_at": None,
    },
}  # fmt: skip


def problem(status: int, code: str = "refused", retry_after: int | None = None) -> httpx.Response:
    headers = {"X-Request-ID": "r-1"} | ({} if retry_after is None else {"Retry-After": str(retry_after)})
    errors = [{"field": "body", "reason": "is blank"}] if status == 422 else []
    body = {"status": status, "code": code, "detail": "because", "errors": errors}
    return httpx.Response(status, json=body, headers=headers)


class Service:
    """Gives its answers in turn, and keeps requests and pauses."""

    def __init__(self, *answers: Answer) -> None:
        self._answers: Iterator[Answer] = iter(answers)
        self.requests: list[httpx.Request] = []
        self.pauses: list[float] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        # A copy: a response can be read once.
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


@pytest.fixture(params=["sync", "async"])
def call(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return a function that calls a method of a client of each kind against a service."""

    def run(service: Service, method: str, *arguments: Any, **options: Any) -> Any:
        transport = httpx.MockTransport(service.answer)
        retries = RetryPolicy(attempts=3, longest_s=10)
        if request.param == "sync":
            monkeypatch.setattr(time, "sleep", service.pauses.append)
            with Client("http://service", "swk_key", transport=transport, retries=retries) as client:
                return getattr(client, method)(*arguments, **options)

        async def sleep(seconds: float) -> None:
            service.pauses.append(seconds)

        async def run_async() -> Any:
            async with AsyncClient("http://service", "swk_key", transport=transport, retries=retries) as client:
                return await getattr(client, method)(*arguments, **options)

        monkeypatch.setattr(anyio, "sleep", sleep)
        return anyio.run(run_async)

    return run


def test_push_is_repeated_with_its_idempotency_key_after_the_time_that_the_service_asks_for(
    call: Callable[..., Any],
) -> None:
    service = Service(problem(503, retry_after=2), httpx.ReadError("reset"), httpx.Response(202, json=JOB))
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
    service = Service(*answers)
    with pytest.raises(error_class):
        call(service, "job", UUID(int=1))
    assert len(service.requests) == requests


def test_request_that_changes_something_is_not_repeated(call: Callable[..., Any]) -> None:
    service = Service(problem(503, retry_after=1))
    with pytest.raises(Refused) as caught:
        call(service, "request", "POST", "/v1/pause", body={"reason": "upgrade"})
    assert (len(service.requests), caught.value.request_id, caught.value.retry_after_s) == (1, "r-1", 1.0)


def test_error_names_the_field(call: Callable[..., Any]) -> None:
    with pytest.raises(InvalidRequest, match="422 invalid: because") as caught:
        call(Service(problem(422, "invalid")), "push", {"body": " "})
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
    service = Service(batch_answer(202, 429, 422, retry_after=3), batch_answer(202), batch_answer(200))
    batch = call(service, "push_batch", [{"body": letter} for letter in "abcd"], size=3)
    assert [(item.line, item.status) for item in batch.items] == [(1, 202), (2, 202), (3, 422), (4, 200)]
    assert [bodies(request) for request in service.requests] == [["a", "b", "c"], ["b"], ["d"]]
    assert len({request.headers["Idempotency-Key"] for request in service.requests}) == 3
    assert service.pauses[0] >= 3
    assert batch.errors
    assert isinstance(batch.items[2].error, InvalidRequest)


def test_interrupted_batch_has_the_outcomes_up_to_then(call: Callable[..., Any]) -> None:
    service = Service(batch_answer(202, 202), problem(403, "feed_forbidden"))
    with pytest.raises(BatchInterrupted, match="after 2 articles: 403 feed_forbidden") as caught:
        call(service, "push_batch", [{"body": letter} for letter in "abc"], size=2)
    assert [item.status for item in caught.value.batch.items] == [202, 202]


def test_clients_with_and_without_an_event_loop_have_the_same_methods() -> None:
    def described(kind: type) -> dict[str, tuple[str, ...]]:
        names = [name for name in vars(kind) if not name.startswith("_")]
        return {name: vars(kind)[name].__code__.co_varnames[: vars(kind)[name].__code__.co_argcount] for name in names}

    assert described(Client) == described(AsyncClient)
    assert {name: vars(Client)[name].__doc__ for name in described(Client)} == {
        name: vars(AsyncClient)[name].__doc__ for name in described(Client)
    }
