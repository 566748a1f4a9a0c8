"""Bounds of the model's spans: none crosses a line break or boilerplate, and a content stays with its cue.

The model reads the words of an article without its layout, so it may join a headline to the line below it, or link a
quotation to a cue two paragraphs away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.doc.tokens import Tokens
from workers.model.tags import TaggedSpan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spacy.tokens import Doc

    from workers.model.inputs import EncoderInput


@dataclass(frozen=True, slots=True)
class Page:
    """The layout of a document.

    ``paragraph`` is the number of each token's paragraph and ``boilerplate`` whether the token is boilerplate.
    ``introduces`` tells for each paragraph whether it ends with a colon.
    """

    words: list[str]
    paragraph: list[int]
    boilerplate: bytearray
    introduces: list[bool]

    @classmethod
    def of(cls, doc: Doc) -> Page:
        """Read the layout of ``doc``. White space after a paragraph counts as part of it."""
        words = Tokens.of(doc).words
        boilerplate = bytearray(len(words))
        for span in doc.spans.get("boilerplate", ()):
            boilerplate[span.start : span.end] = b"\1" * (span.end - span.start)
        paragraph = [0] * len(words)
        introduces = []
        spans = doc.spans.get("paragraphs", ())
        for number, span in enumerate(spans):
            end = spans[number + 1].start if number + 1 < len(spans) else len(words)
            paragraph[span.start : end] = [number] * (end - span.start)
            introduces.append(words[span.end - 1] == ":")
        return cls(words, paragraph, boilerplate, introduces or [False])

    def split(
        self, inputs: EncoderInput, spans: Iterable[TaggedSpan], *, keep_boilerplate: bool = False
    ) -> list[TaggedSpan]:
        """Split spans of words at line breaks and, unless ``keep_boilerplate``, at boilerplate, which is left out."""
        parts: list[TaggedSpan] = []
        for start, end, label in spans:
            line = -1  # of the word before in this span
            for i in range(start, end):
                token = inputs.tokens[i]
                if self.boilerplate[token] and not keep_boilerplate:
                    line = -1
                elif self.paragraph[token] == line:
                    parts[-1] = parts[-1]._replace(end=i + 1)
                else:
                    parts.append(TaggedSpan(i, i + 1, label))
                    line = self.paragraph[token]
        return parts

    def has_words(self, inputs: EncoderInput, span: TaggedSpan) -> bool:
        """Return whether a span of words has a letter or digit."""
        return any(self.words[token][0].isalnum() for token in inputs.tokens[span.start : span.end])

    def belongs_to_cue(self, content: int, cue: int) -> bool:
        """Return whether content at one token can belong to a cue at another.

        It can in the same paragraph, and in those after a paragraph that ends with a colon ("She added:").
        """
        own, other = self.paragraph[cue], self.paragraph[content]
        return own == other or (own < other and self.introduces[own])
