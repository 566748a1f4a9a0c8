"""Reads the corpora as training examples: documents as encoder input, and the annotations to be learned, in words.

The corpora are read from the folder given on the command line; each has a ``train`` and a ``dev`` split (the model
card states their origin, size and licence). Texts go through the same tokenizer, sentence and quotation components
as articles in the service.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from workers.model.alignment import AlignedWords
from workers.model.inputs import EncoderInput
from workers.model.stance_heads import Pair
from workers.model.tags import ENTITIES, PARTS_OF_SPEECH, ROLES, TaggedSpan
from workers.pipeline.components import build_nlp
from workers.text.cleaning import PLAIN_SPACES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workers.model.wordpiece import WordPieces

SEGMENTATION: Final = ("stancewire_paragraphs", "stancewire_sentences", "stancewire_quotations")
_TEXT_COMMENT: Final = "# text = "
_PARAGRAPH_COMMENT: Final = "# newpar"
_DOCUMENT_COMMENT: Final = "# newdoc"
Row = dict[str, Any]
UNLABELLED: Final = -1  # only a teacher says what the class is


@dataclass(slots=True)
class Example:
    """One document with its annotations.

    ``spans`` are in words, sorted, without overlap. ``links`` are pairs of indices into ``spans``: a source or content,
    and the cue that it belongs to. ``parts_of_speech`` has an index into ``PARTS_OF_SPEECH`` for each word, -1 where
    the corpus has no word that begins at the same offset. ``pairs`` are labelled with stances, or `UNLABELLED`.
    """

    words: EncoderInput
    spans: list[TaggedSpan] = field(default_factory=list)
    links: list[tuple[int, int]] = field(default_factory=list)
    parts_of_speech: list[int] = field(default_factory=list)
    pairs: list[LabelledPair] = field(default_factory=list)


class LabelledPair(NamedTuple):
    """A holder and a target, as spans of words, with a class of the corpus' task, or `UNLABELLED`."""

    pair: Pair
    label: int


class CorpusReader:
    """Reads corpora with one vocabulary and one tokenizer."""

    def __init__(self, corpora: Path, vocabulary: WordPieces) -> None:
        """Read from the folder ``corpora``; reading a corpus that it lacks raises ``FileNotFoundError``."""
        self.corpora = corpora
        self.vocabulary = vocabulary
        self.nlp = build_nlp(SEGMENTATION)

    def rows(self, corpus: str, split: str) -> Iterator[Row]:
        """Yield the rows of one split unchanged."""
        with (self.corpora / corpus / f"{split}.jsonl").open(encoding="utf-8") as lines:
            yield from (json.loads(line) for line in lines if line.strip())

    def attributions(self, split: str) -> list[Example]:
        """Read sources, cues and contents: spans labelled by ``ROLES`` and linked to their cues."""
        return [self._attribution_example(row) for row in self.rows("attributions", split)]

    def _attribution_example(self, row: Row) -> Example:
        aligned = self.align(row["text"])
        spans: set[TaggedSpan] = set()
        links: set[tuple[TaggedSpan, TaggedSpan]] = set()  # (source or content, cue)
        for attribution in row["attributions"]:
            parts = [
                TaggedSpan(*words, label)
                for label, role in enumerate(ROLES)
                for words in (aligned.span(*offsets) for offsets in attribution[role])
                if words
            ]
            spans |= set(parts)
            cue = next((span for span in parts if span.label == ROLES.index("cue")), None)
            if cue is not None:
                links |= {(span, cue) for span in parts if span != cue}
        ordered = sorted(spans)
        indices = {span: index for index, span in enumerate(ordered)}
        return Example(aligned.words, ordered, sorted((indices[span], indices[cue]) for span, cue in links))

    def entities(self, split: str) -> list[Example]:
        """Read names: spans labelled by ``ENTITIES``."""
        examples = []
        for row in self.rows("entities", split):
            aligned = self.align(row["text"])
            spans = {
                TaggedSpan(*words, ENTITIES.index(entity["label"]))
                for entity in row["entities"]
                if (words := aligned.span(entity["start"], entity["end"]))
            }
            examples.append(Example(aligned.words, sorted(spans)))
        return examples

    def syntax(self) -> list[Example]:
        """Read the parts of speech of whole documents from CoNLL-U."""
        blocks = (self.corpora / "syntax" / "train.conllu").read_text("utf-8").split(_DOCUMENT_COMMENT)
        return [self._syntax_example(block) for block in blocks[1:]]

    def _syntax_example(self, block: str) -> Example:
        text = ""
        part_by_offset: dict[int, int] = {}
        for sentence in block.split("\n\n"):
            lines = sentence.split("\n")
            sentence_text = next((line[len(_TEXT_COMMENT) :] for line in lines if line.startswith(_TEXT_COMMENT)), None)
            if sentence_text is None:
                continue
            if text:
                text += "\n\n" if any(line.startswith(_PARAGRAPH_COMMENT) for line in lines) else " "
            offset = len(text)
            text += sentence_text
            for line in lines:
                cells = line.split("\t")
                if not cells[0].isdigit():
                    continue
                offset = text.find(cells[1], offset)
                if offset < 0:
                    break
                part_by_offset[offset] = PARTS_OF_SPEECH.index(cells[3]) if cells[3] in PARTS_OF_SPEECH else -1
                offset += len(cells[1])
        aligned = self.align(text)
        return Example(aligned.words, parts_of_speech=[part_by_offset.get(start, -1) for start in aligned.starts])

    def align(self, text: str) -> AlignedWords:
        """Split a text into the encoder's words, with their offsets."""
        with self.nlp.memory_zone():
            doc = self.nlp(text.translate(PLAIN_SPACES))
            return AlignedWords.of(doc, EncoderInput.of(doc, self.vocabulary))
