"""Words to the pieces of the encoder's vocabulary, by the longest match first (Wu et al., arXiv 1609.08144).

The library that encoders usually come with would bring a client for model hubs into every worker; what is
needed of it is this. Pieces are looked up per word, so that a span of words never cuts one.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

PIECES: Final = 12  # of one word at most: a longer one is a URL or noise, and must not fill a window
_LETTERS: Final = 64
_REMEMBERED: Final = 50_000


class WordPieces:
    """A vocabulary; ``of`` gives the pieces of one word."""

    def __init__(self, vocabulary: Path) -> None:
        """Read one piece a line; its number is its line's, from 0. Raises ``OSError``, and ``KeyError`` without the marks."""
        pieces = vocabulary.read_text("utf-8").split("\n")
        self._numbers = {piece: number for number, piece in enumerate(pieces) if piece}
        self.unknown = self._numbers["[UNK]"]
        self.begin = self._numbers["[CLS]"]
        self.end = self._numbers["[SEP]"]
        self.of = lru_cache(maxsize=_REMEMBERED)(self._of)

    def __contains__(self, word: object) -> bool:
        """Whether ``word``, in lower case, is a piece of its own: a word that is not rare."""
        return word in self._numbers

    def _of(self, word: str) -> tuple[int, ...]:
        """Return the numbers of a word's pieces, between 1 and ``PIECES``; case and accents are dropped first."""
        numbers: list[int] = []
        for part in _parts(word[: 4 * _LETTERS]):
            numbers += self._split(part) if len(part) <= _LETTERS else [self.unknown]
            if len(numbers) >= PIECES:
                break
        return tuple(numbers[:PIECES]) or (self.unknown,)

    def _split(self, part: str) -> list[int]:
        """Split by the longest piece that fits, again and again; a part with a stretch that no piece fits is unknown."""
        numbers = []
        start = 0
        while start < len(part):
            for end in range(len(part), start, -1):
                number = self._numbers.get(("##" if start else "") + part[start:end])
                if number is not None:
                    numbers.append(number)
                    start = end
                    break
            else:
                return [self.unknown]
        return numbers


def _parts(word: str) -> list[str]:
    """Split off every punctuation mark, as the encoder's own training did."""
    parts: list[str] = []
    inside = False
    for char in unicodedata.normalize("NFD", word.lower()):
        category = unicodedata.category(char)
        if category == "Mn" or category[0] == "C":
            continue
        if category[0] == "P" or (char.isascii() and not char.isalnum()):
            parts.append(char)
            inside = False
        elif inside:
            parts[-1] += char
        else:
            parts.append(char)
            inside = True
    return parts
