"""Who said what, and where they stand, across articles: what analysts ask."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Header, Query, Response
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

from services.api.dependencies import ApiServices, Services
from services.api.middleware.authentication import Reader
from services.api.negotiation import Format, asked, stream
from services.api.problems import FieldError, ProblemError, responses
from services.api.routes.jobs import Cursor
from services.api.schemas.search import (
    AttributionPage,
    FoundAttribution,
    FoundStance,
    StancePage,
    Timeline,
    found_attribution,
    found_stance,
)
from services.caller import Caller
from services.contracts import Act, FeedName, Probability, StanceLabel, Text, TopicId, cursors
from services.contracts.base import in_utc
from services.results import full_text, search, timeline
from services.results.name_keys import keys_of_question
from services.results.search import Name, PageKey, SearchQuery
from services.results.search_index import HOLDER, TARGET
from services.results.timeline import Bucket, Width

router = APIRouter(prefix="/v1", tags=["search"])

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_STREAM_PAGE: Final = 500
_DEFAULT_BUCKETS: Final = 90
F = TypeVar("F", bound=BaseModel)
Asked = Annotated[Text, StringConstraints(min_length=1, max_length=200)]
# The document lists the media types with the answers, where OpenAPI wants them.
Accept = Annotated[str | None, Header(include_in_schema=False)]


def _moment(value: object) -> object:
    """A date alone is when it begins, UTC; numbers, which pydantic takes for seconds since 1970, are none."""
    if not isinstance(value, str) or not _DATE.match(value):
        raise ValueError("give a date (2026-11-24) or a time with its zone (2026-11-24T10:00:00Z)")
    return f"{value}T00:00:00Z" if _DATE.fullmatch(value) else value


Moment = Annotated[
    AwareDatetime | None,
    AfterValidator(lambda moment: moment and in_utc(moment)),
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class Filters(BaseModel):
    """What both kinds can be asked by. A date is its beginning, UTC.

    A parameter that does not exist is refused, so that no filter is silently left out.
    """

    model_config = ConfigDict(extra="forbid")

    speaker: Asked | None = Field(
        None, description="any name of who says it: surname, full name, acronym; case, accents and titles do not matter"
    )
    act: Act | None = None
    feed: FeedName | None = None
    since: Moment = Field(None, alias="from", description="published at or after (received, where that is not known)")
    until: Moment = Field(None, alias="to", description="published before")
    min_score: Probability | None = None
    text: Annotated[Text, StringConstraints(max_length=500)] | None = Field(
        None, description='words and "phrases" that all have to be in the words found; not stemmed'
    )

    @model_validator(mode="after")
    def _ordered(self) -> Filters:
        if self.since and self.until and self.since >= self.until:
            raise ValueError("from has to lie before to")
        return self


class Paged(Filters):
    """Where a page begins, and how long it is."""

    cursor: Cursor | None = Field(None, description="`next` of the page before, or `cursor` of an item")
    limit: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="items, at most; 50 of JSON, all that is allowed of NDJSON and CSV"
    )


class OfStances(BaseModel):
    """What stances can be asked by besides."""

    holder: Asked | None = Field(None, description="any name of who takes the side")
    target: Asked | None = Field(None, description="any name of whom the stance is towards")
    topic: TopicId | None = Field(None, description="the ID of a topic")
    stance: StanceLabel | None = None


class StanceFilters(OfStances, Paged):
    """What stances can be asked by."""


class TimelineFilters(OfStances, Filters):
    """What a timeline can be asked by."""

    bucket: Width = Width.DAY


@router.get(
    "/attributions",
    response_model=AttributionPage,
    responses=responses(406, 422, 503) | {200: {"content": {Format.NDJSON: {}, Format.CSV: {}}}},
)
def list_attributions(
    services: Services, caller: Reader, filters: Annotated[Paged, Query()], accept: Accept = None
) -> Response:
    """Who said what, newest first."""
    form = asked(accept)
    return _answer(
        services, caller, form, filters, search.find_attributions, found_attribution, FoundAttribution, AttributionPage
    )


@router.get(
    "/stances",
    response_model=StancePage,
    responses=responses(406, 422, 503) | {200: {"content": {Format.NDJSON: {}, Format.CSV: {}}}},
)
def list_stances(
    services: Services, caller: Reader, filters: Annotated[StanceFilters, Query()], accept: Accept = None
) -> Response:
    """Who is for or against whom or what, newest first."""
    form = asked(accept)
    return _answer(services, caller, form, filters, search.find_stances, found_stance, FoundStance, StancePage)


@router.get(
    "/stances/timeline",
    response_model=Timeline,
    responses=responses(406, 422, 503) | {200: {"content": {Format.NDJSON: {}, Format.CSV: {}}}},
)
def show_timeline(
    services: Services, caller: Reader, filters: Annotated[TimelineFilters, Query()], accept: Accept = None
) -> Response:
    """Support and opposition over time, beside the number of articles. ``from`` and ``to`` are widened to whole buckets."""
    form = asked(accept)
    found = timeline_of(services, caller, filters)
    if form is not Format.JSON:
        return stream(form, Bucket, found)
    return _json(Timeline(items=found))


def timeline_of(services: ApiServices, caller: Caller, filters: TimelineFilters) -> list[Bucket]:
    """The buckets that are asked for, of the feeds that the caller sees. Raises ProblemError (422)."""
    width = filters.bucket
    last = (filters.until - timedelta(milliseconds=1) if filters.until else datetime.now(UTC)).astimezone(UTC).date()
    try:
        first = filters.since.astimezone(UTC).date() if filters.since else _back(last, width)
        buckets = timeline.starts(first, last, width, services.settings.api.timeline_buckets)
        end = timeline.milliseconds(timeline.next_after(buckets[-1], width))
    except (ValueError, OverflowError) as error:
        raise _invalid("from", str(error)) from error
    wanted = _wanted(filters, caller, since=timeline.milliseconds(buckets[0]), until=end)
    return timeline.timeline(services.database, wanted, buckets, width)


def _back(last: date, width: Width) -> date:
    days = {Width.DAY: 1, Width.WEEK: 7, Width.MONTH: 30}[width]
    return last - timedelta(days=days * (_DEFAULT_BUCKETS - 1))


def _answer(
    services: ApiServices,
    caller: Caller,
    form: Format,
    filters: Paged,
    find: Callable[..., Sequence[Any]],
    shaped: Callable[[Any], F],
    model: type[F],
    page: Callable[..., BaseModel],
) -> Response:
    api = services.settings.api
    if form is Format.JSON:
        items, onward = page_of(services, caller, filters, find, shaped, min(filters.limit or 50, api.page_limit))
        return _json(page(items=items, next=onward))
    wanted = _wanted(filters, caller, since=_ms(filters.since), until=_ms(filters.until))
    size = min(filters.limit or api.export_limit, api.export_limit)
    return stream(form, model, _all(services, wanted, _place(filters.cursor), find, shaped, size))


def page_of(
    services: ApiServices,
    caller: Caller,
    filters: Paged,
    find: Callable[..., Sequence[Any]],
    shaped: Callable[[Any], F],
    size: int,
) -> tuple[list[F], str | None]:
    """A page of what the filters ask for, of the feeds that the caller sees, and where the next begins.

    Raises ProblemError (422).
    """
    wanted = _wanted(filters, caller, since=_ms(filters.since), until=_ms(filters.until))
    rows = find(services.database, wanted, _place(filters.cursor), size + 1)
    items = [shaped(row) for row in rows[:size]]
    return items, items[-1].cursor if len(rows) > size else None  # type: ignore[attr-defined]  # both kinds have one


def _all(
    services: ApiServices,
    wanted: SearchQuery,
    before: PageKey | None,
    find: Callable[..., Sequence[Any]],
    shaped: Callable[[Any], F],
    limit: int,
) -> Iterator[F]:
    """Page by page, each in a transaction of its own: a slow reader holds nothing."""
    given = 0
    while given < limit:
        size = min(_STREAM_PAGE, limit - given)
        rows = find(services.database, wanted, before, size)
        yield from map(shaped, rows)
        given += len(rows)
        if len(rows) < size:
            return
        before = PageKey(rows[-1].at, rows[-1].id)


def _wanted(filters: Filters, caller: Caller, *, since: int | None, until: int | None) -> SearchQuery:
    names = [_name(role, getattr(filters, field, None), field) for role, field in _ROLES]
    phrases: full_text.Phrases = ()
    if filters.text is not None:
        try:
            phrases = full_text.phrases(filters.text)
        except ValueError as error:
            raise _invalid("text", str(error)) from error
    stances = filters if isinstance(filters, OfStances) else OfStances()
    return SearchQuery(
        names=tuple(itertools.chain.from_iterable(names)),
        spoken=filters.speaker is not None and isinstance(filters, OfStances),
        topic=stances.topic,
        stance=stances.stance,
        act=filters.act,
        feed=filters.feed,
        feeds=caller.feeds,
        since=since,
        until=until,
        min_score=filters.min_score,
        phrases=phrases,
    )


# The speaker of a stance that was read off a statement is its holder.
_ROLES: Final = ((HOLDER, "speaker"), (HOLDER, "holder"), (TARGET, "target"))


def _name(role: str, value: str | None, field: str) -> tuple[Name, ...]:
    if value is None:
        return ()
    keys = keys_of_question(value)
    if not keys:
        raise _invalid(field, "holds no letter or digit")
    return (Name(role, keys),)


def _place(cursor: str | None) -> PageKey | None:
    if cursor is None:
        return None
    try:
        return PageKey(*cursors.decode_place(cursor))
    except ValueError as error:
        raise _invalid("cursor", str(error)) from error


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)


def _invalid(field: str, reason: str) -> ProblemError:
    return ProblemError(422, "invalid", f"{field}: {reason}", errors=[FieldError(field=field, reason=reason)])


def _json(body: BaseModel) -> Response:
    return Response(body.model_dump_json(), media_type=Format.JSON.value, headers={"Vary": "Accept"})
