"""What all contracts have in common: immutable models, and the kinds of value their fields hold."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_NUMBER: Final = re.compile(r"\s*[+-]?[\d.]+\s*")


def _storable(value: str) -> str:
    """Refuse what neither UTF-8 nor PostgreSQL can hold."""
    found = _UNSTORABLE.search(value)
    if found:
        what = "a NUL character" if found.group() == "\x00" else "half of a surrogate pair"
        raise ValueError(f"holds {what} at offset {found.start()}")
    return value


def not_blank(value: str) -> str:
    """Refuse a text without a word."""
    if not value.strip():
        raise ValueError("holds nothing but white space")
    return value


def one_line(value: str) -> str:
    """Refuse what would not stand on a line: line ends and other control characters."""
    if not value.isprintable():
        raise ValueError("must hold printable characters")
    return value


def in_utc(value: datetime) -> datetime:
    """Refuse what lies outside the calendar once it is counted in UTC, as the ledger counts it."""
    try:
        value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("lies outside the years 1 to 9999 in UTC") from error
    return value


def no_number(value: object) -> object:
    """Refuse a bare number as an instant: whether it counts seconds or milliseconds would be a guess."""
    if isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
        raise ValueError("is a number; write a date and a time with its offset (RFC 3339)")
    return value


def number(value: object) -> object:
    """Refuse what is written as no number: a ``false`` that became 0 would do harm. 8.0 is the integer 8, as in JSON Schema."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("is no number")  # noqa: TRY004 -- pydantic hears ValueError alone
    return value


# What the validators keep, said in the schema; a lone surrogate is no character to a pattern.
_NO_NUL: Final = Field(json_schema_extra={"pattern": r"^[^\u0000]*$"})
NOT_BLANK: Final = Field(json_schema_extra={"pattern": r"^\s*[^\s\u0000][^\u0000]*$"})

Text = Annotated[str, AfterValidator(_storable), _NO_NUL]
# The constraints come first: what is measured is what is left once it is stripped.
Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(_storable), _NO_NUL]
Identifier = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500),
    AfterValidator(_storable),
    AfterValidator(not_blank),  # pydantic strips after it has measured
    NOT_BLANK,
]
Address = Annotated[
    str,
    StringConstraints(pattern=r"^https?://\S", max_length=2000),
    AfterValidator(_storable),
    Field(json_schema_extra={"pattern": r"^https?://[^\s\u0000][^\u0000]*$"}),
]
FeedName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
LanguageTag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}$")]
Probability = Annotated[float, Field(ge=0, le=1)]


class Contract(BaseModel):
    """Base of all contracts: immutable, and no field that is not declared."""

    # A value that does not fit is not repeated in the error's text, which may end in a log.
    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True, hide_input_in_errors=True
    )


class Warned(Contract):
    """Something a reader of the result should know; ``code`` is stable, ``detail`` is for people."""

    code: str
    detail: str


def instant(milliseconds: int) -> datetime:
    """The UTC instant of a ledger time (milliseconds since 1970)."""
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
