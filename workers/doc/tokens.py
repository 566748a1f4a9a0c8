"""A plain view of a ``Doc``: its words as strings, and the way from character offsets to tokens."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

from spacy.tokens import Doc


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words of a document as Python strings, with what the rules ask of them again and again.

    ``first`` and ``last`` give, for each token, the first token of its sentence and the one after its last.
    """

    words: list[str]
    lower: list[str]
    first: list[int]
    last: list[int]

    @classmethod
    def of(cls, doc: Doc) -> Tokens:
        """Read the words of ``doc`` and its sentence starts; a document without sentences is one sentence."""
        words = [token.text for token in doc]
        starts = [i for i, token in enumerate(doc) if token.is_sent_start or i == 0]
        first: list[int] = []
        last: list[int] = []
        for start, end in pairwise([*starts, len(words)]):
            first += [start] * (end - start)
            last += [end] * (end - start)
        return cls(words, [word.lower() for word in words], first, last)

    def __len__(self) -> int:
        """Count the tokens."""
        return len(self.words)

    def at(self, i: int) -> str:
        """Return token ``i`` in lower case, or nothing outside the text."""
        return self.lower[i] if 0 <= i < len(self.lower) else ""


class Offsets:
    """From character offsets to tokens of one document."""

    def __init__(self, doc: Doc) -> None:
        """Read the token offsets of ``doc`` once."""
        self.starts = [token.idx for token in doc]

    def token(self, char: int) -> int:
        """Return the token that covers the character at ``char``, or the space before the next token."""
        return max(0, bisect_right(self.starts, char) - 1)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the tokens that cover characters ``start`` to ``end``, end exclusive."""
        return self.token(start), self.token(end - 1) + 1
