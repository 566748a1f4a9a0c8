"""Plain Python views of a ``Doc``: its tokens as strings, and a map from character offsets to tokens."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

from spacy.tokens import Doc


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a document as Python strings, which rules read far faster than spaCy's tokens.

    ``words`` are the tokens as written and ``lower`` the same in lower case. For each token, ``sentence_start`` is the
    first token of its sentence and ``sentence_end`` the token after the last.
    """

    words: list[str]
    lower: list[str]
    sentence_start: list[int]
    sentence_end: list[int]

    @classmethod
    def of(cls, doc: Doc) -> Tokens:
        """Read the tokens and sentence starts of ``doc``; a document without sentences counts as one sentence."""
        words = [token.text for token in doc]
        starts = [i for i, token in enumerate(doc) if token.is_sent_start or i == 0]
        sentence_start: list[int] = []
        sentence_end: list[int] = []
        for start, end in pairwise([*starts, len(words)]):
            sentence_start += [start] * (end - start)
            sentence_end += [end] * (end - start)
        return cls(words, [word.lower() for word in words], sentence_start, sentence_end)

    def __len__(self) -> int:
        """Return the number of tokens."""
        return len(self.words)

    def at(self, i: int) -> str:
        """Return token ``i`` in lower case, or an empty string if ``i`` is outside the text."""
        return self.lower[i] if 0 <= i < len(self.lower) else ""


class Offsets:
    """Maps character offsets of one document to token indices."""

    def __init__(self, doc: Doc) -> None:
        """Read the token offsets of ``doc`` once."""
        self.starts = [token.idx for token in doc]

    def token(self, char: int) -> int:
        """Return the token that covers the character at ``char``; white space belongs to the token before it."""
        return max(0, bisect_right(self.starts, char) - 1)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the token span that covers characters ``start`` to ``end``, end exclusive."""
        return self.token(start), self.token(end - 1) + 1
