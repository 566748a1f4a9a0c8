"""Finds topics in a text: names and aliases at word bounds, in time linear in the text for any number of topics.

Case counts where an alias has it. A word in lower case is found in any case; a word with a capital only with it
("Turkey" is not a bird), or all in capitals, as headlines are; a word all in capitals only so ("US" is not "us"),
from four letters on also as a name ("NATO", "Nato"). Between words any run of spaces and hyphens is the same; curly
apostrophes are straight ones. Nothing is inflected: "tariff" does not find "tariffs", which is an alias of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from services.contracts import Topic

_WORD: Final = re.compile(r"[^\W_]+")
_SPACE: Final = re.compile(r"[\s\u2010\u2011-]+")
_NAME_LETTERS: Final = 4  # acronyms of at least this many letters are also written as names


@dataclass(frozen=True, slots=True)
class Match:
    """A place that speaks of a topic: code points ``start`` to ``end`` of the text, and the topic's ID."""

    start: int
    end: int
    topic: str


@dataclass(frozen=True, slots=True)
class _Alias:
    words: tuple[str, ...]
    gaps: tuple[str, ...]
    topic: str


class Matcher:
    """Finds topics in texts."""

    def __init__(self, topics: Iterable[Topic]) -> None:
        """Take the topics' names and aliases; one without a letter or digit finds nothing."""
        self._by_first: dict[str, list[_Alias]] = {}
        for topic in topics:
            for written in {topic.name, *topic.aliases}:
                words, gaps = _taken_apart(written)
                if words:
                    alias = _Alias(tuple(words), tuple(gaps), topic.id)
                    self._by_first.setdefault(words[0].casefold(), []).append(alias)

    def find(self, text: str) -> Iterator[Match]:
        """All places, in the order of the text; a topic that two aliases find in one place is there twice."""
        if not self._by_first:
            return
        places = list(_WORD.finditer(text))
        for index, place in enumerate(places):
            for alias in self._by_first.get(place.group().casefold(), ()):
                if _reads(alias, text, places[index : index + len(alias.words)]):
                    yield Match(place.start(), places[index + len(alias.words) - 1].end(), alias.topic)

    def topics_of(self, text: str) -> frozenset[str]:
        """The IDs of all topics that the text speaks of."""
        return frozenset(match.topic for match in self.find(text))


def holds_a_word(alias: str) -> bool:
    """Whether there is a letter or digit to find."""
    return _WORD.search(alias) is not None


def _taken_apart(text: str) -> tuple[list[str], list[str]]:
    places = list(_WORD.finditer(text))
    gaps = [_gap(text[one.end() : other.start()]) for one, other in pairwise(places)]
    return [place.group() for place in places], gaps


def _reads(alias: _Alias, text: str, places: Sequence[re.Match[str]]) -> bool:
    if len(places) < len(alias.words):
        return False
    if not all(_same(word, place.group()) for word, place in zip(alias.words, places, strict=True)):
        return False
    pairs = zip(alias.gaps, places, places[1:], strict=False)
    return all(gap == _gap(text[one.end() : other.start()]) for gap, one, other in pairs)


def _same(wanted: str, found: str) -> bool:
    if found == wanted or found == wanted.upper():
        return True
    if wanted.islower():
        return found.casefold() == wanted.casefold()
    return wanted.isupper() and len(wanted) >= _NAME_LETTERS and found == wanted.capitalize()


def _gap(between: str) -> str:
    return _SPACE.sub(" ", between).replace("’", "'")
