"""An article's text cut at the edges of all its marks, so that marks which nest or overlap can be shown as flat pieces.

Offsets are Unicode code points, as in the result; browsers count UTF-16 units, so the cutting is done here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.contracts import Entity, Mention, MentionForm, Result

_BREAK: Final = re.compile(r"\n{2,}")


class Layer(StrEnum):
    """What a stretch of text is marked as."""

    SOURCE = "source"
    CUE = "cue"
    CONTENT = "content"
    ENTITY = "entity"
    EVIDENCE = "evidence"


@dataclass(frozen=True, slots=True)
class Annotation:
    """One mark: ``[start, end)`` in code points, and the ID of what it belongs to."""

    start: int
    end: int
    layer: Layer
    owner: str


@dataclass(frozen=True, slots=True)
class AnnotatedText:
    """A stretch of text with the same marks from end to end."""

    text: str
    layers: tuple[str, ...]
    attributions: tuple[str, ...]
    stances: tuple[str, ...]
    depth: int  # contents that lie over one another here
    begins: tuple[str, ...]  # attributions that begin with this piece
    entity: Entity | None  # of the shortest mention here
    form: MentionForm | None
    first_of: str | None  # the entity whose first mention begins here

    @property
    def stands_for(self) -> str | None:
        """The name that a pronoun or description here stands for."""
        if self.entity is None or self.form is MentionForm.NAME or self.text == self.entity.name:
            return None
        return self.entity.name


def paragraphs(result: Result) -> list[list[AnnotatedText]]:
    """The text of ``result`` as paragraphs of pieces. Joined, the pieces are the text without its empty lines."""
    spans = sorted(_spans(result), key=lambda span: (span.start, -span.end))
    mentions = {
        (mention.start, mention.end, entity.id): mention for entity in result.entities for mention in entity.mentions
    }
    reader = _Reader(result, spans, mentions)
    return [list(reader.pieces(start, end)) for start, end in _blocks(result.text)]


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for gap in _BREAK.finditer(text):
        if gap.start() > start:
            yield start, gap.start()
        start = gap.end()
    if start < len(text):
        yield start, len(text)


def _spans(result: Result) -> Iterator[Annotation]:
    for attribution in result.attributions:
        if attribution.source is not None:
            yield Annotation(attribution.source.start, attribution.source.end, Layer.SOURCE, attribution.id)
        if attribution.cue is not None:
            yield Annotation(attribution.cue.start, attribution.cue.end, Layer.CUE, attribution.id)
        for part in attribution.content:
            yield Annotation(part.start, part.end, Layer.CONTENT, attribution.id)
    for entity in result.entities:
        for mention in entity.mentions:
            yield Annotation(mention.start, mention.end, Layer.ENTITY, entity.id)
    for stance in result.stances:
        yield Annotation(stance.evidence.start, stance.evidence.end, Layer.EVIDENCE, stance.id)


class _Reader:
    """Sweeps once over the text, from the first paragraph to the last."""

    def __init__(self, result: Result, spans: list[Annotation], mentions: dict[tuple[int, int, str], Mention]) -> None:
        self._text = result.text
        self._spans = spans
        self._mentions = mentions
        self._entities = {entity.id: entity for entity in result.entities}
        self._edges = sorted({edge for span in spans for edge in (span.start, span.end)})
        self._next_span = 0
        self._next_edge = 0
        self._open: list[Annotation] = []
        self._begun: set[str] = set()

    def pieces(self, start: int, end: int) -> Iterator[AnnotatedText]:
        while start < end:
            while self._next_edge < len(self._edges) and self._edges[self._next_edge] <= start:
                self._next_edge += 1
            stop = min(end, self._edges[self._next_edge]) if self._next_edge < len(self._edges) else end
            yield self._piece(start, stop)
            start = stop

    def _piece(self, start: int, stop: int) -> AnnotatedText:
        while self._next_span < len(self._spans) and self._spans[self._next_span].start <= start:
            self._open.append(self._spans[self._next_span])
            self._next_span += 1
        self._open = [span for span in self._open if span.end > start]
        stated = [span for span in self._open if span.layer in {Layer.SOURCE, Layer.CUE, Layer.CONTENT}]
        mentioned = min(
            (span for span in self._open if span.layer is Layer.ENTITY),
            key=lambda span: span.end - span.start,
            default=None,
        )
        mention = None if mentioned is None else self._mentions[mentioned.start, mentioned.end, mentioned.owner]
        return AnnotatedText(
            text=self._text[start:stop],
            layers=tuple(layer.value for layer in Layer if any(span.layer is layer for span in self._open)),
            attributions=_owners(stated),
            stances=_owners([span for span in self._open if span.layer is Layer.EVIDENCE]),
            depth=sum(span.layer is Layer.CONTENT for span in self._open),
            begins=tuple(owner for owner in _owners(stated) if self._first(owner)),
            entity=None if mentioned is None else self._entities[mentioned.owner],
            form=None if mention is None else mention.form,
            first_of=mentioned.owner if mentioned is not None and self._first(mentioned.owner) else None,
        )

    def _first(self, owner: str) -> bool:
        if owner in self._begun:
            return False
        self._begun.add(owner)
        return True


def _owners(spans: list[Annotation]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(span.owner for span in spans))
