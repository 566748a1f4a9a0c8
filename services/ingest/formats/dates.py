"""Dates as feeds write them: RFC 3339 and ISO 8601 in every precision, RFC 822, and the habits of newsroom systems.

A time without an offset is read as UTC, a date without a time as its first instant in UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz
from typing import Final, NamedTuple

from services.contracts import Warned

_CHARS_MAX: Final = 100  # a longer text is not a date; the limit also bounds the time that the expressions take
_QUOTED_CHARS: Final = 60
_TIMES_OF_DAY_S: Final = 86_400

_ISO: Final = re.compile(
    r"""(?P<year>\d{4})
    (?: -(?P<month>\d{1,2}) (?:-(?P<day>\d{1,2}))?        # 2026-11-23, 2026-11
      | (?P<mark>[/.]) (?P<month2>\d{1,2}) (?P=mark) (?P<day2>\d{1,2})
      | (?P<month3>\d{2}) (?P<day3>\d{2}) )?               # 20261123
    (?: (?:[Tt_\ ]|(?<=\d{8})) (?P<hour>\d{1,2}) :? (?P<minute>\d{2})
        (?: :? (?P<second>\d{2}) (?:[.,](?P<fraction>\d+))? )? )?
    \ ? (?P<zone>[Zz]|[A-Za-z]{2,5}|(?:UTC|GMT)?[+\-\u2212]\d{1,2}(?::?\d{2})?)?""",
    re.VERBOSE,
)
_ISO_DIGITS: Final = frozenset({4, 8, 12, 14})  # digits alone: a year, a day, a minute or a second; others are numbers
_OFFSET: Final = re.compile(r"(?:UTC|GMT)?\s*([+\-\u2212])(\d{1,2}):?(\d{2})?", re.IGNORECASE)
# An offset with a colon, or in parentheses after a name, is not RFC 822, but common.
_HALF_DAY: Final = re.compile(r"\b(\d{1,2})(:\d{2}(?::\d{2})?)\s?([ap])\.?m\b\.?", re.IGNORECASE)
_COLON_OFFSET: Final = re.compile(r"([+-]\d{2}):(\d{2})\s*$")
_ZONE_OFFSET: Final = re.compile(r"\b(?:UTC|GMT)\s*([+-])(\d{1,2}):?(\d{2})?\s*$")
# Abbreviations beyond those of RFC 822 that news systems send, in hours from UTC.
_ZONES: Final[dict[str, float]] = {
    "Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "WET": 0, "BST": 1, "WEST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2,
    "EET": 2, "EEST": 3, "MSK": 3, "IST": 5.5, "HKT": 8, "SGT": 8, "AWST": 8, "JST": 9, "KST": 9, "ACST": 9.5,
    "AEST": 10, "AET": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "EST": -5, "EDT": -4, "ET": -5, "CST": -6, "CDT": -5,
    "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "PT": -8, "AKST": -9, "AKDT": -8, "HST": -10, "NST": -3.5, "AST": -4,
    "ADT": -3,
}  # fmt: skip


class ReadDate(NamedTuple):
    """A date that was read, or None with the warning that says so."""

    value: datetime | None
    warnings: tuple[Warned, ...] = ()


def read_date(text: object, field: str = "published_at") -> ReadDate:
    """Read a date in any known form. Nothing is read from a blank text and None; ``field`` names the date in warnings.

    The warning ``date_unreadable`` stands for text that is not a date, and for a bare number, since that could be in
    seconds or in milliseconds.
    """
    if text is None or (isinstance(text, str) and not text.strip()):
        return ReadDate(None)
    value = parse_date(text) if isinstance(text, str) else None
    if value is not None:
        return ReadDate(value)
    shown = str(text).strip()
    shown = shown if len(shown) <= _QUOTED_CHARS else shown[:_QUOTED_CHARS] + "…"
    detail = f"{field}: {shown!r} cannot be read as a date; the article was accepted without it"
    return ReadDate(None, (Warned(code="date_unreadable", detail=detail),))


def parse_date(text: str) -> datetime | None:
    """Return the moment in UTC that a text names, or None."""
    text = " ".join(text.split())
    if not text or len(text) > _CHARS_MAX:
        return None
    try:
        moment = _parse_iso(text) or _parse_rfc822(text)
        return None if moment is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):  # a day that the calendar does not have, or a time outside its years
        return None


def _parse_iso(text: str) -> datetime | None:
    match = _ISO.fullmatch(text)
    if match is None or (text.isdigit() and len(text) not in _ISO_DIGITS):
        return None
    part = match.groupdict()
    month = part["month"] or part["month2"] or part["month3"]
    day = part["day"] or part["day2"] or part["day3"]
    if part["hour"] is None and part["zone"] and not (day and (":" in part["zone"] or part["zone"] in "Zz")):
        return None  # "2003-335" is not a year with an offset
    zone = _read_zone(part["zone"] or "Z")
    if zone is None or (part["hour"] and not day):
        return None
    midnight = datetime(int(part["year"]), int(month or 1), int(day or 1), tzinfo=zone)
    time = _add_time(midnight, *(int(part[name] or 0) for name in ("hour", "minute", "second")))
    return time + timedelta(microseconds=int(((part["fraction"] or "") + "000000")[:6]))


def _add_time(midnight: datetime, hour: int, minute: int, second: int) -> datetime:
    """Return the time of a day, where 24:00 is the end of the day and second 60 a leap second. Raises ValueError."""
    seconds = hour * 3600 + minute * 60 + second
    if minute > 59 or second > 60 or seconds > _TIMES_OF_DAY_S:  # noqa: PLR2004 -- the clock's own numbers
        raise ValueError("not a time of day")
    return midnight + timedelta(seconds=seconds)


def _read_zone(text: str) -> timezone | None:
    """Return the time zone of an offset or an abbreviation, or None if it is unknown. Raises ValueError."""
    hours = _ZONES.get(text.upper())
    if hours is not None:
        return timezone(timedelta(hours=hours))
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    return timezone(offset if match[1] == "+" else -offset)


def _parse_rfc822(text: str) -> datetime | None:
    """Parse RFC 822 and RFC 2822 dates, with or without weekday, seconds and offset, as `email.utils` does."""
    if text.isdigit() or not any(character.isalpha() for character in text):
        return None
    text = _ZONE_OFFSET.sub(lambda match: f"{match[1]}{int(match[2]):02}{match[3] or '00'}", text)
    text = _HALF_DAY.sub(lambda match: f"{int(match[1]) % 12 + (12 if match[3] in 'pP' else 0)}{match[2]}", text)
    text = _COLON_OFFSET.sub(r"\1\2", text)
    words = text.rsplit(" ", 1)
    zone = _ZONES.get(words[-1].upper().strip("()"))
    if zone is not None and len(words) > 1:  # email.utils reads an unknown abbreviation as UTC
        text = f"{words[0]} {'-' if zone < 0 else '+'}{int(abs(zone)):02}{int(abs(zone) % 1 * 60):02}"
    parsed = parsedate_tz(text) or parsedate_tz(f"{text} 00:00:00 +0000")
    if parsed is None:
        return None
    year, month, day, hour, minute, second = parsed[:6]
    offset = timezone(timedelta(seconds=parsed[9] or 0))
    return _add_time(datetime(year, month, day, tzinfo=offset), hour, minute, second)
