"""Stage ``stancewire_encoder``: one pass of the model over the article, for every stage after it.

Writes ``doc._.encoded``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from spacy.language import Language
from spacy.tokens import Doc

from workers.doc.records import TokenSpan
from workers.model.encoder import Encoder, Scores
from workers.model.inputs import EncoderInput
from workers.model.tags import Tagged


@dataclass(frozen=True, slots=True)
class EncodedDocument:
    """A document's words and what the model makes of them."""

    words: EncoderInput
    scores: Scores

    def span(self, span: Tagged) -> TokenSpan:
        """Return the tokens of a span of words."""
        return TokenSpan(self.words.tokens[span.start], self.words.tokens[span.end - 1] + 1)


@cache
def encoder() -> Encoder:
    """Return the packaged model, read once a process."""
    return Encoder()


@Language.factory("stancewire_encoder", default_config={"max_words": None})
class EncoderComponent:
    """Runs the model."""

    def __init__(self, nlp: Language, name: str, max_words: int | None) -> None:
        """Read the weights, and name the pipeline after them; raises ``OSError`` if the package lacks them."""
        del name
        self.max_words = max_words
        self.encoder = encoder()
        nlp.meta["name"] = self.encoder.heads.name

    def __call__(self, doc: Doc) -> Doc:
        """Set ``doc._.encoded`` of the first ``max_words`` words; reads paragraphs, sentences and quotations."""
        words = EncoderInput.of(doc, self.encoder.vocabulary, self.max_words)
        doc._.encoded = EncodedDocument(words, self.encoder.run(words))
        return doc
