"""Spans in a text, and the match of predicted attributions with those of the gold by the words they have in common."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

Row = dict[str, Any]
Words = frozenset[int]
Span = tuple[int, int]

ROLES: Final = ("source", "cue", "content")
MIN_OVERLAP: Final = 0.5  # intersection over union that each role needs for an attribution to count as correct
_WORD: Final = re.compile(r"\w+")
_EDGE_PUNCTUATION: Final = ",.;:"


class IndexedText:
    """A text and the offsets of its words."""

    def __init__(self, text: str) -> None:
        """Find the words: runs of letters, digits and underscores."""
        self.text = text
        self._words = [match.span() for match in _WORD.finditer(text)]

    def checked_spans(self, spans: Iterable[Sequence[int]]) -> list[Span]:
        """Return spans as pairs; raises ``ValueError`` for a span that is empty or extends outside the text."""
        pairs = [(start, end) for start, end in spans]
        for start, end in pairs:
            if not 0 <= start < end <= len(self.text):
                raise ValueError(f"the span {start} to {end} is not inside a text of {len(self.text)} characters")
        return pairs

    def words(self, spans: Iterable[Span]) -> Words:
        """Return the numbers of the words that overlap any of the spans."""
        pairs = list(spans)
        return frozenset(
            number
            for number, (word_start, word_end) in enumerate(self._words)
            if any(word_start < end and start < word_end for start, end in pairs)
        )

    def trimmed(self, span: Span) -> Span:
        """Return a span without white space, commas, full stops, semicolons and colons at its edges."""
        start, end = span
        while start < end and self._is_edge_character(start):
            start += 1
        while end > start and self._is_edge_character(end - 1):
            end -= 1
        return start, end

    def _is_edge_character(self, offset: int) -> bool:
        return self.text[offset] in _EDGE_PUNCTUATION or self.text[offset].isspace()


def role_overlaps(first: Sequence[Words], second: Sequence[Words]) -> list[float]:
    """Return the intersection over union of each role; two empty roles are equal."""
    return [len(a & b) / len(a | b) if a or b else 1.0 for a, b in zip(first, second, strict=True)]


def role_words(text: IndexedText, attributions: Iterable[Row]) -> list[tuple[Words, ...]]:
    """Return the words of each attribution's source, cue and content."""
    return [
        tuple(text.words(text.checked_spans(attribution.get(role, ()))) for role in ROLES)
        for attribution in attributions
    ]


def match_attributions(gold: Sequence[Sequence[Words]], predicted: Sequence[Sequence[Words]]) -> dict[int, int]:
    """Match predicted attributions to gold ones one to one, closest pairs first: index of predicted -> index of gold.

    A pair needs a content, and an overlap of ``MIN_OVERLAP`` in each role.
    """
    candidates = []
    for predicted_index, predicted_roles in enumerate(predicted):
        for gold_index, gold_roles in enumerate(gold):
            overlaps = role_overlaps(predicted_roles, gold_roles)
            if predicted_roles[-1] and min(overlaps) >= MIN_OVERLAP:
                candidates.append((sum(overlaps), predicted_index, gold_index))
    matches: dict[int, int] = {}
    for _, predicted_index, gold_index in sorted(candidates, reverse=True):
        if predicted_index not in matches and gold_index not in matches.values():
            matches[predicted_index] = gold_index
    return matches
