"""The query parameters of attributions, stances and timelines: the filters of searches, with a page or an interval."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from services.api.pagination import CursorText
from services.results.filters import Filters, StanceOnlyFilters
from services.results.timeline import Width


class PagedFilters(Filters):
    """Filters with the position and size of a page."""

    cursor: CursorText | None = Field(None, description="`next` of the previous page, or `cursor` of an item")
    limit: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        None,
        description="maximum number of items; by default 50 in JSON, and the allowed maximum in other formats",
    )


class StanceFilters(StanceOnlyFilters, PagedFilters):
    """Filters of stances."""


class TimelineFilters(StanceOnlyFilters, Filters):
    """Filters of a timeline of stances, and the width of its buckets."""

    bucket: Width = Width.DAY
