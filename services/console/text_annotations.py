"""An article's text cut into segments at the edges of all annotations, so that nested annotations render as flat spans.

Offsets are Unicode code points, as in the result. Browsers count UTF-16 units, so the text is cut on the server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.contracts import Entity, Mention, MentionForm, Result

_PARAGRAPH_BREAK: Final = re.compile(r"\n{2,}")


class Layer(StrEnum):
    """The kinds of annotation."""

    SOURCE = "source"
    CUE = "cue"
    CONTENT = "content"
    ENTITY = "entity"
    EVIDENCE = "evidence"


_STATEMENT_LAYERS: Final = frozenset({Layer.SOURCE, Layer.CUE, Layer.CONTENT})


@dataclass(frozen=True, slots=True)
class Annotation:
    """A span ``[start, end)`` in code points, and the ID of the attribution, entity or stance that it belongs to."""

    start: int
    end: int
    layer: Layer
    owner: str


@dataclass(frozen=True, slots=True)
class TextSegment:
    """A stretch of text with the same annotations from its start to its end.

    ``depth``: the number of contents that overlap here. ``begins``: the attributions whose first segment this is.
    ``entity`` and ``form``: those of the shortest mention here. ``first_of``: the ID of the entity whose first segment
    this is.
    """

    text: str
    layers: tuple[str, ...]
    attributions: tuple[str, ...]
    stances: tuple[str, ...]
    depth: int
    begins: tuple[str, ...]
    entity: Entity | None
    form: MentionForm | None
    first_of: str | None

    @property
    def stands_for(self) -> str | None:
        """The name that a pronoun or description refers to; None for other text."""
        if self.entity is None or self.form is MentionForm.NAME or self.text == self.entity.name:
            return None
        return self.entity.name


def annotated_paragraphs(result: Result) -> list[list[TextSegment]]:
    """Return the paragraphs of ``result`` as segments. Joined, they are the text without its paragraph breaks."""
    annotations = sorted(_annotations(result), key=lambda annotation: (annotation.start, -annotation.end))
    mentions = {
        (mention.start, mention.end, entity.id): mention for entity in result.entities for mention in entity.mentions
    }
    segmenter = _Segmenter(result, annotations, mentions)
    return [list(segmenter.segments(start, end)) for start, end in _paragraph_spans(result.text)]


def _paragraph_spans(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for gap in _PARAGRAPH_BREAK.finditer(text):
        if gap.start() > start:
            yield start, gap.start()
        start = gap.end()
    if start < len(text):
        yield start, len(text)


def _annotations(result: Result) -> Iterator[Annotation]:
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


class _Segmenter:
    """Cuts paragraphs into segments in one pass. The paragraphs have to come in the order of the text."""

    def __init__(
        self, result: Result, annotations: list[Annotation], mentions: dict[tuple[int, int, str], Mention]
    ) -> None:
        self._text = result.text
        self._annotations = annotations
        self._mentions = mentions
        self._entities = {entity.id: entity for entity in result.entities}
        self._edges = sorted({edge for annotation in annotations for edge in (annotation.start, annotation.end)})
        self._next_annotation = 0
        self._next_edge = 0
        self._open: list[Annotation] = []
        self._begun: set[str] = set()

    def segments(self, start: int, end: int) -> Iterator[TextSegment]:
        while start < end:
            while self._next_edge < len(self._edges) and self._edges[self._next_edge] <= start:
                self._next_edge += 1
            stop = min(end, self._edges[self._next_edge]) if self._next_edge < len(self._edges) else end
            yield self._segment(start, stop)
            start = stop

    def _segment(self, start: int, stop: int) -> TextSegment:
        self._advance(start)
        of_statements = [annotation for annotation in self._open if annotation.layer in _STATEMENT_LAYERS]
        shortest = min(
            (annotation for annotation in self._open if annotation.layer is Layer.ENTITY),
            key=lambda annotation: annotation.end - annotation.start,
            default=None,
        )
        mention = None if shortest is None else self._mentions[shortest.start, shortest.end, shortest.owner]
        return TextSegment(
            text=self._text[start:stop],
            layers=tuple(layer.value for layer in Layer if any(item.layer is layer for item in self._open)),
            attributions=_owners(of_statements),
            stances=_owners([annotation for annotation in self._open if annotation.layer is Layer.EVIDENCE]),
            depth=sum(annotation.layer is Layer.CONTENT for annotation in self._open),
            begins=tuple(owner for owner in _owners(of_statements) if self._is_first(owner)),
            entity=None if shortest is None else self._entities[shortest.owner],
            form=None if mention is None else mention.form,
            first_of=shortest.owner if shortest is not None and self._is_first(shortest.owner) else None,
        )

    def _advance(self, start: int) -> None:
        """Open the annotations that begin at or before ``start``, and close those that end there."""
        while self._next_annotation < len(self._annotations):
            annotation = self._annotations[self._next_annotation]
            if annotation.start > start:
                break
            self._open.append(annotation)
            self._next_annotation += 1
        self._open = [annotation for annotation in self._open if annotation.end > start]

    def _is_first(self, owner: str) -> bool:
        """Return whether ``owner`` has not been seen before, and remember it."""
        if owner in self._begun:
            return False
        self._begun.add(owner)
        return True


def _owners(annotations: list[Annotation]) -> tuple[str, ...]:
    """Return the distinct owners in order."""
    return tuple(dict.fromkeys(annotation.owner for annotation in annotations))
