"""Stage ``stancewire_encoder``: one pass of the model over the article, for every stage after it.

Writes ``doc._.encoded``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from spacy.language import Language
from spacy.tokens import Doc

from workers.extraction.records import Stretch
from workers.language.encoder import Encoder, Scores
from workers.language.tags import Tagged
from workers.language.words import Words


@dataclass(frozen=True, slots=True)
class Encoded:
    """A document's words and what the model makes of them."""

    words: Words
    scores: Scores

    def stretch(self, span: Tagged) -> Stretch:
        """Return the tokens of a span of words."""
        return Stretch(self.words.tokens[span.start], self.words.tokens[span.end - 1] + 1)


@cache
def encoder() -> Encoder:
    """Return the packaged model, read once a process."""
    return Encoder()


@Language.factory("stancewire_encoder", default_config={"max_words": None})
class Encode:
    """Runs the model."""

    def __init__(self, nlp: Language, name: str, max_words: int | None) -> None:
        """Read the weights, and name the pipeline after them; raises ``OSError`` if the package lacks them."""
        del name
        self.max_words = max_words
        self.encoder = encoder()
        nlp.meta["name"] = self.encoder.heads.name

    def __call__(self, doc: Doc) -> Doc:
        """Set ``doc._.encoded`` of the first ``max_words`` words; reads paragraphs, sentences and quotations."""
        words = Words.of(doc, self.encoder.vocabulary, self.max_words)
        doc._.encoded = Encoded(words, self.encoder.run(words))
        return doc
