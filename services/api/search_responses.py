"""Searches for attributions, stances and timelines, for the routes and for the console's pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Generic, TypeVar

from fastapi import Response
from pydantic import BaseModel

from services.api.dependencies import ApiServices
from services.api.negotiation import Format, json_response, negotiate_format, stream_items
from services.api.pagination import Page, decode_cursor, fetch_page
from services.api.schemas.search import (
    AttributionItem,
    AttributionPage,
    StanceItem,
    StancePage,
    attribution_item,
    row_cursor,
    stance_item,
)
from services.api.schemas.search_filters import PagedFilters, TimelineFilters
from services.caller import Caller
from services.contracts import cursors
from services.database.engine import Database
from services.errors import InvalidInput
from services.results import search, timeline
from services.results.filters import search_query
from services.results.search_query import PageKey, SearchQuery
from services.results.timeline import Bucket, Width

_PAGE_SIZE: Final = 50  # items of a JSON page if the client does not say
_STREAM_PAGE_SIZE: Final = 500  # rows in one transaction of a stream
_DEFAULT_BUCKETS: Final = 90
_DAYS: Final = {Width.DAY: 1, Width.WEEK: 7, Width.MONTH: 30}

ItemT = TypeVar("ItemT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class SearchKind(Generic[ItemT]):
    """A kind of item to search for: how its rows are found, and the models of its items and pages."""

    find: Callable[[Database, SearchQuery, PageKey | None, int], Sequence[Any]]
    to_item: Callable[[Any], ItemT]
    item_model: type[ItemT]
    page_model: type[BaseModel]


ATTRIBUTIONS: Final = SearchKind(search.find_attributions, attribution_item, AttributionItem, AttributionPage)
STANCES: Final = SearchKind(search.find_stances, stance_item, StanceItem, StancePage)


def search_response(
    services: ApiServices, caller: Caller, accept: str | None, filters: PagedFilters, kind: SearchKind[ItemT]
) -> Response:
    """Answer a search with a page of JSON, or with all items as NDJSON or CSV, up to the limit.

    Raises `InvalidInput` for a filter and `ProblemError` for the cursor (422) or ``Accept`` (406).
    """
    media_type = negotiate_format(accept)
    settings = services.settings.api
    if media_type is Format.JSON:
        size = min(filters.limit or _PAGE_SIZE, settings.page_limit)
        page = search_page(services.database, caller, filters, kind, size)
        return json_response(kind.page_model(items=page.items, next=page.next))
    query, after = search_query(filters, caller), _page_key(filters.cursor)
    limit = min(filters.limit or settings.export_limit, settings.export_limit)
    items = _all_items(services.database, query, after, kind, limit)
    return stream_items(media_type, kind.item_model, items)


def search_page(
    database: Database, caller: Caller, filters: PagedFilters, kind: SearchKind[ItemT], size: int
) -> Page[ItemT]:
    """Return a page of what the filters select among the feeds that the caller sees.

    Raises `InvalidInput` for a filter and `ProblemError` (422) for the cursor.
    """
    query, after = search_query(filters, caller), _page_key(filters.cursor)
    page = fetch_page(lambda limit: kind.find(database, query, after, limit), size, row_cursor)
    return Page([kind.to_item(row) for row in page.items], page.next)


def _all_items(
    database: Database, query: SearchQuery, after: PageKey | None, kind: SearchKind[ItemT], limit: int
) -> Iterator[ItemT]:
    """Yield up to ``limit`` items. Each page has its own transaction, so that a slow client holds none open."""
    count = 0
    while count < limit:
        size = min(_STREAM_PAGE_SIZE, limit - count)
        rows = kind.find(database, query, after, size)
        yield from map(kind.to_item, rows)
        count += len(rows)
        if len(rows) < size:
            return
        after = PageKey(rows[-1].at, rows[-1].id)


def _page_key(cursor: str | None) -> PageKey | None:
    key = decode_cursor(cursors.decode_page_key, cursor)
    return None if key is None else PageKey(*key)


def timeline_buckets(
    services: ApiServices, caller: Caller, filters: TimelineFilters, default_length: timedelta | None = None
) -> list[Bucket]:
    """Return the buckets that contain ``from`` to ``to``, of the feeds that the caller sees. Raises `InvalidInput`.

    Without ``to`` the timeline ends now. Without ``from`` it has ``default_length``, by default 90 buckets.
    """
    width = filters.bucket
    last = _last_day(filters.until)
    if default_length is None:
        default_length = timedelta(days=_DAYS[width] * (_DEFAULT_BUCKETS - 1))
    try:
        first = filters.since.astimezone(UTC).date() if filters.since else _first_day(last, default_length)
        starts = timeline.starts(first, last, width, services.settings.api.timeline_buckets)
        end = timeline.milliseconds(timeline.next_after(starts[-1], width))
    except (ValueError, OverflowError) as error:
        raise InvalidInput("from", str(error)) from error
    query = replace(search_query(filters, caller), since=timeline.milliseconds(starts[0]), until=end)
    return timeline.timeline(services.database, query, starts, width)


def _last_day(until: datetime | None) -> date:
    """Return the day (UTC) of the last moment before ``until``; today without it. Raises `InvalidInput`."""
    if until is None:
        return datetime.now(UTC).date()
    try:
        return (until.astimezone(UTC) - timedelta(milliseconds=1)).date()
    except OverflowError as error:
        raise InvalidInput("to", "is the beginning of the calendar; there is nothing before it") from error


def _first_day(last: date, length: timedelta) -> date:
    """Return the first day of a timeline of this length, not before the beginning of the calendar."""
    return last - length if last - date.min >= length else date.min
