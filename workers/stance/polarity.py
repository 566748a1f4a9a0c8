"""Verbs, nouns and adjectives that express support or opposition."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from services.contracts import StanceLabel
from workers.english.lexicon import verb_forms


def _entries(name: str) -> list[tuple[StanceLabel, str]]:
    """Return the pairs of stance and word of a list in this package; each line is a stance and its words."""
    text = files(__package__).joinpath(name).read_text("utf-8")
    rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return [(StanceLabel(stance), word) for stance, *words in rows for word in words]


@cache
def verbs() -> dict[str, tuple[StanceLabel, tuple[str, ...]]]:
    """Return the verbs that express a stance: first word in each form -> stance, following words ("vote for")."""
    by_first_word: dict[str, tuple[StanceLabel, tuple[str, ...]]] = {}
    for stance, verb in _entries("verbs.txt"):
        first, *rest = verb.split("_")
        for form in set(verb_forms(first).values()):
            by_first_word.setdefault(form, (stance, tuple(rest)))
    return by_first_word


@cache
def nouns() -> dict[str, StanceLabel]:
    """Return the stance that each noun expresses ("criticism")."""
    return {noun: stance for stance, noun in _entries("nouns.txt")}


@cache
def sentiment_words() -> dict[str, StanceLabel]:
    """Return the stance that each word of praise or blame expresses."""
    return {word: stance for stance, word in _entries("sentiment_words.txt")}
