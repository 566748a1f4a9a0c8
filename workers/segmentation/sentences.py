"""Stage ``stancewire_sentences``: where sentences begin.

Sets ``token.is_sent_start``. A sentence ends at a paragraph's end, and at a full stop, question or exclamation
mark with the quotation marks and brackets that close after it, if what follows looks like a beginning. A
quotation's last mark followed by "he said" ends nothing.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from spacy.attrs import SENT_START  # type: ignore[import-not-found]  # a compiled module without stubs
from spacy.language import Language
from spacy.tokens import Doc

from workers.english.lexicon import listed

TERMINAL: Final = frozenset({".", "!", "?", "…", "..."})
CLOSING: Final = frozenset("”’»\"')]") | {"''"}
OPENING: Final = frozenset("“‘«\"'([") | {"``", "''"}
# An abbreviation with full stops inside ends a sentence only before a word that hardly ever is a name.
STARTERS: Final = listed(
    "The A An He She It They We I You This That These Those In On At But And As If When While After Before "
    "For From There His Her Their Its However Meanwhile Since So Such Some Many Most Both Not No Nor Now Then "
    "To With By"
)


@Language.factory("stancewire_sentences")
class Sentences:
    """Marks sentence starts."""

    def __init__(self, nlp: Language, name: str) -> None:
        """Take what spaCy hands to every factory; there is nothing to set."""
        del nlp, name

    def __call__(self, doc: Doc) -> Doc:
        """Set ``is_sent_start`` of every token; reads ``doc.spans["paragraphs"]`` and ``["boilerplate"]``."""
        words = [token.text for token in doc]
        starts = set(_ends(words, [bool(token.whitespace_) for token in doc]))
        for span in doc.spans.get("paragraphs", ()):
            starts.add(span.start)
        for span in doc.spans.get("boilerplate", ()):
            after = next(
                (i for i in range(span.end, min(span.end + 2, len(words))) if not words[i].isspace()), span.end
            )
            starts.update((span.start, after))
        # Set at once: spaCy looks through the whole document each time that a single token is set.
        if not words:
            return doc
        marks = np.full((len(words), 1), -1, dtype="int32").astype("uint64")
        marks[[0, *(start for start in starts if start < len(words))]] = 1
        return doc.from_array([SENT_START], marks)  # type: ignore[arg-type]  # the stub wants thinc's name for it


def _ends(words: list[str], spaced: list[bool]) -> list[int]:
    """Token indices after the ends of sentences."""
    found = []
    count = len(words)
    i = 0
    while i < count:
        word = words[i]
        i += 1
        stop = word in TERMINAL
        abbreviation = not stop and len(word) > 2 and word.endswith(".") and word.count(".") > 1  # noqa: PLR2004  # "J." is an initial
        if not (stop or abbreviation):
            continue
        # A straight mark after a space opens the next sentence, one without closes this.
        while i < count and not spaced[i - 1] and (words[i] in TERMINAL or words[i] in CLOSING):
            i += 1
        closed = i
        while i < count and words[i].isspace():
            i += 1
        if i < count and _begins(words, i, after_abbreviation=abbreviation and words[closed - 1] == word):
            found.append(i)
    return found


def _begins(words: list[str], i: int, *, after_abbreviation: bool) -> bool:
    """Whether token ``i``, or the one after opening marks, looks like the beginning of a sentence."""
    bound = min(len(words), i + 4)
    while i < bound and words[i] in OPENING:
        i += 1
    if i >= len(words):
        return False
    if after_abbreviation:
        return words[i] in STARTERS
    return not words[i][0].islower() and words[i] not in {",", ";", ":", "-", "–", "—", ")", "--"}
