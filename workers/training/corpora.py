"""The corpora as examples for the model: documents in the encoder's words, and what is to be found in them, in words.

The corpora are read from the folder that the recipe is given; each holds ``train`` and ``dev`` (origin, size
and licence stand in the model card). Texts go through the same tokenizer, sentences and quotations as articles
do in the service.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from workers.model.alignment import AlignedWords
from workers.model.inputs import EncoderInput
from workers.model.stance_heads import Pair
from workers.model.tags import ENTITIES, PARTS, ROLES, Tagged
from workers.pipeline.components import build_nlp
from workers.text.cleaning import PLAIN_SPACES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workers.model.wordpiece import WordPieces

READING: Final = ("stancewire_paragraphs", "stancewire_sentences", "stancewire_quotations")
Row = dict[str, Any]


@dataclass(slots=True)
class Example:
    """One document.

    ``found`` are its spans in words, sorted, none overlapping; ``links`` are pairs of indices into ``found``: a
    source or content and the cue that it belongs to. ``parts`` is a number of ``PARTS`` for each word, -1 where
    the corpus' words are not ours. ``sides`` are pairs and who is for or against whom.
    """

    words: EncoderInput
    found: list[Tagged] = field(default_factory=list)
    links: list[tuple[int, int]] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)
    sides: list[Sided] = field(default_factory=list)


class Sided(NamedTuple):
    """What a corpus says of two stretches of words: ``label`` is a class of the corpus' task."""

    pair: Pair
    label: int


class Reader:
    """Reads corpora; one vocabulary, one tokenizer."""

    def __init__(self, corpora: Path, vocabulary: WordPieces) -> None:
        """Take the folder of the corpora; raises ``FileNotFoundError`` when one of them is read that it lacks."""
        self.corpora = corpora
        self.vocabulary = vocabulary
        self.nlp = build_nlp(READING)

    def rows(self, corpus: str, split: str) -> Iterator[Row]:
        """Yield the rows of one split as they stand."""
        with (self.corpora / corpus / f"{split}.jsonl").open(encoding="utf-8") as lines:
            yield from (json.loads(line) for line in lines if line.strip())

    def attributions(self, split: str) -> list[Example]:
        """Read who says what: spans labelled by ``ROLES``, linked to their cues."""
        examples = []
        for row in self.rows("attributions", split):
            placed = self.place(row["text"])
            numbers: dict[Tagged, int] = {}
            pairs = set()
            for attribution in row["attributions"]:
                spans = [
                    numbers.setdefault(Tagged(*stretch, label), len(numbers))
                    for label, role in enumerate(ROLES)
                    for stretch in (placed.span(*offsets) for offsets in attribution[role])
                    if stretch
                ]
                cues = [span for span in spans if _label(numbers, span) == ROLES.index("cue")]
                pairs |= {(span, cue) for cue in cues[:1] for span in spans if span != cue}
            order = sorted(numbers)
            place = {numbers[tagged]: i for i, tagged in enumerate(order)}
            links = sorted((place[span], place[cue]) for span, cue in pairs)
            examples.append(Example(placed.words, order, links))
        return examples

    def entities(self, split: str) -> list[Example]:
        """Read names: spans labelled by ``ENTITIES``."""
        examples = []
        for row in self.rows("entities", split):
            placed = self.place(row["text"])
            found = {
                Tagged(*stretch, ENTITIES.index(entity["label"]))
                for entity in row["entities"]
                if (stretch := placed.span(entity["start"], entity["end"]))
            }
            examples.append(Example(placed.words, sorted(found)))
        return examples

    def syntax(self) -> list[Example]:
        """Read parts of speech of whole documents."""
        blocks = (self.corpora / "syntax" / "train.conllu").read_text("utf-8").split("# newdoc")
        return [self._parts(block) for block in blocks[1:]]

    def _parts(self, block: str) -> Example:
        text = ""
        at: dict[int, int] = {}
        for sentence in block.split("\n\n"):
            lines = sentence.split("\n")
            whole = next((line[9:] for line in lines if line.startswith("# text = ")), None)
            if whole is None:
                continue
            text += ("\n\n" if any(line.startswith("# newpar") for line in lines) else " ") if text else ""
            place = len(text)
            text += whole
            for line in lines:
                cells = line.split("\t")
                if not cells[0].isdigit():
                    continue
                place = text.find(cells[1], place)
                if place < 0:
                    break
                at[place] = PARTS.index(cells[3]) if cells[3] in PARTS else -1
                place += len(cells[1])
        placed = self.place(text)
        return Example(placed.words, parts=[at.get(start, -1) for start in placed.starts])

    def place(self, text: str) -> AlignedWords:
        """Cut a text into the encoder's words."""
        with self.nlp.memory_zone():
            doc = self.nlp(text.translate(PLAIN_SPACES))
            return AlignedWords.of(doc, EncoderInput.of(doc, self.vocabulary))


def _label(numbers: dict[Tagged, int], span: int) -> int:
    return next(tagged.label for tagged, number in numbers.items() if number == span)
