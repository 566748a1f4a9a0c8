"""Stage ``stancewire_speakers``: which entity a source is.

Completes ``doc._.attributions`` and adds pronouns and descriptions to the mentions.

A name inside the source decides; else a pronoun or a description ("the minister") is resolved by who was last
spoken of. Where nobody fits, the speaker stays null: a missing speaker is better than a wrong one.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from typing import Final

from spacy.language import Language
from spacy.tokens import Doc, Span

from services.contracts import EntityType, MentionForm
from workers.coreference.antecedents import PERSONAL, Ranker
from workers.coreference.descriptions import again, described
from workers.coreference.missed_names import missed
from workers.coreference.pronouns import Chooser, Persons
from workers.doc.records import AttributionRecord, EntityRecord, TokenSpan
from workers.doc.tokens import Tokens
from workers.english.phrases import PREPOSITIONS

APPOSED: Final = 2  # words from a comma to a name that explains what is before it, a title among them
_GENITIVE: Final = frozenset({"'s", "’s"})
_NOBODY: Final = frozenset({EntityType.DATE, EntityType.MONEY})
_FORMER: Final = frozenset(
    {"the", "former", "ex", "top", "senior", "then", "late", "outgoing", "veteran", "a", "an", "this"}
)
# What a body that spoke is called; a person or a crowd may be too, so that only a body that spoke right before is taken.
BODY_PRONOUNS: Final = frozenset({"it", "they"})


@Language.factory("stancewire_speakers")
class Speakers:
    """Resolves sources."""

    def __init__(self, nlp: Language, name: str) -> None:
        """Read the ranker's weights, once a process."""
        del nlp, name
        self.choose: Chooser = Ranker.shipped().choose

    def __call__(self, doc: Doc) -> Doc:
        """Set ``speaker`` of the statements and extend ``doc.spans["mentions"]``; a name that only a pronoun shows is added."""
        tokens = Tokens.of(doc)
        entities: list[EntityRecord] = doc._.entities
        spans = list(doc.spans.get("mentions", ()))
        names = [TokenSpan(span.start, span.end) for span in spans]
        keys = [int(span.id_) for span in spans]
        statements: list[AttributionRecord] = doc._.attributions
        speeches = [(q.start, q.end) for q in doc.spans.get("quotations", ()) if q._.speech]
        more, places_of = missed(tokens, names, len(entities))
        everybody = [*entities, *more]
        candidates = sorted(
            [*zip(names, keys, strict=True), *((place, key) for key in places_of for place in places_of[key])]
        )
        persons = Persons(tokens, everybody, candidates, statements, speeches, self.choose)
        added = self._resolve(tokens, entities, names, keys, statements, persons)
        for place, key in again(tokens, entities, names, keys):
            added.setdefault(place, (key, MentionForm.NOMINAL))
        used = sorted({key for key, _ in added.values() if key in places_of})
        new = {old: len(entities) + n for n, old in enumerate(used)}  # keys of the names that somebody is called by
        entities += [replace(everybody[old], key=key) for old, key in new.items()]
        found = [(place, key, MentionForm.NAME) for place, key in zip(names, keys, strict=True)]
        found += [(place, key, MentionForm.NAME) for old, key in new.items() for place in places_of[old]]
        for place, (old, form) in added.items():
            key = new.get(old, old)
            found.append((place, key, form))
            if tokens.lower[place.start] in PERSONAL and form is MentionForm.PRONOUN:
                entities[
                    key
                ].type = EntityType.PERSON  # whom an article calls "she" is one, whatever the name looked like
        doc.spans["mentions"] = [_mention(doc, place, entities[key], form) for place, key, form in found]
        for statement in statements:
            speaker = persons.speakers.get(statement.source) if statement.source is not None else None
            if statement.source is not None:
                statement.speaker = None if speaker is None else new.get(speaker, speaker)
        return doc

    def _resolve(
        self,
        tokens: Tokens,
        entities: list[EntityRecord],
        names: list[TokenSpan],
        keys: list[int],
        statements: list[AttributionRecord],
        persons: Persons,
    ) -> dict[TokenSpan, tuple[int, MentionForm]]:
        """Resolve the sources and pronouns in the order of the text, so that each answer is there for the next question.

        Returns the places that are no names, with the entity and the form of each.
        """
        added: dict[TokenSpan, tuple[int, MentionForm]] = {}
        pending = {statement.source for statement in statements if statement.source and statement.follows is None}
        pronouns = {TokenSpan(i, i + 1) for i, word in enumerate(tokens.lower) if word in PERSONAL}
        starts = [name.start for name in names]
        for place in sorted(pending | pronouns, key=persons.asked_at):
            persons.read_to(persons.asked_at(place)[0])
            form = MentionForm.PRONOUN
            if place in pronouns:
                speaker = persons.resolve(place.start)
            elif place.end - place.start == 1 and tokens.lower[place.start] in BODY_PRONOUNS:
                speaker = persons.body(place)
            else:
                form = MentionForm.NAME
                speaker = self._named(tokens, entities, names, keys, starts, place)
                if speaker is None:
                    form = MentionForm.NOMINAL
                    speaker = described(tokens, entities, names, keys, place)
            if speaker is None:
                continue
            if form is not MentionForm.NAME:
                added[place] = (speaker, form)
            if form is MentionForm.NOMINAL:
                persons.described(place.start, speaker)
            if place in pending:
                persons.spoke(place, speaker)
        return added

    def _named(
        self,
        tokens: Tokens,
        entities: list[EntityRecord],
        names: list[TokenSpan],
        keys: list[int],
        starts: list[int],
        source: TokenSpan,
    ) -> int | None:
        """Return the entity that the source names: its head, not what its head belongs to.

        ("Moyo's lawyer", "a spokesman for Moyo").
        """
        pronoun = tokens.lower[source.start]
        if source.end - source.start == 1 and pronoun in {"who", "which"}:
            k = bisect_left(starts, source.start) - 1
            near = k >= 0 and source.start - names[k].end <= 1 and entities[keys[k]].type not in _NOBODY
            return keys[k] if near else None
        inside = []
        k = bisect_left(starts, source.start)
        while k < len(names) and names[k].end <= source.end:
            # What is a name's own is not the name; but "Osei's" alone, of "Osei's promise", is.
            if tokens.at(names[k].end) not in _GENITIVE or names[k].end >= source.end - 1:
                inside.append(k)
            k += 1
        inside = [k for k in inside if entities[keys[k]].type not in _NOBODY | {EntityType.NORP} or names[k] == source]
        comma = next((i for i in range(source.start, source.end) if tokens.words[i] == ","), source.end)
        preposition = next((i for i in range(source.start, comma) if tokens.lower[i] in PREPOSITIONS), comma)
        for k in inside:
            # "Japan's trade minister, Kenji Morita": the name right after the comma says who the minister is.
            apposed = 0 < names[k].start - comma <= APPOSED
            if entities[keys[k]].type is EntityType.PERSON and (
                apposed or names[k].start < preposition or not self._heads(tokens, source.start, preposition)
            ):
                return keys[k]
        for k in inside:
            begins = all(
                tokens.lower[i] in {"the", "both", "a"} or not tokens.words[i][0].isalnum()
                for i in range(source.start, names[k].start)
            )
            if (
                begins
                and names[k].end <= comma
                and (
                    names[k].end == comma
                    or tokens.lower[names[k].end] in {"and", "of", "in", "(", "for"} | PREPOSITIONS
                )
            ):
                return keys[k]
        return None

    def _heads(self, tokens: Tokens, start: int, end: int) -> bool:
        """Whether words in small letters before a preposition head the source, and so not the name after it."""
        return any(tokens.words[i][0].islower() and tokens.lower[i] not in _FORMER for i in range(start, end))


def _mention(doc: Doc, place: TokenSpan, entity: EntityRecord, form: MentionForm) -> Span:
    span = Span(doc, place.start, place.end, label=entity.type.value, span_id=str(entity.key))
    span._.form = form
    return span
