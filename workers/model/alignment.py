"""Where the encoder's words stand in the text: from offsets in characters to words."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from workers.model.inputs import EncoderInput


@dataclass(slots=True)
class AlignedWords:
    """Words with their offsets."""

    words: EncoderInput
    starts: list[int]
    ends: list[int]

    @classmethod
    def of(cls, doc: Doc, words: EncoderInput) -> Self:
        """Place the words of a document; the document itself is not kept."""
        tokens = [doc[i] for i in words.tokens]
        return cls(words, [token.idx for token in tokens], [token.idx + len(token) for token in tokens])

    def span(self, start: int, end: int) -> tuple[int, int] | None:
        """Return the words that lie in a stretch of characters by half or more, if any."""
        first, last = bisect_right(self.ends, start), bisect_left(self.starts, end)
        while first < last and not self._mostly(first, start, end):
            first += 1
        while last > first and not self._mostly(last - 1, start, end):
            last -= 1
        return (first, last) if first < last else None

    def _mostly(self, i: int, start: int, end: int) -> bool:
        shared = min(end, self.ends[i]) - max(start, self.starts[i])
        return 2 * shared >= self.ends[i] - self.starts[i]
