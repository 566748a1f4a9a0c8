"""A finding of `stancewire doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """Whether action is needed: no, perhaps, yes."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: the name of the check, its result (``said``), and the remedy (``fix``, empty if all is well)."""

    check: str
    level: Level
    said: str
    fix: str = ""
