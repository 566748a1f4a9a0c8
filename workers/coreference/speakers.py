"""Component ``stancewire_speakers``: the entity that each source refers to.

Completes ``doc._.attributions`` and adds pronouns and descriptions to the mentions.

If the source contains a name, its head decides; a pronoun or a description ("the minister") is resolved to an
antecedent. If nothing fits, the speaker stays None: a missing speaker is better than a wrong one.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from typing import Final

from spacy.language import Language
from spacy.tokens import Doc, Span

from services.contracts import EntityType, MentionForm
from workers.coreference.antecedents import PERSONAL, AntecedentRanker
from workers.coreference.descriptions import organisation_descriptions, resolve_description
from workers.coreference.missed_names import find_missed_names
from workers.coreference.pronouns import Chooser, PronounResolver
from workers.doc.records import AttributionRecord, EntityRecord, TokenSpan
from workers.doc.tokens import Tokens
from workers.english.phrases import PREPOSITIONS

# In tokens, from a comma to a name in apposition, a title included.
MAX_APPOSITION_DISTANCE: Final = 2
_GENITIVES: Final = frozenset({"'s", "’s"})
_NON_SPEAKER_TYPES: Final = frozenset({EntityType.DATE, EntityType.MONEY})
# Lower-case words before a name that are not the head of the phrase.
_MODIFIERS: Final = frozenset(
    {"the", "former", "ex", "top", "senior", "then", "late", "outgoing", "veteran", "a", "an", "this"}
)
# Pronouns for bodies. They may also refer to a thing or a crowd, so only the body that just spoke is taken.
BODY_PRONOUNS: Final = frozenset({"it", "they"})


@Language.factory("stancewire_speakers")
class Speakers:
    """Resolves sources and pronouns to entities.

    Reads ``doc._.attributions``, ``doc._.entities``, and the quotations and mentions of ``doc.spans``. Writes
    ``speaker`` of ``doc._.attributions``, adds pronouns and descriptions to ``doc.spans["mentions"]``, and adds
    names that only a pronoun shows to be persons to ``doc._.entities``.
    """

    def __init__(self, nlp: Language, name: str) -> None:
        """Load the weights of the ranker, once per process."""
        del nlp, name
        self.choose: Chooser = AntecedentRanker.load().choose

    def __call__(self, doc: Doc) -> Doc:
        """Set the speakers of ``doc._.attributions`` and extend the mentions."""
        tokens = Tokens.of(doc)
        entities: list[EntityRecord] = doc._.entities
        spans = list(doc.spans.get("mentions", ()))
        names = [TokenSpan(span.start, span.end) for span in spans]
        keys = [int(span.id_) for span in spans]
        attributions: list[AttributionRecord] = doc._.attributions
        quotations = [(span.start, span.end) for span in doc.spans.get("quotations", ()) if span._.speech]
        missed, missed_names = find_missed_names(tokens, names, len(entities))
        candidates = [*entities, *missed]
        all_names = sorted(
            [*zip(names, keys, strict=True), *((name, key) for key in missed_names for name in missed_names[key])]
        )
        resolver = PronounResolver(tokens, candidates, all_names, attributions, quotations, self.choose)
        resolved = self._resolve_in_reading_order(tokens, entities, names, keys, attributions, resolver)
        for span, key in organisation_descriptions(tokens, entities, names, keys):
            resolved.setdefault(span, (key, MentionForm.NOMINAL))
        used = sorted({key for key, _ in resolved.values() if key in missed_names})
        # Missed names that a pronoun refers to become entities; their keys continue those of the other entities.
        new_key = {old: len(entities) + i for i, old in enumerate(used)}
        entities += [replace(candidates[old], key=key) for old, key in new_key.items()]
        mentions = [(span, key, MentionForm.NAME) for span, key in zip(names, keys, strict=True)]
        mentions += [(span, key, MentionForm.NAME) for old, key in new_key.items() for span in missed_names[old]]
        for span, (old, form) in resolved.items():
            key = new_key.get(old, old)
            mentions.append((span, key, form))
            if tokens.lower[span.start] in PERSONAL and form is MentionForm.PRONOUN:
                entities[
                    key
                ].type = EntityType.PERSON  # "he" or "she" refers to a person, whatever the name looked like
        doc.spans["mentions"] = [_mention_span(doc, span, entities[key], form) for span, key, form in mentions]
        for attribution in attributions:
            if attribution.source is not None:
                speaker = resolver.speakers.get(attribution.source)
                attribution.speaker = None if speaker is None else new_key.get(speaker, speaker)
        return doc

    def _resolve_in_reading_order(
        self,
        tokens: Tokens,
        entities: list[EntityRecord],
        names: list[TokenSpan],
        keys: list[int],
        attributions: list[AttributionRecord],
        resolver: PronounResolver,
    ) -> dict[TokenSpan, tuple[int, MentionForm]]:
        """Resolve the sources and pronouns in reading order, so that each can refer to those before it.

        Returns the resolved pronouns and descriptions, each with the key of its entity and its form.
        """
        resolved: dict[TokenSpan, tuple[int, MentionForm]] = {}
        sources = {
            attribution.source for attribution in attributions if attribution.source and attribution.follows is None
        }
        pronouns = {TokenSpan(i, i + 1) for i, word in enumerate(tokens.lower) if word in PERSONAL}
        name_starts = [name.start for name in names]
        for span in sorted(sources | pronouns, key=resolver.reading_position):
            resolver.read_names_before(resolver.reading_position(span)[0])
            form = MentionForm.PRONOUN
            if span in pronouns:
                key = resolver.resolve(span.start)
            elif span.end - span.start == 1 and tokens.lower[span.start] in BODY_PRONOUNS:
                key = resolver.resolve_body(span)
            else:
                form = MentionForm.NAME
                key = self._named_entity(tokens, entities, names, keys, name_starts, span)
                if key is None:
                    form = MentionForm.NOMINAL
                    key = resolve_description(tokens, entities, names, keys, span)
            if key is None:
                continue
            if form is not MentionForm.NAME:
                resolved[span] = (key, form)
            if form is MentionForm.NOMINAL:
                resolver.note_description(span.start, key)
            if span in sources:
                resolver.note_speaker(span, key)
        return resolved

    def _named_entity(
        self,
        tokens: Tokens,
        entities: list[EntityRecord],
        names: list[TokenSpan],
        keys: list[int],
        name_starts: list[int],
        source: TokenSpan,
    ) -> int | None:
        """Return the entity named by the head of the source, or None.

        In "Moyo's lawyer" and "a spokesman for Moyo" the head is not a name.
        """
        first_word = tokens.lower[source.start]
        if source.end - source.start == 1 and first_word in {"who", "which"}:
            k = bisect_left(name_starts, source.start) - 1
            is_antecedent = (
                k >= 0 and source.start - names[k].end <= 1 and entities[keys[k]].type not in _NON_SPEAKER_TYPES
            )
            return keys[k] if is_antecedent else None
        inside = []
        k = bisect_left(name_starts, source.start)
        while k < len(names) and names[k].end <= source.end:
            # "Osei" is not the head of "Osei's promise", but of "Osei's" alone.
            if tokens.at(names[k].end) not in _GENITIVES or names[k].end >= source.end - 1:
                inside.append(k)
            k += 1
        inside = [
            k
            for k in inside
            if entities[keys[k]].type not in _NON_SPEAKER_TYPES | {EntityType.NORP} or names[k] == source
        ]
        comma = next((i for i in range(source.start, source.end) if tokens.words[i] == ","), source.end)
        preposition = next((i for i in range(source.start, comma) if tokens.lower[i] in PREPOSITIONS), comma)
        for k in inside:
            # "Japan's trade minister, Kenji Morita": the name right after the comma is an apposition to the head.
            is_apposition = 0 < names[k].start - comma <= MAX_APPOSITION_DISTANCE and tokens.lower[comma + 1] != "by"
            if entities[keys[k]].type is EntityType.PERSON and (
                is_apposition
                or names[k].start < preposition
                or not self._has_common_head(tokens, source.start, preposition)
            ):
                return keys[k]
        for k in inside:
            opens_source = all(
                tokens.lower[i] in {"the", "both", "a"} or not tokens.words[i][0].isalnum()
                for i in range(source.start, names[k].start)
            )
            if (
                opens_source
                and names[k].end <= comma
                and (
                    names[k].end == comma
                    or tokens.lower[names[k].end] in {"and", "of", "in", "(", "for"} | PREPOSITIONS
                )
            ):
                return keys[k]
        return None

    def _has_common_head(self, tokens: Tokens, start: int, end: int) -> bool:
        """Return whether lower-case words before a preposition head the source, so that a name after it does not."""
        return any(tokens.words[i][0].islower() and tokens.lower[i] not in _MODIFIERS for i in range(start, end))


def _mention_span(doc: Doc, span: TokenSpan, entity: EntityRecord, form: MentionForm) -> Span:
    """Return a span of ``doc.spans["mentions"]``."""
    mention = Span(doc, span.start, span.end, label=entity.type.value, span_id=str(entity.key))
    mention._.form = form
    return mention
