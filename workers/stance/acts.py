"""Component ``stancewire_stances``: stances shown by the act of an attribution ("accused", "praised").

Reads ``doc._.attributions``, ``doc._.entities`` and ``doc.spans["mentions"]``; writes ``doc._.stances``.

The holder is the speaker of the attribution. The act gives the stance (`ActRecord.stance`): accusing,
rejecting and threatening oppose, praising supports. The target is the first participant that the content
names, or, if the content only refers back ("the offer"), the speaker who made that offer. An act without a
stance, such as a plain "said", gives no stance here.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from spacy.language import Language
from spacy.tokens import Doc

from services.contracts import EntityType
from services.contracts.acts import ACT_RECORDS
from workers.doc.records import AttributionRecord, EntityRecord, StanceRecord, TokenSpan
from workers.doc.tokens import Tokens
from workers.english import gazetteer
from workers.stance import back_reference, factuality
from workers.stance.stance_context import PARTICIPANT_TYPES
from workers.stance.verb_between import is_possessive, stances_by_verb

# A target is named near the start of the content; later names mostly belong to another topic.
TARGET_WITHIN_TOKENS: Final = 8


@Language.factory("stancewire_stances")
class ActStances:
    """Adds the stances shown by acts and by verbs between two mentions.

    Reads ``doc._.attributions``, ``doc._.entities``, ``doc.spans["mentions"]`` through
    `stances_by_act` and `stances_by_verb`. Writes ``doc._.stances``.
    """

    def __init__(self, nlp: Language, name: str) -> None:
        """Accept the arguments that spaCy passes to every factory; there are no settings."""
        del nlp, name

    def __call__(self, doc: Doc) -> Doc:
        """Set ``doc._.stances``: those shown by acts, then those shown by verbs that are not among the former."""
        tokens = Tokens.of(doc)
        stances = stances_by_act(doc, tokens)
        shown_by_act = {(stance.holder, stance.target, stance.stance) for stance in stances}
        doc._.stances = [
            *stances,
            *(
                stance
                for stance in stances_by_verb(doc, tokens)
                if (stance.holder, stance.target, stance.stance) not in shown_by_act
            ),
        ]
        return doc


def stances_by_act(doc: Doc, tokens: Tokens) -> list[StanceRecord]:
    """Return the stances shown by the acts of the attributions of ``doc``, in the order of the attributions."""
    mentions = sorted((span.start, span.end, int(span.id_)) for span in doc.spans.get("mentions", ()))
    mention_starts = [start for start, _, _ in mentions]
    stances: list[StanceRecord] = []
    for index, attribution in enumerate(doc._.attributions):
        record = ACT_RECORDS[attribution.act]
        if (
            record.stance is None
            or record.precision is None
            or attribution.speaker is None
            or attribution.cue is None
            or attribution.source is None
        ):
            continue
        target = _find_target(doc, doc._.entities, mentions, mention_starts, attribution)
        if target is None:
            target = back_reference.referenced_speaker(tokens, doc._.attributions, index)
        if factuality.is_conditional(tokens, attribution.cue.span, _after_opening_name(tokens, attribution.content[0])):
            continue
        if target is None:
            continue
        parts = (attribution.source, attribution.cue.span, *attribution.content)
        evidence = TokenSpan(min(part.start for part in parts), max(part.end for part in parts))
        stances.append(StanceRecord(attribution.speaker, target, record.stance, record.precision, evidence, index))
    return stances


def refers_back(tokens: Tokens, attributions: list[AttributionRecord], stance: StanceRecord) -> bool:
    """Return whether the target of a stance by an act is whoever made "the offer", which no reading can see."""
    return (
        stance.attribution is not None
        and back_reference.referenced_speaker(tokens, attributions, stance.attribution) == stance.target
    )


def _after_opening_name(tokens: Tokens, content: TokenSpan) -> TokenSpan:
    """Return the rest of the sentence after the capitalised words that open the content."""
    start = content.start
    while start < content.end and tokens.words[start][0].isupper():
        start += 1
    return TokenSpan(start, tokens.sentence_end[content.start])


def _find_target(
    doc: Doc,
    entities: list[EntityRecord],
    mentions: list[tuple[int, int, int]],
    mention_starts: list[int],
    attribution: AttributionRecord,
) -> int | None:
    """Return the key of the first participant near the start of the content that is not the holder.

    A nationality ("the Russians") stands for its country, if the article names the country. ``mentions`` are
    (start, end, entity key) in text order, ``mention_starts`` their starts.
    """
    content = attribution.content[0]
    for i in range(bisect_left(mention_starts, content.start), len(mentions)):
        start, end, key = mentions[i]
        if start >= min(content.end, content.start + TARGET_WITHIN_TOKENS):
            return None
        entity = entities[key]
        next_word = doc[end].lower_ if end < len(doc) else ""
        if (
            key == attribution.speaker
            or entity.type not in PARTICIPANT_TYPES
            or is_possessive(doc[start].lower_, next_word)
        ):
            continue
        if entity.type is EntityType.NORP:
            country = gazetteer.government_names().get(entity.name)
            same_country = country and country == gazetteer.government_names().get(
                entities[attribution.speaker or 0].name
            )
            target = next((other.key for other in entities if country and other.name == country), key)
            if same_country or target == attribution.speaker:
                continue
            return target
        if doc[end - 1].is_punct or end > content.end:
            continue
        # Criticism of the sanctions against a country is not against the country.
        return None if start > content.start and doc[start - 1].lower_ == "against" else key
    return None
