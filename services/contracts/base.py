"""The common base of all contracts: immutable models, and the types of their fields."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_NUMBER: Final = re.compile(r"\s*[+-]?[\d.]+\s*")
# ISO 639's codes for undetermined, uncoded and several languages.
_NO_LANGUAGE: Final = frozenset({"und", "mis", "mul"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def _storable(value: str) -> str:
    """Reject surrogates, which UTF-8 cannot encode, and NUL, which PostgreSQL cannot store."""
    match = _UNSTORABLE.search(value)
    if match:
        what = "a NUL character" if match.group() == "\x00" else "half of a surrogate pair"
        raise ValueError(f"contains {what} at offset {match.start()}")
    return value


def not_blank(value: str) -> str:
    """Reject a text that consists of white space."""
    if not value.strip():
        raise ValueError("is blank")
    return value


def one_line(value: str) -> str:
    """Reject line breaks and other control characters."""
    if not value.isprintable():
        raise ValueError("must contain printable characters only")
    return value


def in_utc(value: datetime) -> datetime:
    """Reject a time whose UTC equivalent, which the ledger stores, is outside the calendar's years."""
    try:
        value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is outside the years 1 to 9999 in UTC") from error
    return value


def reject_bare_number(value: object) -> object:
    """Reject a bare number as a time, because it could be in seconds or in milliseconds."""
    if isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
        raise ValueError("is a number; write a date and a time with its offset (RFC 3339)")
    return value


def read_language_tag(value: object) -> object:
    """Return a language tag with hyphens (``en_US`` becomes ``en-US``), and None for those that name no language."""
    if not isinstance(value, str):
        return value
    tag = value.strip().replace("_", "-")
    return None if tag.lower() in _NO_LANGUAGE else tag


def require_number(value: object) -> object:
    """Reject values that are not JSON numbers, because ``false`` read as 0 would do harm.

    8.0 counts as the integer 8, as in JSON Schema.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("is not a number")  # noqa: TRY004 -- pydantic handles ValueError, not TypeError
    return value


# The validators' rules as patterns in the schema; a pattern cannot express that lone surrogates are refused.
_NO_NUL: Final = Field(json_schema_extra={"pattern": r"^[^\u0000]*$"})
NOT_BLANK_PATTERN: Final = r"^\s*[^\s\u0000][^\u0000]*$"
NOT_BLANK: Final = Field(json_schema_extra={"pattern": NOT_BLANK_PATTERN})

Text = Annotated[str, AfterValidator(_storable), _NO_NUL]
# The constraints come first, so the length limit applies to the stripped value.
Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(_storable), _NO_NUL]
Identifier = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500),
    AfterValidator(_storable),
    AfterValidator(not_blank),  # pydantic checks the length before it strips
    NOT_BLANK,
]
Address = Annotated[
    str,
    StringConstraints(pattern=r"^https?://\S", max_length=2000),
    AfterValidator(_storable),
    Field(json_schema_extra={"pattern": r"^https?://[^\s\u0000\u0085][^\u0000]*$"}),
]
FeedName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
LanguageTag = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}$"),
    Field(json_schema_extra={"pattern": r"^\s*[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8}){0,4}\s*$"}),
]
Probability = Annotated[float, Field(ge=0, le=1)]


class Contract(BaseModel):
    """Base of all contracts: immutable, without undeclared fields."""

    # Error texts do not repeat an invalid value, because they may be logged.
    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True, hide_input_in_errors=True
    )


class Warned(Contract):
    """A warning or an error: ``code`` is stable, ``detail`` is for people."""

    code: str
    detail: str


def instant(milliseconds: int) -> datetime:
    """Convert a ledger time (milliseconds since 1970) to a UTC datetime.

    Raises OverflowError for a time outside the years 1 to 9999.
    """
    return _EPOCH + milliseconds * _MILLISECOND


def ledger_time(moment: datetime) -> int:
    """Convert a datetime to a ledger time, rounded down, so that `instant` can convert every ledger time back."""
    return (moment - _EPOCH) // _MILLISECOND
