"""Results as the service sends them, over connections that are made again from the last cursor."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Final, Self

import anyio
import httpx
from pydantic import TypeAdapter, ValidationError

from .documents import Warned
from .errors import ConnectionFailed, StancewireError, UnexpectedAnswer
from .event_lines import EventReader, ServerEvent
from .models import ListedResult, ResultItem, Tombstone
from .operations import Operation, parameters
from .retries import RetryPolicy

_PATH: Final = "/v1/results/stream"
_MEDIA_TYPE: Final = "text/event-stream"
_RECONNECT_S: Final = 2.0  # unless the service asks for another pause
_SILENCE_S: Final = 60.0  # the service sends something at least every `api.heartbeat_s` seconds
_ITEM: Final[TypeAdapter[ResultItem | Tombstone]] = TypeAdapter(ListedResult)


class _Position:
    """Where a stream stands, and when it connects again."""

    def __init__(self, *, after: str | None, feed: str | None, embed: bool, retries: RetryPolicy) -> None:
        self._after = after
        self._params = parameters(after=after, feed=feed, embed="result" if embed else None)
        self._retries = retries
        self._attempt = 0
        self._retry_s = _RECONNECT_S
        self.cursor = after
        """Continues behind the last item that the caller has finished with; to be stored."""
        self.warnings: tuple[Warned, ...] = ()
        """Codes and details that the service noted up to now, such as ``results_pruned``."""

    def _connection(self) -> Operation[EventReader]:
        self._attempt += 1
        headers = {"Accept": _MEDIA_TYPE, "Cache-Control": "no-store"}
        if self.cursor and self.cursor != self._after:
            headers["Last-Event-ID"] = self.cursor
        return Operation(method="GET", path=_PATH, read=_open, params=self._params, headers=headers, wait_s=_SILENCE_S)

    def _item(self, event: ServerEvent) -> ResultItem | Tombstone | None:
        """Return the item of an event; None for one that only says where the stream is, or warns."""
        self._attempt = 0
        if not event.data:
            return None
        try:
            if event.name != "warning":
                return _ITEM.validate_json(event.data)
            warning = Warned.model_validate_json(event.data)
        except ValidationError as error:
            raise UnexpectedAnswer(f"GET {_PATH}: an event is not what the API sends") from error
        if warning not in self.warnings:
            self.warnings += (warning,)
        return None

    def _pass(self, event: ServerEvent) -> None:
        self.cursor = event.id or self.cursor
        self._retry_s = self._retry_s if event.retry_s is None else event.retry_s

    def _pause_s(self, error: StancewireError | None) -> float:
        """Return after how many seconds to connect again. Raises an error that repetitions do not overcome.

        A connection on which something has arrived may end or break at any time, which is not a failed attempt.
        """
        if error is None or (self._attempt == 0 and isinstance(error, ConnectionFailed)):
            self._attempt = 0
            # A random part, as a service that restarts ends the streams of all clients at once.
            return self._retry_s + random.uniform(0, self._retry_s)  # noqa: S311 -- no secret
        delay_s = self._retries.delay_s(self._attempt, error)
        if delay_s is None:
            raise error
        return self._retry_s + delay_s


class ResultStream(_Position):
    """The results behind a cursor and those to come, while it is iterated over, once.

    Its connection is closed at the end of a ``with`` block, or by `close`.
    """

    def __init__(
        self,
        connect: Callable[[Operation[EventReader]], AbstractContextManager[httpx.Response]],
        retries: RetryPolicy,
        *,
        after: str | None,
        feed: str | None,
        embed: bool,
    ) -> None:
        """Connect nothing yet."""
        super().__init__(after=after, feed=feed, embed=embed, retries=retries)
        self._connect = connect
        self._items = self._read()

    def __enter__(self) -> Self:
        """Return the stream, which is closed at the end of the block."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Close the stream."""
        self.close()

    def close(self) -> None:
        """End the iteration and close the connection."""
        self._items.close()

    def __iter__(self) -> Iterator[ResultItem | Tombstone]:
        """Return the iterator of the items, which has no end."""
        return self._items

    def _read(self) -> Generator[ResultItem | Tombstone, None, None]:
        while True:
            failure: StancewireError | None = None
            try:
                with self._connect(operation := self._connection()) as response:
                    reader = operation.result(response)
                    for content in response.iter_bytes():
                        for event in reader.read(content):
                            item = self._item(event)
                            if item is not None:
                                yield item
                            self._pass(event)
            except StancewireError as error:
                failure = error
            time.sleep(self._pause_s(failure))


class AsyncResultStream(_Position):
    """The results behind a cursor and those to come, while it is iterated over, once.

    Its connection is closed at the end of an ``async with`` block, or by `close`.
    """

    def __init__(
        self,
        connect: Callable[[Operation[EventReader]], AbstractAsyncContextManager[httpx.Response]],
        retries: RetryPolicy,
        *,
        after: str | None,
        feed: str | None,
        embed: bool,
    ) -> None:
        """Connect nothing yet."""
        super().__init__(after=after, feed=feed, embed=embed, retries=retries)
        self._connect = connect
        self._items = self._read()

    async def __aenter__(self) -> Self:
        """Return the stream, which is closed at the end of the block."""
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Close the stream."""
        await self.close()

    async def close(self) -> None:
        """End the iteration and close the connection."""
        await self._items.aclose()

    def __aiter__(self) -> AsyncIterator[ResultItem | Tombstone]:
        """Return the iterator of the items, which has no end."""
        return self._items

    async def _read(self) -> AsyncGenerator[ResultItem | Tombstone, None]:
        while True:
            failure: StancewireError | None = None
            try:
                async with self._connect(operation := self._connection()) as response:
                    reader = operation.result(response)
                    async for content in response.aiter_bytes():
                        for event in reader.read(content):
                            item = self._item(event)
                            if item is not None:
                                yield item
                            self._pass(event)
            except StancewireError as error:
                failure = error
            await anyio.sleep(self._pause_s(failure))


def _open(response: httpx.Response) -> EventReader:
    if not response.headers.get("Content-Type", "").startswith(_MEDIA_TYPE):
        raise ValueError("not server-sent events")
    return EventReader()
