"""Speakers without a name: "a spokesman for the port said ... he added".

Each is a candidate for the pronouns and descriptions after it, and becomes an entity only if one refers to it: else the
words of the source say all there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.contracts import EntityType
from workers.coreference.noun_phrases import Kind
from workers.doc.records import EntityRecord, TokenSpan
from workers.entities import scores

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from workers.coreference.noun_phrases import NounPhrase
    from workers.doc.tokens import Tokens


def find_unnamed_speakers(
    tokens: Tokens, sources: Iterable[TokenSpan], phrases: Mapping[int, NounPhrase], first_key: int
) -> tuple[list[EntityRecord], dict[int, TokenSpan]]:
    """Return an entity for each source that begins with a description, with keys from ``first_key``, and their spans.

    ``sources`` are those without an entity, ``phrases`` the indefinite descriptions by first token. The span of an
    entity ends with the head of its description.
    """
    entities: list[EntityRecord] = []
    spans: dict[int, TokenSpan] = {}
    for source in sources:
        phrase = phrases.get(source.start)
        if phrase is None or phrase.span.end > source.end:
            continue
        end = min(phrase.end, source.end)
        key = first_key + len(entities)
        kind = EntityType.PERSON if Kind.PERSON in phrase.kind else EntityType.ORGANIZATION
        name = " ".join(tokens.words[source.start : end])
        words = frozenset(tokens.lower[source.start : end])
        entities.append(EntityRecord(key, name, kind, scores.PRECISION[EntityType.MISC], words))
        spans[key] = phrase.span
    return entities, spans
