"""The filters of searches. Each is declared once, as a field with a `SearchFilter`.

The field has the name, type and help of the parameter; the `SearchFilter` says how the value narrows a search, and how
the console's form shows it. A field of `Filters` applies to attributions and stances, one of `StanceOnlyFilters` to
stances. CONTRIBUTING has the recipe for a new one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Any, Final, Self

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

from services.caller import Caller
from services.contracts import Act, FeedName, Probability, StanceLabel, Text, TopicId, ledger_time
from services.contracts.base import in_utc
from services.errors import InvalidInput
from services.results import full_text
from services.results.name_keys import keys_of_question
from services.results.search_index import HOLDER, TARGET
from services.results.search_query import Name, SearchQuery

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")


class Input(StrEnum):
    """How a form lets a filter be entered. A choice offers the values of the field's enum, or the registered topics."""

    TEXT = "text"
    DATE = "date"
    CHOICE = "choice"
    TOPIC = "topic"


class Copies(StrEnum):
    """Which copies of a story are searched."""

    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFilter:
    """How a filter narrows a search, and how the console's form shows it.

    narrow: returns the query with the condition of a value. Raises `ValueError` for a value without anything to search.
    label: the label in the form; the form does not have a filter without one.
    choices: what the form offers instead of all values of the field's enum.
    on_stances, on_attributions: whether the form for that kind of item has the filter.
    """

    narrow: Callable[[SearchQuery, Any], SearchQuery]
    label: str = ""
    input: Input = Input.TEXT
    hint: str = ""
    choices: tuple[str, ...] = ()
    on_stances: bool = True
    on_attributions: bool = True


def _has_name(role: str, *, attributed: bool = False) -> Callable[[SearchQuery, str], SearchQuery]:
    def narrow(query: SearchQuery, value: str) -> SearchQuery:
        keys = keys_of_question(value)
        if not keys:
            raise ValueError("has no letter or digit")
        names = (*query.names, Name(role, keys))
        return replace(query, names=names, attributed=query.attributed or attributed)

    return narrow


def _equals(column: str) -> Callable[[SearchQuery, str], SearchQuery]:
    return lambda query, value: replace(query, equal={**query.equal, column: value})


def _at_least(column: str) -> Callable[[SearchQuery, float], SearchQuery]:
    return lambda query, value: replace(query, at_least={**query.at_least, column: value})


def _expand_date(value: object) -> object:
    """Read a date as its first instant in UTC. Refuse numbers, which Pydantic reads as seconds."""
    if not isinstance(value, str) or not _DATE.match(value):
        raise ValueError("give a date (2026-11-24) or a time with its zone (2026-11-24T10:00:00Z)")
    return f"{value}T00:00:00Z" if _DATE.fullmatch(value) else value


