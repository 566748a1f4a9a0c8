"""A document as the encoder reads it: its words, their pieces, and what the pieces do not tell.

The vocabulary knows no case, and white space is no word; so each word carries its ``Shape``, and its ``place``:
whether it begins a paragraph or a sentence, and whether it stands between quotation marks.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from workers.doc.tokens import Tokens

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from workers.model.wordpiece import WordPieces


class Shape(IntEnum):
    """How a word is written."""

    NONE = 0  # the encoder's own marks
    LOWER = 1
    TITLE = 2
    UPPER = 3
    MIXED = 4
    LETTER = 5  # one capital
    DIGITS = 6
    OTHER = 7


class Start(IntEnum):
    """What a word begins."""

    NOTHING = 1
    SENTENCE = 2
    PARAGRAPH = 3


QUOTED = 4  # added to a place between quotation marks
CLAIM = 8  # the place of every word of a claim that a statement is held against
PLACES = 9


def shape(word: str) -> Shape:
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
    """The words of one document in order, white space left out; all lists run over words.

    ``tokens`` are their indices in the document, ``starts`` values of ``Start``, ``places`` those plus ``QUOTED``
    between quotation marks. ``left_out`` counts the words of the document after these.
    """

    tokens: list[int]
    pieces: list[tuple[int, ...]]
    shapes: list[int]
    places: list[int]
    starts: list[int]
    left_out: int = 0

    def __len__(self) -> int:
        """Count the words."""
        return len(self.tokens)

    @classmethod
    def of(cls, doc: Doc, vocabulary: WordPieces, most: int | None = None) -> EncoderInput:
        """Read a document that knows its paragraphs, sentences and quotations, or its first ``most`` words."""
        tokens = Tokens.of(doc)
        quoted = bytearray(len(tokens) + 1)
        for span in doc.spans.get("quotations", ()):
            quoted[span.start : span.end] = b"\1" * (span.end - span.start)
        paragraphs = {span.start for span in doc.spans.get("paragraphs", ())}
        words = [i for i, word in enumerate(tokens.words) if not word.isspace()]
        kept = words[:most]
        starts = [
            Start.PARAGRAPH if i in paragraphs else Start.SENTENCE if tokens.first[i] == i else Start.NOTHING
            for i in kept
        ]
        return cls(
            tokens=kept,
            pieces=[vocabulary.of(tokens.words[i]) for i in kept],
            shapes=[shape(tokens.words[i]) for i in kept],
            places=[start + QUOTED * quoted[i] for start, i in zip(starts, kept, strict=True)],
            starts=[int(start) for start in starts],
            left_out=len(words) - len(kept),
        )


def held_against(claim: EncoderInput, statement: EncoderInput, mark: int) -> EncoderInput:
    """Return a claim and a statement as one document, parted by the piece ``mark``; their tokens are numbered anew."""
    if not claim.pieces or not statement.pieces:
        raise ValueError("a claim and a statement must hold words")
    first = len(claim)
    return EncoderInput(
        tokens=list(range(first + len(statement))),
        pieces=[*claim.pieces[:-1], (*claim.pieces[-1], mark), *statement.pieces],
        shapes=[*claim.shapes, *statement.shapes],
        places=[CLAIM] * first + statement.places,
        starts=[Start.PARAGRAPH, *[Start.NOTHING] * (first - 1), Start.SENTENCE, *statement.starts[1:]],
    )


def windows(words: EncoderInput, size: int) -> list[tuple[int, int]]:
    """Cut a document into stretches of words whose pieces number at most ``size``; they cover it, in order.

    A cut falls where a paragraph begins if the window is half full and the next paragraph does not fit whole, else
    where a sentence begins, and inside a sentence only if it is longer than a window.
    """
    counts = [len(pieces) for pieces in words.pieces]
    found: list[tuple[int, int]] = []
    begun, filled = 0, 0
    for (start, end), paragraph in zip(_sentences(words), _to_paragraphs_end(words, counts), strict=True):
        length = sum(counts[start:end])
        at_paragraph = words.starts[start] == Start.PARAGRAPH and filled > size // 2
        full = filled + length > size or (at_paragraph and filled + paragraph > size)
        if full and start > begun:
            found.append((begun, start))
            begun, filled = start, 0
        filled += length
        if filled <= size:
            continue
        filled = 0
        for i in range(start, end):
            if filled + counts[i] > size:
                found.append((begun, i))
                begun, filled = i, 0
            filled += counts[i]
    if begun < len(words):
        found.append((begun, len(words)))
    return found


def _to_paragraphs_end(words: EncoderInput, counts: list[int]) -> list[int]:
    """Return for each sentence the pieces from its beginning to its paragraph's end."""
    found = []
    rest = 0
    for start, end in reversed(_sentences(words)):
        rest += sum(counts[start:end])
        found.append(rest)
        if words.starts[start] == Start.PARAGRAPH:
            rest = 0
    return found[::-1]


def _sentences(words: EncoderInput) -> list[tuple[int, int]]:
    """Return the first word of each sentence and the one after its last."""
    starts = [i for i, start in enumerate(words.starts) if start != Start.NOTHING or i == 0]
    return list(pairwise([*starts, len(words)]))
