"""Words that take a side, and which side."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from services.contracts import StanceLabel
from workers.english.lexicon import inflect

IRREGULAR = {
    "back": {},
    "beat": {"past": "beat", "participle": "beaten"},
    "fight": {"past": "fought"},
    "shoot": {"past": "shot"},
    "hit": {"past": "hit"},
    "hurt": {"past": "hurt"},
    "strike": {"past": "struck"},
    "meet": {"past": "met"},
    "stand": {"past": "stood"},
    "speak": {"past": "spoke"},
    "overthrow": {"past": "overthrew", "participle": "overthrown"},
    "go": {"past": "went"},
    "rip": {"past": "ripped"},
    "ban": {"past": "banned"},
    "rebuff": {"past": "rebuffed"},
    "troll": {},
    "sue": {},
    "snub": {"past": "snubbed"},
}


def _entries(name: str) -> list[tuple[StanceLabel, str]]:
    text = files(__package__).joinpath(name).read_text("utf-8")
    rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return [(StanceLabel(side), word) for side, *words in rows for word in words]


@cache
def verbs() -> dict[str, tuple[StanceLabel, tuple[str, ...]]]:
    """Return, by its first word in each form, the side that a verb takes and the words that follow it ("vote for")."""
    found: dict[str, tuple[StanceLabel, tuple[str, ...]]] = {}
    for side, verb in _entries("verbs.txt"):
        first, *rest = verb.split("_")
        for form in {first, *({**inflect(first), **IRREGULAR.get(first, {})}).values()}:
            found.setdefault(form, (side, tuple(rest)))
    return found


@cache
def nouns() -> dict[str, StanceLabel]:
    """Return the side that a noun takes."""
    return {noun: side for side, noun in _entries("nouns.txt")}


@cache
def feelings() -> dict[str, StanceLabel]:
    """Return the side that a word of praise or blame takes."""
    return {word: side for side, word in _entries("feelings.txt")}
