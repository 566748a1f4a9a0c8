"""Clients of each kind against a service of which the test writes the answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest

from services.client import AsyncClient, AsyncItems, AsyncResultStream, Client, Items, ResultStream, RetryPolicy
from tests.support.answers import AnsweringService

_RETRIES = RetryPolicy(attempts=3, longest_s=10)


@pytest.fixture(params=["sync", "async"])
def call(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return a function that calls a method of a client of each kind against a service.

    Of a list it returns the items, and of a stream the first ``take`` of them, with the stream.
    """

    def run(service: AnsweringService, method: str, *arguments: Any, take: int = 0, **options: Any) -> Any:
        transport = httpx.MockTransport(service.answer)
        if request.param == "sync":
            monkeypatch.setattr(time, "sleep", service.pauses.append)
            with Client("http://service", "swk_key", transport=transport, retries=_RETRIES) as client:
                answer = getattr(client, method)(*arguments, **options)
                if isinstance(answer, ResultStream):
                    with answer:
                        return [next(iter(answer)) for _ in range(take)], answer
                return list(answer) if isinstance(answer, Items) else answer

        async def sleep(seconds: float) -> None:
            service.pauses.append(seconds)

        async def run_async() -> Any:
            async with AsyncClient("http://service", "swk_key", transport=transport, retries=_RETRIES) as client:
                answer = getattr(client, method)(*arguments, **options)
                if isinstance(answer, AsyncResultStream):
                    async with answer:
                        return [await anext(aiter(answer)) for _ in range(take)], answer
                return [item async for item in answer] if isinstance(answer, AsyncItems) else await answer

        monkeypatch.setattr(anyio, "sleep", sleep)
        return anyio.run(run_async)

    return run
