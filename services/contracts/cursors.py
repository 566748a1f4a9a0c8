"""Opaque page cursors: the key of the last item of a page, in a form that clients return unchanged."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID

_PAGE_KEY: Final = re.compile(r"(-?\d{1,18})\.(\d{1,18})", re.ASCII)
_RESULT: Final = re.compile(r"(?:([0-9a-f]{1,16}):)?(\d{1,18})", re.ASCII)  # 18 digits fit into a BIGINT


@dataclass(frozen=True, slots=True)
class ResultCursor:
    """The sequence number of the last result that a reader has, and the epoch that it belongs to; "" if unknown."""

    epoch: str
    sequence: int


def encode(value: str) -> str:
    """Return the cursor for ``value``."""
    return base64.urlsafe_b64encode(value.encode()).decode().rstrip("=")


def decode(cursor: str) -> str:
    """Return the value of a cursor. Raises ValueError for a string that is not one of our cursors."""
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except ValueError as error:  # neither base64 nor ASCII inside
        raise ValueError("is not a cursor issued by this service") from error


def encode_result(cursor: ResultCursor) -> str:
    """Return the cursor behind a result in the list of results."""
    return encode(f"{cursor.epoch}:{cursor.sequence}")


def decode_result(cursor: str) -> ResultCursor:
    """Return the epoch and the sequence number in a cursor of results. Raises ValueError."""
    match = _RESULT.fullmatch(decode(cursor))
    if match is None:
        raise ValueError("is not a cursor issued by this service")
    return ResultCursor(match[1] or "", int(match[2]))


def encode_page_key(at_ms: int, row_id: int) -> str:
    """Return the cursor for a row ordered by its time (milliseconds) and ID."""
    return encode(f"{at_ms}.{row_id}")


def decode_page_key(cursor: str) -> tuple[int, int]:
    """Return the time (milliseconds) and the row ID in a cursor of attributions or stances. Raises ValueError."""
    match = _PAGE_KEY.fullmatch(decode(cursor))
    if match is None:
        raise ValueError("is not a cursor issued by this service")
    return int(match[1]), int(match[2])


def encode_name(key: str, kind: str) -> str:
    """Return the cursor behind an entity in a list of entities."""
    return base64.urlsafe_b64encode(f"{kind}:{key}".encode()).decode().rstrip("=")


def decode_name(cursor: str) -> tuple[str, str]:
    """Return the normalised name and the type in a cursor of entities. Raises ValueError."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except ValueError as error:
        raise ValueError("is not a cursor issued by this service") from error
    kind, separator, key = text.partition(":")
    if not separator or not key or "\x00" in key:
        raise ValueError("is not a cursor issued by this service")
    return key, kind


def decode_id(cursor: str) -> UUID:
    """Return the ID in a cursor of jobs. Raises ValueError."""
    try:
        return UUID(decode(cursor))
    except ValueError as error:
        raise ValueError("is not a cursor issued by this service") from error
