"""Lists that the service returns in pages, as iterators of their items."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

import httpx

from .documents import Model, Warned
from .frames import to_pandas
from .models import ResultItem, ResultPage, Tombstone
from .operations import Operation, parameters

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T", bound=Model)
T_co = TypeVar("T_co", covariant=True)

_PAGE_ITEMS: Final = 500


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

    def page(self, cursor: str | None, size: int) -> Operation[Page[T]]:
        """Return the request of the page after ``cursor``."""
        params = {**self.params, "limit": str(size)} | ({self.cursor_name: cursor} if cursor else {})
        return Operation(method="GET", path=self.path, read=self.read, params=params)


def listing(path: str, model: type[T], **filters: Any) -> Listing[T]:
    """Return a list whose pages have ``items`` and ``next``."""

    def read(response: httpx.Response) -> Page[T]:
        page = response.json()
        items = tuple(model.model_validate(item) for item in page["items"])
        return Page(items, page["next"], is_last=page["next"] is None)

    return Listing(path, model, parameters(**filters), "cursor", read)


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
    """Where an iterator stands."""

    def __init__(self, items: Listing[T], cursor: str | None, limit: int | None) -> None:
        self._listing = items
        self._left = limit
        self.cursor = cursor
        """Continues behind the items of all pages that were read to their end; to be stored, for lists of results."""
        self.warnings: tuple[Warned, ...] = ()
        """What the service noted on the pages up to now, such as ``results_pruned``."""

    def _next_page(self) -> Operation[Page[T]] | None:
        if self._left == 0:
            return None
        return self._listing.page(self.cursor, _PAGE_ITEMS if self._left is None else min(_PAGE_ITEMS, self._left))

    def _pass(self, page: Page[T]) -> bool:
        """Move behind a page. Return whether another follows."""
        self.cursor = page.cursor or self.cursor
        if self._left is not None:
            self._left = max(0, self._left - len(page.items))
        return not page.is_last

    def _note(self, page: Page[T]) -> None:
        self.warnings += tuple(warning for warning in page.warnings if warning not in self.warnings)


class Items(_Position[T]):
    """The items of a list, fetched page by page while it is iterated over, once."""

    def __init__(self, send: _Send, items: Listing[T], *, cursor: str | None, limit: int | None) -> None:
        """Fetch with ``send``, from behind ``cursor``, at most ``limit`` items."""
        super().__init__(items, cursor, limit)
        self._send = send

    def pages(self) -> Iterator[Page[T]]:
        """Yield the pages."""
        while (operation := self._next_page()) is not None:
            page = self._send(operation)
            self._note(page)
            yield page
            if not self._pass(page):
                return

    def __iter__(self) -> Iterator[T]:
        """Yield the items."""
        for page in self.pages():
            yield from page.items

    def to_pandas(self) -> pd.DataFrame:
        """Return all items as a data frame, one row each. Needs the extra ``pandas``."""
        return to_pandas(self, self._listing.model)


class AsyncItems(_Position[T]):
    """The items of a list, fetched page by page while it is iterated over, once."""

    def __init__(self, send: _AsyncSend, items: Listing[T], *, cursor: str | None, limit: int | None) -> None:
        """Fetch with ``send``, from behind ``cursor``, at most ``limit`` items."""
        super().__init__(items, cursor, limit)
        self._send = send

    async def pages(self) -> AsyncIterator[Page[T]]:
        """Yield the pages."""
        while (operation := self._next_page()) is not None:
            page = await self._send(operation)
            self._note(page)
            yield page
            if not self._pass(page):
                return

    async def __aiter__(self) -> AsyncIterator[T]:
        """Yield the items."""
        async for page in self.pages():
            for item in page.items:
                yield item

    async def to_pandas(self) -> pd.DataFrame:
        """Return all items as a data frame, one row each. Needs the extra ``pandas``."""
        return to_pandas([item async for item in self], self._listing.model)
