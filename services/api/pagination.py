"""Pages of lists: their parameters, the cursor between them, and the one way in which a page is fetched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import StringConstraints

from services.api.problems import invalid_field

T = TypeVar("T")

CursorText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]*$", max_length=100)]
Cursor = Annotated[CursorText | None, Query(description="`next` of the previous page")]
Limit = Annotated[int, Query(ge=1, le=10_000, description="items per page; `api.page_limit` is the maximum")]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Items, and the cursor of the next page; None on the last page."""

    items: list[T]
    next: str | None


def fetch_page(fetch: Callable[[int], Sequence[T]], size: int, cursor_of: Callable[[T], str]) -> Page[T]:
    """Fetch a page of ``size`` items. ``fetch`` is called with ``size + 1``: one more item means another page.

    ``cursor_of`` returns the cursor behind an item, from which the next page starts.
    """
    rows = fetch(size + 1)
    items = list(rows[:size])
    return Page(items, cursor_of(items[-1]) if len(rows) > size else None)


def decode_cursor(decode: Callable[[str], T], cursor: str | None, parameter: str = "cursor") -> T | None:
    """Return the decoded cursor, or None without one. Raises `ProblemError` (422) for a cursor that is not ours."""
    if not cursor:
        return None
    try:
        return decode(cursor)
    except ValueError as error:
        raise invalid_field(parameter, str(error)) from error
