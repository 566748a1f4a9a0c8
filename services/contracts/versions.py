"""The order of versions of a story: which of two is the newer, whatever order they arrive in."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final, NamedTuple

_NUMBERS: Final = re.compile(r"v?(\d{1,18}(?:\.\d{1,18}){0,5})", re.ASCII | re.IGNORECASE)


class Version(NamedTuple):
    """The version of a story as its sender gives it: its name, and when it was created."""

    name: str | None
    created: datetime | None


def compare_versions(version: Version, other: Version) -> int | None:
    """Return 1 if ``version`` is newer, -1 if it is older, 0 if both are the same version; None if nothing tells.

    Numbers decide (``2``, ``1.10``), then times in place of numbers, then the times of creation.
    """
    numbers, times = (_numbers(version.name), _numbers(other.name)), (_time(version.name), _time(other.name))
    if numbers[0] is not None and numbers[1] is not None and numbers[0] != numbers[1]:
        return 1 if numbers[0] > numbers[1] else -1
    if times[0] is not None and times[1] is not None and times[0] != times[1]:
        return 1 if times[0] > times[1] else -1
    if version.created is not None and other.created is not None and version.created != other.created:
        return 1 if version.created > other.created else -1
    return 0 if version.name is not None and version.name == other.name else None


def _numbers(name: str | None) -> tuple[int, ...] | None:
    match = _NUMBERS.fullmatch(name or "")
    return None if match is None else tuple(map(int, match[1].split(".")))


def _time(name: str | None) -> float | None:
    try:
        moment = datetime.fromisoformat(name or "")
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
