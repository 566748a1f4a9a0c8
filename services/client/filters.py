"""The filters of searches, as keyword arguments. The guide to searches describes each."""

from __future__ import annotations

from datetime import date, datetime
from typing import TypedDict

Moment = datetime | date | str


class AttributionFilters(TypedDict, total=False):
    """Filters of attributions. ``since`` and ``until`` are the times of publication, from and before.

    A search counts a story once, however many feeds copy it; ``copies="all"`` finds every copy. ``match="exact"``
    compares whole names only.
    """

    speaker: str | None
    match: str | None
    act: str | None
    text: str | None
    feed: str | None
    since: Moment | None
    until: Moment | None
    min_score: float | None
    copies: str | None


class StanceFilters(AttributionFilters, total=False):
    """Filters of stances."""

    holder: str | None
    stance: str | None
    target: str | None
    topic: str | None


class TimelineFilters(StanceFilters, total=False):
    """Filters of a timeline. ``bucket`` is ``day``, ``week`` or ``month``."""

    bucket: str | None
