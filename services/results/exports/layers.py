"""The layers of a result, as formats that label spans need them: name of the layer, label, and extent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from services.contracts import Extent, MentionForm, Result


@dataclass(frozen=True, slots=True)
class Labelled:
    """A labelled span. ``layer`` is entities, mentions, sources, cues, contents or stances; ``id`` that of its item."""

    layer: str
    label: str
    id: str
    extent: Extent


LAYERS = ("entities", "mentions", "sources", "cues", "contents", "stances")


def labelled(result: Result) -> Iterator[Labelled]:
    """Yield every span of the result. Names are ``entities``, descriptions and pronouns are ``mentions``."""
    for entity in result.entities:
        for mention in entity.mentions:
            layer = "entities" if mention.form is MentionForm.NAME else "mentions"
            yield Labelled(layer, entity.type, entity.id, mention)
    for item in result.attributions:
        if item.source is not None:
            yield Labelled("sources", "SOURCE", item.id, item.source)
        if item.cue is not None:
            yield Labelled("cues", item.cue.act.upper(), item.id, item.cue)
        for part in item.content:
            yield Labelled("contents", item.kind.upper(), item.id, part)
    for stance in result.stances:
        yield Labelled("stances", stance.stance.upper(), stance.id, stance.evidence)


def without_overlaps(spans: Iterator[Labelled]) -> list[Labelled]:
    """Return the longest spans that do not overlap, in the order of the text."""
    taken: list[Labelled] = []
    free_from = 0
    for span in sorted(spans, key=lambda span: (span.extent.start, -span.extent.end)):
        if span.extent.start >= free_from:
            taken.append(span)
            free_from = span.extent.end
    return taken
