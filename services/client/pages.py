"""Lists that the service returns in pages, as iterators of their items."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

import anyio
import httpx

from .documents import Model, Warned
from .frames import to_pandas
from .models import ResultItem, ResultPage, Tombstone
from .operations import LONG_POLL_S, Id, Operation, parameters, prefer, segment
from .searches import StoryCopy

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T", bound=Model)
T_co = TypeVar("T_co", covariant=True)

_PAGE_ITEMS: Final = 500
_POLL_S: Final = 2.0  # between empty pages of a service that answers without waiting


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items of a list. ``cursor`` continues after them; None if nothing can follow."""

    items: tuple[T, ...]
    cursor: str | None
    is_last: bool
    warnings: tuple[Warned, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A list: its path and parameters, the model of its items, and how a page is read.

    ``cursor_name`` is the parameter that continues the list.
    """

    path: str
    model: type[T]
    params: Mapping[str, str]
    cursor_name: str
    read: Callable[[httpx.Response], Page[T]]

    def page(self, cursor: str | None, size: int, *, wait_s: float = 0.0) -> Operation[Page[T]]:
        """Return the request of the page after ``cursor``; ``wait_s`` waits until it has an item."""
        params = {**self.params, "limit": str(size)} | ({self.cursor_name: cursor} if cursor else {})
        headers = prefer(wait_s)
        return Operation(method="GET", path=self.path, read=self.read, params=params, headers=headers, wait_s=wait_s)


def listing(path: str, model: type[T], **filters: Any) -> Listing[T]:
    """Return a list whose pages have ``items`` and ``next``."""
    return Listing(path, model, parameters(**filters), "cursor", _page_reader(model, "items"))


def copies(story_id: Id) -> Listing[StoryCopy]:
    """Return the list of the copies of a story."""
    path = f"/v1/stories/{segment(story_id)}"
    return Listing(path, StoryCopy, {}, "cursor", _page_reader(StoryCopy, "copies"))


def _page_reader(model: type[T], field: str) -> Callable[[httpx.Response], Page[T]]:
    def read(response: httpx.Response) -> Page[T]:
        page = response.json()
        items = tuple(model.model_validate(item) for item in page[field])
        return Page(items, page["next"], is_last=page["next"] is None)

    return read


def results(*, feed: str | None, embed: bool) -> Listing[ResultItem | Tombstone]:
    """Return the list of results, which never ends: its cursor stays valid behind the last item."""

    def read(response: httpx.Response) -> Page[ResultItem | Tombstone]:
        page = ResultPage.model_validate_json(response.content)
        return Page(page.items, page.after, is_last=not page.items, warnings=page.warnings)

    params = parameters(feed=feed, embed="result" if embed else None)
    return Listing("/v1/results", ResultItem, params, "after", read)


class _Send(Protocol):
    def __call__(self, operation: Operation[T_co], /) -> T_co: ...


class _AsyncSend(Protocol):
    def __call__(self, operation: Operation[T_co], /) -> Awaitable[T_co]: ...


class _Position(Generic[T]):
    """Where an iterator stands. With ``follow`` it does not end behind the last item, but waits for the next."""

    def __init__(
        self, items: Listing[T], *, cursor: str | None, limit: int | None = None, follow: bool = False
    ) -> None:
        self._listing = items
        self._left = limit
        self._follow = follow
        self._asked_at = 0.0
        self.cursor = cursor
        """Continues behind the last item that the caller has finished with; to be stored, for results."""
        self.warnings: tuple[Warned, ...] = ()
        """Codes and details that the service noted on the pages up to now, such as ``results_pruned``."""

    def _next_page(self) -> Operation[Page[T]] | None:
        if self._left == 0:
            return None
        self._asked_at = time.monotonic()
        size = _PAGE_ITEMS if self._left is None else min(_PAGE_ITEMS, self._left)
        return self._listing.page(self.cursor, size, wait_s=LONG_POLL_S if self._follow else 0.0)

    def _note(self, page: Page[T]) -> None:
        self.warnings += tuple(warning for warning in page.warnings if warning not in self.warnings)

    def _pass_item(self, item: T) -> None:
        self.cursor = getattr(item, "cursor", None) or self.cursor

    def _pass_page(self, page: Page[T]) -> bool:
        """Move behind a page. Return whether another follows."""
        self.cursor = page.cursor or self.cursor
        if self._left is not None:
            self._left = max(0, self._left - len(page.items))
        return self._follow or not page.is_last

    def _pause_s(self, page: Page[T]) -> float:
        """Return how long to wait before the next page, if the service has not waited itself."""
        waited_s = time.monotonic() - self._asked_at
        return max(0.0, _POLL_S - waited_s) if self._follow and not page.items else 0.0


class Items(_Position[T]):
    """The items of a list, fetched page by page while it is iterated over, once."""

    def __init__(
        self, send: _Send, items: Listing[T], *, cursor: str | None, limit: int | None = None, follow: bool = False
    ) -> None:
        """Fetch with ``send``, from behind ``cursor``, at most ``limit`` items."""
        super().__init__(items, cursor=cursor, limit=limit, follow=follow)
        self._send = send

    def pages(self) -> Iterator[Page[T]]:
        """Yield the pages."""
        while (operation := self._next_page()) is not None:
            page = self._send(operation)
            self._note(page)
            yield page
            if not self._pass_page(page):
                return
            time.sleep(self._pause_s(page))

    def __iter__(self) -> Iterator[T]:
        """Yield the items."""
        for page in self.pages():
            for item in page.items:
                yield item
                self._pass_item(item)

    def to_pandas(self) -> pd.DataFrame:
        """Return all items as a data frame, one row each. Needs the extra ``pandas``."""
        return to_pandas(self, self._listing.model)


class AsyncItems(_Position[T]):
    """The items of a list, fetched page by page while it is iterated over, once."""

    def __init__(
        self, send: _AsyncSend, items: Listing[T], *, cursor: str | None, limit: int | None = None, follow: bool = False
    ) -> None:
        """Fetch with ``send``, from behind ``cursor``, at most ``limit`` items."""
        super().__init__(items, cursor=cursor, limit=limit, follow=follow)
        self._send = send

    async def pages(self) -> AsyncIterator[Page[T]]:
        """Yield the pages."""
        while (operation := self._next_page()) is not None:
            page = await self._send(operation)
            self._note(page)
            yield page
            if not self._pass_page(page):
                return
            await anyio.sleep(self._pause_s(page))

    async def __aiter__(self) -> AsyncIterator[T]:
        """Yield the items."""
        async for page in self.pages():
            for item in page.items:
                yield item
                self._pass_item(item)

    async def to_pandas(self) -> pd.DataFrame:
        """Return all items as a data frame, one row each. Needs the extra ``pandas``."""
        return to_pandas([item async for item in self], self._listing.model)
