"""A service of which a test writes the answers, for the unit tests of the clients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx


class EventStream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """An answer of server-sent events in the pieces in which they arrive; an error breaks the connection."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


Answer = httpx.Response | EventStream | Exception


class AnsweringService:
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
        if isinstance(answer, EventStream):
            return httpx.Response(200, headers={"Content-Type": "text/event-stream; charset=utf-8"}, stream=answer)
        # A copy: a response can be read once.
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def problem(status: int, code: str = "refused", retry_after: int | None = None) -> httpx.Response:
    headers = {"X-Request-ID": "r-1"} | ({} if retry_after is None else {"Retry-After": str(retry_after)})
    errors = [{"field": "body", "reason": "is blank"}] if status == 422 else []
    body = {"status": status, "code": code, "detail": "because", "errors": errors}
    return httpx.Response(status, json=body, headers=headers)
