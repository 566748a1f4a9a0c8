"""Component ``stancewire_sentences``: sentence boundaries.

A sentence ends at the end of a paragraph. It also ends at a full stop, question or exclamation mark, with the closing
quotation marks and brackets after it, if the next word looks like the beginning of a sentence. A quotation followed by
"he said" does not end the sentence.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from spacy.attrs import SENT_START  # type: ignore[import-not-found]  # a compiled module without stubs
from spacy.language import Language
from spacy.tokens import Doc

from workers.english.lexicon import word_set

_TERMINAL: Final = frozenset({".", "!", "?", "…", "..."})
_CLOSING: Final = frozenset("”’»\"')]") | {"''"}
_OPENING: Final = frozenset("“‘«\"'([") | {"``", "''"}
# An abbreviation with inner full stops ends a sentence only before one of these words, which are hardly ever names.
_STARTERS: Final = word_set(
    "The A An He She It They We I You This That These Those In On At But And As If When While After Before "
    "For From There His Her Their Its However Meanwhile Since So Such Some Many Most Both Not No Nor Now Then "
    "To With By"
)


@Language.factory("stancewire_sentences")
class Sentences:
    """Marks sentence starts.

    Reads: ``doc.spans["paragraphs"]`` and ``doc.spans["boilerplate"]``. Writes: ``token.is_sent_start``.
    """

    def __init__(self, nlp: Language, name: str) -> None:
        """Accept the arguments of spaCy factories; the component has no settings."""
        del nlp, name

    def __call__(self, doc: Doc) -> Doc:
        """Set ``is_sent_start`` of every token."""
        words = [token.text for token in doc]
        starts = set(_sentence_ends(words, [bool(token.whitespace_) for token in doc]))
        for span in doc.spans.get("paragraphs", ()):
            starts.add(span.start)
        for span in doc.spans.get("boilerplate", ()):
            after = next(
                (i for i in range(span.end, min(span.end + 2, len(words))) if not words[i].isspace()), span.end
            )
            starts.update((span.start, after))
        # All are set in one call: spaCy scans the whole document each time that a single token is set.
        if not words:
            return doc
        marks = np.full((len(words), 1), -1, dtype="int32").astype("uint64")
        marks[[0, *(start for start in starts if start < len(words))]] = 1
        return doc.from_array([SENT_START], marks)  # type: ignore[arg-type]  # the stub wants thinc's type


def _sentence_ends(words: list[str], spaced: list[bool]) -> list[int]:
    """Return the first tokens after the ends of sentences."""
    ends = []
    count = len(words)
    i = 0
    while i < count:
        word = words[i]
        i += 1
        stop = word in _TERMINAL
        abbreviation = not stop and len(word) > 2 and word.endswith(".") and word.count(".") > 1  # noqa: PLR2004  # "J." is an initial
        if not (stop or abbreviation):
            continue
        # A straight mark after a space opens the next sentence; without a space it closes this one.
        while i < count and not spaced[i - 1] and (words[i] in _TERMINAL or words[i] in _CLOSING):
            i += 1
        closed = i
        while i < count and words[i].isspace():
            i += 1
        if i < count and _begins_sentence(words, i, after_abbreviation=abbreviation and words[closed - 1] == word):
            ends.append(i)
    return ends


def _begins_sentence(words: list[str], i: int, *, after_abbreviation: bool) -> bool:
    """Whether a sentence seems to begin at token ``i``, after any opening marks."""
    bound = min(len(words), i + 4)
    while i < bound and words[i] in _OPENING:
        i += 1
    if i >= len(words):
        return False
    if after_abbreviation:
        return words[i] in _STARTERS
    return not words[i][0].islower() and words[i] not in {",", ";", ":", "-", "–", "—", ")", "--"}
