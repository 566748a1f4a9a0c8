"""Opaque cursors: where a page ended, in a form that clients hand back and do not read."""

from __future__ import annotations

import base64
import re
from typing import Final
from uuid import UUID

_PLACE: Final = re.compile(r"(-?\d{1,18})\.(\d{1,18})", re.ASCII)


def encode(value: str) -> str:
    """A cursor for ``value``."""
    return base64.urlsafe_b64encode(value.encode()).decode().rstrip("=")


def decode(cursor: str) -> str:
    """The value of a cursor. Raises ValueError for what is none of ours."""
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except ValueError as error:  # no base64, or no ASCII in it
        raise ValueError("is not a cursor that this service gave out") from error


def decode_sequence(cursor: str) -> int:
    """The sequence in a cursor of results."""
    value = decode(cursor)
    if not value.isdigit() or len(value) > 18:  # noqa: PLR2004 -- what a BIGINT surely holds
        raise ValueError("is not a cursor that this service gave out")
    return int(value)


def encode_page_key(at: int, key: int) -> str:
    """A cursor for a place in the order of time."""
    return encode(f"{at}.{key}")


def decode_page_key(cursor: str) -> tuple[int, int]:
    """The time and the ID in a cursor of attributions or stances."""
    found = _PLACE.fullmatch(decode(cursor))
    if found is None:
        raise ValueError("is not a cursor that this service gave out")
    return int(found[1]), int(found[2])


def decode_id(cursor: str) -> UUID:
    """The ID in a cursor of jobs."""
    try:
        return UUID(decode(cursor))
    except ValueError as error:
        raise ValueError("is not a cursor that this service gave out") from error
