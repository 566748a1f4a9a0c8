"""Splits words into the pieces of the encoder's vocabulary, longest match first (Wu et al., arXiv 1609.08144).

This is our own because the usual library would bring a client for model hubs into every worker. Pieces are looked up
word by word, so a span of words never ends inside a piece.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

MAX_PIECES: Final = 12  # of one word; a longer word is a URL or noise and must not fill a window
_MAX_LETTERS: Final = 64
_CACHED_WORDS: Final = 50_000


class WordPieces:
    """A vocabulary of word pieces.

    ``unknown``, ``begin`` and ``end`` are the numbers of the pieces ``[UNK]``, ``[CLS]`` and ``[SEP]``.
    ``pieces_of(word)`` returns the numbers of a word's pieces.
    """

    def __init__(self, vocabulary: Path) -> None:
        """Read a file with one piece per line; a piece's number is its line, counted from 0.

        Raises ``OSError`` if the file cannot be read and ``KeyError`` if it lacks one of the three special pieces.
        """
        pieces = vocabulary.read_text("utf-8").split("\n")
        self._numbers = {piece: number for number, piece in enumerate(pieces) if piece}
        self.unknown = self._numbers["[UNK]"]
        self.begin = self._numbers["[CLS]"]
        self.end = self._numbers["[SEP]"]
        self.pieces_of = lru_cache(maxsize=_CACHED_WORDS)(self._pieces_of)

    def __contains__(self, word: object) -> bool:
        """Whether ``word``, in lower case, is a single piece: a word that is not rare."""
        return word in self._numbers

    def _pieces_of(self, word: str) -> tuple[int, ...]:
        """Return the numbers of 1 to ``MAX_PIECES`` pieces; case and accents are dropped first."""
        numbers: list[int] = []
        for part in _split_punctuation(word[: 4 * _MAX_LETTERS]):
            numbers += self._split(part) if len(part) <= _MAX_LETTERS else [self.unknown]
            if len(numbers) >= MAX_PIECES:
                break
        return tuple(numbers[:MAX_PIECES]) or (self.unknown,)

    def _split(self, part: str) -> list[int]:
        """Take the longest matching piece repeatedly; the whole part is unknown if nothing matches at some point."""
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


def _split_punctuation(word: str) -> list[str]:
    """Return the parts of a word with every punctuation mark on its own, as in the encoder's pretraining."""
    parts: list[str] = []
    in_part = False
    for char in unicodedata.normalize("NFD", word.lower()):
        category = unicodedata.category(char)
        if category == "Mn" or category[0] == "C":
            continue
        if category[0] == "P" or (char.isascii() and not char.isalnum()):
            parts.append(char)
            in_part = False
        elif in_part:
            parts[-1] += char
        else:
            parts.append(char)
            in_part = True
    return parts
