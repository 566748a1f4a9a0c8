"""Stage ``stancewire_stances``: who is for or against whom, by what the cue of a statement does.

Writes ``doc._.stances``.

The holder is the statement's speaker. The target is the first entity that the content names, where the act
itself takes a side: who accuses, rejects or threatens somebody is against them, who praises them is for them. Where the
content only points back ("the offer"), the target is who spoke of it. A statement that only says something takes no side here.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from spacy.language import Language
from spacy.tokens import Doc

from services.contracts import EntityType
from workers.doc.records import AttributionRecord, EntityRecord, StanceRecord, TokenSpan
from workers.doc.tokens import Tokens
from workers.english import gazetteer
from workers.stance import back_reference, factuality, scores
from workers.stance.factuality import SIDES
from workers.stance.scene import PARTIES
from workers.stance.verb_between import by_verb, owns

# A target stands near the beginning of the content: what comes later is mostly about something else.
REACH: Final = 8


@Language.factory("stancewire_stances")
class ActStances:
    """Reads stances off statements."""

    def __init__(self, nlp: Language, name: str) -> None:
        """Take what spaCy hands to every factory; there is nothing to set."""
        del nlp, name

    def __call__(self, doc: Doc) -> Doc:
        """Set ``doc._.stances``; reads statements, entities and mentions."""
        leanings = by_act(doc)
        known = {(leaning.holder, leaning.target, leaning.stance) for leaning in leanings}
        doc._.stances = [
            *leanings,
            *(more for more in by_verb(doc) if (more.holder, more.target, more.stance) not in known),
        ]
        return doc


def by_act(doc: Doc) -> list[StanceRecord]:
    """Return the stances that the acts of a document's statements take."""
    mentions = sorted((span.start, span.end, int(span.id_)) for span in doc.spans.get("mentions", ()))
    starts = [start for start, _, _ in mentions]
    tokens = Tokens.of(doc)
    leanings: list[StanceRecord] = []
    for index, statement in enumerate(doc._.attributions):
        side = SIDES.get(statement.act)
        if side is None or statement.speaker is None or statement.cue is None or statement.source is None:
            continue
        target = _target(doc, doc._.entities, mentions, starts, statement)
        if target is None:
            target = back_reference.speaker(tokens, doc._.attributions, index)
        if factuality.conditional(tokens, statement.cue.span, _past_name(tokens, statement.content[0])):
            continue
        if target is None:
            continue
        parts = (statement.source, statement.cue.span, *statement.content)
        evidence = TokenSpan(min(part.start for part in parts), max(part.end for part in parts))
        leanings.append(StanceRecord(statement.speaker, target, side, scores.of_act(statement.act), evidence, index))
    return leanings


def _past_name(tokens: Tokens, content: TokenSpan) -> TokenSpan:
    """Return what comes after the name that a content begins with."""
    start = content.start
    while start < content.end and tokens.words[start][0].isupper():
        start += 1
    return TokenSpan(start, tokens.last[content.start])


def _target(
    doc: Doc,
    entities: list[EntityRecord],
    mentions: list[tuple[int, int, int]],
    starts: list[int],
    statement: AttributionRecord,
) -> int | None:
    """Return the first entity of the content that may be a target and is not the holder; a people stands for its country."""
    content = statement.content[0]
    for k in range(bisect_left(starts, content.start), len(mentions)):
        start, end, key = mentions[k]
        if start >= min(content.end, content.start + REACH):
            return None
        entity = entities[key]
        after = doc[end].lower_ if end < len(doc) else ""
        if key == statement.speaker or entity.type not in PARTIES or owns(doc[start].lower_, after):
            continue
        if entity.type is EntityType.NORP:
            country = gazetteer.governments().get(entity.name)
            own = country and country == gazetteer.governments().get(entities[statement.speaker or 0].name)
            found = next((e.key for e in entities if country and e.name == country), key)
            if own or found == statement.speaker:
                continue
            return found
        if doc[end - 1].is_punct or end > content.end:
            continue
        return key
    return None
