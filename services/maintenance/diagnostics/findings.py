"""Findings of the checks of `stancewire doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """Whether something has to be done: no, look at it, yes."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: what was looked at, how it is, and what to do (nothing where all is well)."""

    check: str
    level: Level
    said: str
    fix: str = ""
