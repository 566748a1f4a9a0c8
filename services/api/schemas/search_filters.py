"""The query parameters of attributions, stances and timelines, and the search query that they stand for."""

from __future__ import annotations

import itertools
import re
from datetime import datetime
from typing import Annotated, Final, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from services.api.pagination import CursorText
from services.caller import Caller
from services.contracts import Act, FeedName, Probability, StanceLabel, Text, TopicId
from services.contracts.base import in_utc
from services.errors import InvalidInput
from services.results import full_text
from services.results.name_keys import keys_of_question
from services.results.search import Name, SearchQuery
from services.results.search_index import HOLDER, TARGET
from services.results.timeline import Width

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
NameText = Annotated[Text, StringConstraints(min_length=1, max_length=200)]


def _expand_date(value: object) -> object:
    """Read a date as its first instant in UTC. Refuse numbers, which Pydantic reads as seconds."""
    if not isinstance(value, str) or not _DATE.match(value):
        raise ValueError("give a date (2026-11-24) or a time with its zone (2026-11-24T10:00:00Z)")
    return f"{value}T00:00:00Z" if _DATE.fullmatch(value) else value


Moment = Annotated[
    AwareDatetime | None,
    AfterValidator(lambda moment: moment and in_utc(moment)),
    BeforeValidator(_expand_date),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class Filters(BaseModel):
    """Filters of both attributions and stances. A date without a time is its first instant in UTC.

    Unknown parameters are refused, so that a misspelt filter is not silently ignored.
    """

    model_config = ConfigDict(extra="forbid")

    speaker: NameText | None = Field(
        None, description="any name of the speaker: surname, full name or acronym; case, accents and titles are ignored"
    )
    act: Act | None = None
    feed: FeedName | None = None
    since: Moment = Field(None, alias="from", description="published at or after; received, if that is unknown")
    until: Moment = Field(None, alias="to", description="published before")
    min_score: Probability | None = None
    text: Annotated[Text, StringConstraints(max_length=500)] | None = Field(
        None, description='words and "phrases" that all have to be in the content or evidence; not stemmed'
    )

    @model_validator(mode="after")
    def _require_order(self) -> Self:
        if self.since and self.until and self.since >= self.until:
            raise ValueError("from has to be before to")
        return self


class PagedFilters(Filters):
    """Filters with the position and size of a page."""

    cursor: CursorText | None = Field(None, description="`next` of the previous page, or `cursor` of an item")
    limit: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="maximum number of items; by default 50 in JSON, and the allowed maximum in NDJSON and CSV"
    )


class _StanceOnlyFilters(BaseModel):
    """Filters that only stances have."""

    holder: NameText | None = Field(None, description="any name of the holder")
    target: NameText | None = Field(None, description="any name of the target")
    topic: TopicId | None = Field(None, description="the ID of a topic")
    stance: StanceLabel | None = None


class StanceFilters(_StanceOnlyFilters, PagedFilters):
    """Filters of stances."""


class TimelineFilters(_StanceOnlyFilters, Filters):
    """Filters of a timeline of stances, and the width of its buckets."""

    bucket: Width = Width.DAY


# The role of each name. The speaker of a stance that was read off a statement is its holder.
_ROLES: Final = ((HOLDER, "speaker"), (HOLDER, "holder"), (TARGET, "target"))


def search_query(filters: Filters, caller: Caller) -> SearchQuery:
    """Return the query for what the filters select among the feeds that the caller sees. Raises `InvalidInput`."""
    names = [_search_names(role, getattr(filters, field, None), field) for role, field in _ROLES]
    phrases: full_text.Phrases = ()
    if filters.text is not None:
        try:
            phrases = full_text.phrases(filters.text)
        except ValueError as error:
            raise InvalidInput("text", str(error)) from error
    stance_filters = filters if isinstance(filters, _StanceOnlyFilters) else _StanceOnlyFilters()
    return SearchQuery(
        names=tuple(itertools.chain.from_iterable(names)),
        spoken=filters.speaker is not None and isinstance(filters, _StanceOnlyFilters),
        topic=stance_filters.topic,
        stance=stance_filters.stance,
        act=filters.act,
        feed=filters.feed,
        feeds=caller.feeds,
        since=_milliseconds(filters.since),
        until=_milliseconds(filters.until),
        min_score=filters.min_score,
        phrases=phrases,
    )


def _search_names(role: str, value: str | None, field: str) -> tuple[Name, ...]:
    if value is None:
        return ()
    keys = keys_of_question(value)
    if not keys:
        raise InvalidInput(field, "has no letter or digit")
    return (Name(role, keys),)


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)
