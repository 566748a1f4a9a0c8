"""A document as the network's input: words, their word pieces, and what the pieces do not show.

The vocabulary is lower-case, and white space is not a word. Each word therefore also carries its ``Shape`` and its
position type: whether it begins a paragraph or a sentence, whether it is inside quotation marks, and whether it is part
of a claim.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from enum import IntEnum
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final

from workers.doc.tokens import Tokens

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from workers.model.wordpiece import WordPieces


class Shape(IntEnum):
    """How a word is written."""

    NONE = 0  # the encoder's own begin and end marks
    LOWER = 1
    TITLE = 2
    UPPER = 3
    MIXED = 4
    LETTER = 5  # one capital
    DIGITS = 6
    OTHER = 7


class Start(IntEnum):
    """The unit of text that a word begins, if any."""

    NOTHING = 1
    SENTENCE = 2
    PARAGRAPH = 3


# A position type is a ``Start``, plus ``QUOTED`` between quotation marks; or ``CLAIM``; or 0 for the encoder's marks.
QUOTED = 4
CLAIM = 8  # every word of a claim that is read together with a statement
POSITION_TYPES = 9
# Prose has about 1.4 pieces per word; the network takes its time by piece.
MAX_PIECES_PER_WORD: Final = 1.75


def word_shape(word: str) -> Shape:
    """Return how ``word`` is written."""
    if not any(char.isalpha() for char in word):
        return Shape.DIGITS if any(char.isdigit() for char in word) else Shape.OTHER
    if word.islower():
        return Shape.LOWER
    letters = sum(char.isalpha() for char in word)
    if word.isupper():
        return Shape.LETTER if letters == 1 else Shape.UPPER
    return Shape.TITLE if word[0].isupper() and word[1:].islower() else Shape.MIXED


@dataclass(frozen=True, slots=True)
class EncoderInput:
    """The words of one document in order, without white space. All lists have one item per word.

    ``tokens`` are token indices in the document, ``pieces`` the numbers of the word's pieces, ``shapes`` values of
    ``Shape``, ``position_types`` as described above, ``starts`` values of ``Start``. ``omitted`` is the number of words
    of the document after the last of these.
    """

    tokens: list[int]
    pieces: list[tuple[int, ...]]
    shapes: list[int]
    position_types: list[int]
    starts: list[int]
    omitted: int = 0

    def __len__(self) -> int:
        """Return the number of words."""
        return len(self.tokens)

    @classmethod
    def of(cls, doc: Doc, vocabulary: WordPieces, max_words: int | None = None) -> EncoderInput:
        """Read the first ``max_words`` words of ``doc``, by default all; fewer if they have far more pieces than prose.

        The document must have its paragraphs, sentences and quotations marked.
        """
        tokens = Tokens.of(doc)
        quoted = bytearray(len(tokens) + 1)
        for span in doc.spans.get("quotations", ()):
            quoted[span.start : span.end] = b"\1" * (span.end - span.start)
        paragraphs = {span.start for span in doc.spans.get("paragraphs", ())}
        words = [i for i, word in enumerate(tokens.words) if not word.isspace()]
        pieces = [vocabulary.pieces_of(tokens.words[i]) for i in words[:max_words]]
        if max_words is not None:
            total = list(accumulate(map(len, pieces)))
            del pieces[bisect_right(total, max_words * MAX_PIECES_PER_WORD) :]
        kept = words[: len(pieces)]
        starts = [
            Start.PARAGRAPH if i in paragraphs else Start.SENTENCE if tokens.sentence_start[i] == i else Start.NOTHING
            for i in kept
        ]
        return cls(
            tokens=kept,
            pieces=pieces,
            shapes=[word_shape(tokens.words[i]) for i in kept],
            position_types=[start + QUOTED * quoted[i] for start, i in zip(starts, kept, strict=True)],
            starts=[int(start) for start in starts],
            omitted=len(words) - len(kept),
        )


def join_claim_and_statement(claim: EncoderInput, statement: EncoderInput, separator: int) -> EncoderInput:
    """Return claim and statement as one document, separated by the piece ``separator``.

    Tokens are renumbered from 0. Raises ``ValueError`` if either has no words.
    """
    if not claim.pieces or not statement.pieces:
        raise ValueError("a claim and a statement must have words")
    claim_words = len(claim)
    return EncoderInput(
        tokens=list(range(claim_words + len(statement))),
        pieces=[*claim.pieces[:-1], (*claim.pieces[-1], separator), *statement.pieces],
        shapes=[*claim.shapes, *statement.shapes],
        position_types=[CLAIM] * claim_words + statement.position_types,
        starts=[Start.PARAGRAPH, *[Start.NOTHING] * (claim_words - 1), Start.SENTENCE, *statement.starts[1:]],
    )


def split_windows(words: EncoderInput, size: int) -> list[tuple[int, int]]:
    """Split a document into consecutive windows of words that have at most ``size`` pieces each.

    A window ends before a paragraph if the window is more than half full and the paragraph does not fit whole, else
    before a sentence. Only a sentence longer than a window is split.
    """
    counts = [len(pieces) for pieces in words.pieces]
    windows: list[tuple[int, int]] = []
    window_start, filled = 0, 0
    for (start, end), paragraph in zip(_sentences(words), _pieces_to_paragraph_end(words, counts), strict=True):
        length = sum(counts[start:end])
        at_paragraph = words.starts[start] == Start.PARAGRAPH and filled > size // 2
        full = filled + length > size or (at_paragraph and filled + paragraph > size)
        if full and start > window_start:
            windows.append((window_start, start))
            window_start, filled = start, 0
        filled += length
        if filled <= size:
            continue
        filled = 0
        for i in range(start, end):
            if filled + counts[i] > size:
                windows.append((window_start, i))
                window_start, filled = i, 0
            filled += counts[i]
    if window_start < len(words):
        windows.append((window_start, len(words)))
    return windows


def _pieces_to_paragraph_end(words: EncoderInput, counts: list[int]) -> list[int]:
    """Return, for each sentence, the number of pieces from its start to the end of its paragraph."""
    totals = []
    total = 0
    for start, end in reversed(_sentences(words)):
        total += sum(counts[start:end])
        totals.append(total)
        if words.starts[start] == Start.PARAGRAPH:
            total = 0
    return totals[::-1]


def _sentences(words: EncoderInput) -> list[tuple[int, int]]:
    """Return the sentences as spans of words."""
    starts = [i for i, start in enumerate(words.starts) if start != Start.NOTHING or i == 0]
    return list(pairwise([*starts, len(words)]))
