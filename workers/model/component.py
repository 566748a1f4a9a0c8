"""Component ``stancewire_encoder``: runs the network once over the article; later components read its scores."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from spacy.language import Language
from spacy.tokens import Doc

from workers.doc.records import TokenSpan
from workers.model.encoder import Encoder, Scores
from workers.model.inputs import EncoderInput
from workers.model.tags import TaggedSpan


@dataclass(frozen=True, slots=True)
class EncodedDocument:
    """The encoder's input for a document, and the network's scores for it."""

    inputs: EncoderInput
    scores: Scores

    def span(self, span: TaggedSpan) -> TokenSpan:
        """Return the tokens of a span of words."""
        return TokenSpan(self.inputs.tokens[span.start], self.inputs.tokens[span.end - 1] + 1)


@cache
def packaged_encoder() -> Encoder:
    """Return the encoder with the packaged weights, read once per process."""
    return Encoder()


@Language.factory("stancewire_encoder", default_config={"max_words": None})
class EncoderComponent:
    """Runs the network over the first ``max_words`` words, or over all words if it is None.

    Reads: ``doc.spans["paragraphs"]``, ``doc.spans["quotations"]`` and sentence starts.
    Writes: ``doc._.encoded``.
    """

    def __init__(self, nlp: Language, name: str, max_words: int | None) -> None:
        """Load the weights and name the pipeline after them. Raises ``OSError`` if the package lacks them."""
        del name
        self.max_words = max_words
        self.encoder = packaged_encoder()
        self.encoded_ahead: dict[str, Scores] = {}  # by text; see ``workers.pipeline.encoding_ahead``
        nlp.meta["name"] = self.encoder.heads.name

    def __call__(self, doc: Doc) -> Doc:
        """Set ``doc._.encoded``."""
        inputs = self.inputs(doc)
        scores = self.encoded_ahead.pop(doc.text, None) if self.encoded_ahead else None
        if scores is None or len(scores.parts) != len(inputs):
            scores = self.encoder.run(inputs)
        doc._.encoded = EncodedDocument(inputs, scores)
        return doc

    def inputs(self, doc: Doc) -> EncoderInput:
        """Return the network's input for a document."""
        return EncoderInput.of(doc, self.encoder.vocabulary, self.max_words)
