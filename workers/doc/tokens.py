"""Plain Python views of a ``Doc``: its tokens as strings, and a map from character offsets to tokens."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from spacy.attrs import IDX, SENT_START  # type: ignore[import-not-found]  # a compiled module without stubs
from spacy.tokens import Doc

_KEPT: Final = "stancewire_tokens"  # among the user data of a document


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
        """Return the tokens of ``doc`` with its sentences; a document without sentences counts as one sentence.

        Every component asks for them, so they are kept with the document until its sentences or tokens change.
        """
        marks = doc.to_array(SENT_START)
        kept: tuple[bytes, Tokens] | None = doc.user_data.get(_KEPT)
        if kept is not None and kept[0] == marks.tobytes():
            return kept[1]
        tokens = cls._read(doc, [i for i, mark in enumerate(marks.tolist()) if mark == 1 or i == 0])
        doc.user_data[_KEPT] = (marks.tobytes(), tokens)
        return tokens

    @classmethod
    def _read(cls, doc: Doc, starts: list[int]) -> Tokens:
        words = [token.text for token in doc]
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
        self.starts: list[int] = doc.to_array(IDX).tolist()

    def token(self, char: int) -> int:
        """Return the token that covers the character at ``char``; white space belongs to the token before it."""
        return max(0, bisect_right(self.starts, char) - 1)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the token span that covers characters ``start`` to ``end``, end exclusive."""
        return self.token(start), self.token(end - 1) + 1
