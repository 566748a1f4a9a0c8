"""Stances over time, beside the number of articles that were read: more articles alone make no trend."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, Field

from services.contracts import StanceLabel
from services.database.engine import Database
from services.results import search
from services.results.search_query import SearchQuery

_DAY_ZERO: Final = date(1970, 1, 1)
_PER: Final = 1000


class Bucket(BaseModel):
    """A day, week (from Monday) or month, UTC.

    Rates are stances in a thousand articles, null where there was no article.
    """

    start: date
    support: int
    oppose: int
    articles: int = Field(
        description="articles analysed, of the feed if one is asked for; copies of a story are one, unless `copies=all`"
    )
    support_rate: float | None
    oppose_rate: float | None


class Width(StrEnum):
    """How long a bucket is. Weeks begin on Monday (ISO 8601)."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


def first_of(day: date, width: Width) -> date:
    """The first day of the bucket that ``day`` lies in."""
    match width:
        case Width.DAY:
            return day
        case Width.WEEK:
            return day - timedelta(days=day.weekday())
        case Width.MONTH:
            return day.replace(day=1)


def next_after(start: date, width: Width) -> date:
    """The first day of the bucket behind the one that begins at ``start``.

    Raises OverflowError behind the year 9999.
    """
    match width:
        case Width.DAY:
            return start + timedelta(days=1)
        case Width.WEEK:
            return start + timedelta(days=7)
        case Width.MONTH:
            return first_of(start + timedelta(days=31), width)


def starts(first: date, last: date, width: Width, limit: int) -> list[date]:
    """The first days of all buckets from that of ``first`` to that of ``last``.

    Raises ValueError for more than ``limit``.
    """
    dates = [first_of(first, width)]
    end = first_of(last, width)
    while dates[-1] < end:
        dates.append(next_after(dates[-1], width))
        if len(dates) > limit:
            raise ValueError(f"from and to lie more than {limit} buckets of a {width} apart")
    return dates


def milliseconds(day: date) -> int:
    """When a day begins, UTC."""
    return (day - _DAY_ZERO).days * 86_400_000


def timeline(database: Database, wanted: SearchQuery, buckets: list[date], width: Width) -> list[Bucket]:
    """Count the matching stances in each bucket; the times in ``wanted`` have to be bucket boundaries."""
    sides: Counter[tuple[date, StanceLabel]] = Counter()
    read: Counter[date] = Counter()
    for count in search.count_stances(database, wanted):
        sides[_bucket(count.day, width), count.stance] += count.number
    for day, number in search.count_articles(database, wanted).items():
        read[_bucket(day, width)] += number
    return [_counted(start, sides, read[start]) for start in buckets]


def _bucket(day: int, width: Width) -> date:
    return first_of(_DAY_ZERO + timedelta(days=day), width)


def _counted(start: date, sides: Counter[tuple[date, StanceLabel]], articles: int) -> Bucket:
    support, oppose = sides[start, StanceLabel.SUPPORT], sides[start, StanceLabel.OPPOSE]
    return Bucket(
        start=start,
        support=support,
        oppose=oppose,
        articles=articles,
        support_rate=_PER * support / articles if articles else None,
        oppose_rate=_PER * oppose / articles if articles else None,
    )