NameText = Annotated[Text, StringConstraints(min_length=1, max_length=200)]
Moment = Annotated[
    AwareDatetime | None,
    AfterValidator(lambda moment: moment and in_utc(moment)),
    BeforeValidator(_expand_date),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class Match(StrEnum):
    """How names are compared: with the beginnings of the names of bodies, too, or with whole names alone."""

    WORDS = "words"
    EXACT = "exact"


class Filters(BaseModel):
    """Filters of both attributions and stances. A date without a time is its first instant in UTC.

    Unknown parameters are refused, so that a misspelt filter is not silently ignored.
    """

    model_config = ConfigDict(extra="forbid")

    # The speaker of a stance is its holder, if the stance comes from an attribution.
    speaker: Annotated[
        NameText | None,
        SearchFilter(narrow=_has_name(HOLDER, attributed=True), label="Speaker", on_stances=False),
    ] = Field(
        None, description="any name of the speaker: surname, full name or acronym; case, accents and titles are ignored"
    )
    match: Annotated[
        Match | None,
        SearchFilter(
            narrow=lambda query, value: replace(query, exact=value is Match.EXACT),
            label="Names",
            input=Input.CHOICE,
            choices=(Match.EXACT,),
        ),
    ] = Field(
        None,
        description='`words` (default): "Norvane" also finds "Norvane Energy", unless a person, place or people has '
        "that whole name; `exact`: whole names only",
    )
    act: Annotated[
        Act | None, SearchFilter(narrow=_equals("act"), label="Act", input=Input.CHOICE, on_stances=False)
    ] = None
    text: Annotated[
        Annotated[Text, StringConstraints(max_length=500)] | None,
        SearchFilter(
            narrow=lambda query, value: replace(query, phrases=full_text.phrases(value)),
            label="Text",
            hint="words and “phrases”",
        ),
    ] = Field(None, description='words and "phrases" that all have to be in the content or evidence; not stemmed')
    feed: Annotated[
        FeedName | None, SearchFilter(narrow=lambda query, value: replace(query, feed=value), label="Feed")
    ] = None
    since: Annotated[
        Moment,
        SearchFilter(
            narrow=lambda query, value: replace(query, since=ledger_time(value)), label="From", input=Input.DATE
        ),
    ] = Field(None, alias="from", description="published at or after; received, if that is unknown")
    until: Annotated[
        Moment,
        SearchFilter(
            narrow=lambda query, value: replace(query, until=ledger_time(value)), label="Before", input=Input.DATE
        ),
    ] = Field(None, alias="to", description="published before")
    min_score: Annotated[Probability | None, SearchFilter(narrow=_at_least("score"))] = None
    copies: Annotated[
        Copies | None,
        SearchFilter(
            narrow=lambda query, value: replace(query, all_copies=value is Copies.ALL),
            label="Copies",
            input=Input.CHOICE,
        ),
    ] = Field(None, description="`all` counts every copy of a story; otherwise its first copy in the feeds searched")

    @model_validator(mode="after")
    def _require_order(self) -> Self:
        if self.since and self.until and self.since >= self.until:
            raise ValueError("from has to be before to")
        return self


class StanceOnlyFilters(BaseModel):
    """Filters that only stances have."""

    holder: Annotated[NameText | None, SearchFilter(narrow=_has_name(HOLDER), label="Holder")] = Field(
        None, description="any name of the holder"
    )
    stance: Annotated[
        StanceLabel | None, SearchFilter(narrow=_equals("stance"), label="Stance", input=Input.CHOICE)
    ] = None
    target: Annotated[NameText | None, SearchFilter(narrow=_has_name(TARGET), label="Target")] = Field(
        None, description="any name of the target"
    )
    topic: Annotated[TopicId | None, SearchFilter(narrow=_equals("topic"), label="Topic", input=Input.TOPIC)] = Field(
        None, description="the ID of a topic"
    )


def search_query(filters: BaseModel, caller: Caller) -> SearchQuery:
    """Return the query for what the filters select among the feeds that the caller sees.

    Raises `InvalidInput` for a value that cannot be searched for.
    """
    query = SearchQuery(feeds=caller.feeds)
    for name, field in type(filters).model_fields.items():
        value = getattr(filters, name)
        for search_filter in field.metadata:
            if isinstance(search_filter, SearchFilter) and value is not None:
                try:
                    query = search_filter.narrow(query, value)
                except ValueError as error:
                    raise InvalidInput(field.alias or name, str(error)) from error
    return query


@dataclass(frozen=True, slots=True)
class FormField:
    """A filter as a form shows it. ``choices`` are the values of a choice."""

    name: str
    label: str
    input: Input
    hint: str
    choices: tuple[str, ...]


def form_fields(model: type[BaseModel]) -> tuple[FormField, ...]:
    """Return the fields of the form for a model of filters, with those that only stances have first."""
    is_stances = issubclass(model, StanceOnlyFilters)
    names = sorted(model.model_fields, key=lambda name: name not in StanceOnlyFilters.model_fields)
    return tuple(
        FormField(
            field.alias or name,
            item.label,
            item.input,
            item.hint,
            (item.choices or _choices(field.annotation)) if item.input is Input.CHOICE else (),
        )
        for name in names
        for field in (model.model_fields[name],)
        for item in field.metadata
        if isinstance(item, SearchFilter) and item.label and (item.on_stances if is_stances else item.on_attributions)
    )


def _choices(annotation: Any) -> tuple[str, ...]:
    """Return the values of the enum in ``Enum | None``."""
    [enum] = [part for part in annotation.__args__ if isinstance(part, type) and issubclass(part, StrEnum)]
    return tuple(enum)
