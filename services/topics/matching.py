"""Find the names and aliases of topics in a text, in time linear in the text for any number of topics.

Matches begin and end at word boundaries. The case of an alias decides how it matches:

- A lower-case word matches in any case.
- A word with a capital matches as written ("Turkey" is not "turkey") or all in capitals, as in headlines.
- A word all in capitals matches as written ("US" is not "us"); from four letters on also as a name ("NATO", "Nato").

Between words, any run of spaces and hyphens is the same, and a curly apostrophe equals a straight one. There is no
inflection: "tariff" does not match "tariffs", which has to be an alias itself.
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
    """A mention of a topic: the code points ``start`` to ``end`` of the text, and the topic's ID."""

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
        """Index the topics' names and aliases; an alias without a letter or digit never matches."""
        self._by_first_word: dict[str, list[_Alias]] = {}
        for topic in topics:
            for name in {topic.name, *topic.aliases}:
                words, gaps = _split(name)
                if words:
                    alias = _Alias(tuple(words), tuple(gaps), topic.id)
                    self._by_first_word.setdefault(words[0].casefold(), []).append(alias)

    def find(self, text: str) -> Iterator[Match]:
        """Yield all matches in the order of the text.

        Two aliases of one topic that match at the same position give two matches.
        """
        if not self._by_first_word:
            return
        words = list(_WORD.finditer(text))
        for index, word in enumerate(words):
            for alias in self._by_first_word.get(word.group().casefold(), ()):
                if _matches(alias, text, words[index : index + len(alias.words)]):
                    yield Match(word.start(), words[index + len(alias.words) - 1].end(), alias.topic)

    def topics_of(self, text: str) -> frozenset[str]:
        """Return the IDs of all topics that the text mentions."""
        return frozenset(match.topic for match in self.find(text))


def contains_word(alias: str) -> bool:
    """Return whether the alias contains a letter or digit, so that it can match."""
    return _WORD.search(alias) is not None


def _split(alias: str) -> tuple[list[str], list[str]]:
    """Return the words of an alias and the normalised text between them."""
    words = list(_WORD.finditer(alias))
    gaps = [_normalise_gap(alias[left.end() : right.start()]) for left, right in pairwise(words)]
    return [word.group() for word in words], gaps


def _matches(alias: _Alias, text: str, words: Sequence[re.Match[str]]) -> bool:
    """Return whether consecutive words of the text, with the text between them, match an alias."""
    if len(words) < len(alias.words):
        return False
    if not all(_same_word(expected, word.group()) for expected, word in zip(alias.words, words, strict=True)):
        return False
    pairs = zip(alias.gaps, words, words[1:], strict=False)
    return all(gap == _normalise_gap(text[left.end() : right.start()]) for gap, left, right in pairs)


def _same_word(expected: str, word: str) -> bool:
    if word == expected or word == expected.upper():
        return True
    if expected.islower():
        return word.casefold() == expected.casefold()
    return expected.isupper() and len(expected) >= _NAME_LETTERS and word == expected.capitalize()


def _normalise_gap(between: str) -> str:
    return _SPACE.sub(" ", between).replace("’", "'")
