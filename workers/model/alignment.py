"""The character offsets of the encoder's words, and the mapping from character spans to words."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from workers.model.inputs import EncoderInput


@dataclass(slots=True)
class AlignedWords:
    """The encoder's words of one document, with the character offsets where each starts and ends."""

    words: EncoderInput
    starts: list[int]
    ends: list[int]

    @classmethod
    def of(cls, doc: Doc, words: EncoderInput) -> Self:
        """Read the offsets of ``words`` in ``doc``; the document itself is not kept."""
        tokens = [doc[i] for i in words.tokens]
        return cls(words, [token.idx for token in tokens], [token.idx + len(token) for token in tokens])

    def span(self, start: int, end: int) -> tuple[int, int] | None:
        """Return the words of which at least half is inside the characters ``start`` to ``end``, or None."""
        first, last = bisect_right(self.ends, start), bisect_left(self.starts, end)
        while first < last and not self._is_mostly_inside(first, start, end):
            first += 1
        while last > first and not self._is_mostly_inside(last - 1, start, end):
            last -= 1
        return (first, last) if first < last else None

    def _is_mostly_inside(self, i: int, start: int, end: int) -> bool:
        overlap = min(end, self.ends[i]) - max(start, self.starts[i])
        return 2 * overlap >= self.ends[i] - self.starts[i]
