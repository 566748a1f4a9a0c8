"""Stage ``stancewire_speakers``: which entity a source is.

Completes ``doc._.statements`` and adds pronouns and descriptions to the mentions.

A name inside the source decides; else a pronoun or a description ("the minister") is resolved by who was last
spoken of. Where nobody fits, the speaker stays null: a missing speaker is better than a wrong one.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from spacy.language import Language
from spacy.tokens import Doc, Span

from services.contracts import EntityType, MentionForm
from workers.extraction import gazetteer, lexicon
from workers.extraction.phrases import PREPOSITIONS
from workers.extraction.pronouns import PERSONAL, Persons
from workers.extraction.records import Named, Statement, Stretch
from workers.extraction.tokens import Tokens

# What else somebody of a role is called; looked for in the words of the roles that the article gives.
ALSO: Final[dict[str, frozenset[str]]] = {
    "diplomat": frozenset({"foreign", "ambassador", "envoy", "consul"}),
    "leader": frozenset(
        {"president", "premier", "prime", "chairman", "chairwoman", "head", "chancellor", "king", "leader", "chief"}
    ),
    "premier": frozenset({"prime", "premier"}),
    "pm": frozenset({"prime", "premier"}),
    "lawmaker": frozenset({"senator", "sen.", "rep.", "congressman", "congresswoman", "mp", "deputy", "legislator", "lawmaker"}),
    "senator": frozenset({"senator", "sen."}),
    "governor": frozenset({"governor", "gov."}),
    "lawyer": frozenset({"attorney", "lawyer", "solicitor", "barrister", "advocate"}),
    "attorney": frozenset({"attorney", "lawyer"}),
    "spokesman": frozenset({"spokesman", "spokesperson"}),
    "spokeswoman": frozenset({"spokeswoman", "spokesperson"}),
    "spokesperson": frozenset({"spokesman", "spokeswoman", "spokesperson"}),
    "official": frozenset({"minister", "secretary", "director", "commissioner", "spokesman", "spokeswoman", "official", "head"}),
    "chief": frozenset({"chief", "head", "director", "boss", "commissioner"}),
    "boss": frozenset({"chief", "manager", "director", "ceo", "head", "boss", "coach"}),
    "doctor": frozenset({"doctor", "dr", "dr.", "physician"}),
    "professor": frozenset({"professor", "prof.", "prof"}),
    "general": frozenset({"general", "gen."}),
}
# How many names a description looks back over.
NAMES_BACK: Final = 400
_FORMER: Final = frozenset({"the", "former", "ex", "top", "senior", "then", "late", "outgoing", "veteran", "a", "an", "this"})
_BODIES: Final = frozenset({"government", "authorities", "officials", "side", "leadership", "administration"})


@Language.factory("stancewire_speakers")
class Speakers:
    """Resolves sources."""

    def __init__(self, nlp: Language, name: str) -> None:
        """Read the lexicon, once a process."""
        del nlp, name
        self.roles = lexicon.words("roles")

    def __call__(self, doc: Doc) -> Doc:
        """Set ``speaker`` of the statements and extend ``doc.spans["mentions"]``."""
        tokens = Tokens.of(doc)
        entities: list[Named] = doc._.entities
        names = [Stretch(span.start, span.end) for span in doc.spans.get("mentions", ())]
        keys = [int(span.id_) for span in doc.spans.get("mentions", ())]
        statements: list[Statement] = doc._.statements
        persons = Persons(
            tokens, entities, names, keys, statements, [(q.start, q.end) for q in doc.spans.get("quotations", ()) if q._.speech]
        )
        added: dict[Stretch, tuple[int, MentionForm]] = {}
        pending = {statement.source: statement for statement in statements if statement.source and statement.follows is None}
        # In the order of the text, so that each answer is there for the next question.
        places = sorted(
            {*pending, *(Stretch(i, i + 1) for i, word in enumerate(tokens.lower) if word in PERSONAL)},
            key=persons.asked_at,
        )
        starts = [name.start for name in names]
        for place in places:
            form = MentionForm.NOMINAL
            if place.end - place.start == 1 and tokens.lower[place.start] in PERSONAL:
                speaker, form = persons.resolve(place.start), MentionForm.PRONOUN
            else:
                speaker = self._named(tokens, entities, names, keys, starts, place)
                if speaker is None:
                    speaker = self._described(tokens, entities, names, keys, place)
                else:
                    form = MentionForm.NAME
            if speaker is None:
                continue
            if form is not MentionForm.NAME:
                added[place] = (speaker, form)
            if place in pending:
                persons.spoke(place, speaker)
        for statement in statements:
            if statement.source is not None:
                statement.speaker = persons.speakers.get(statement.source)
        spans = list(doc.spans.get("mentions", ()))
        for place, (key, form) in added.items():
            span = Span(doc, place.start, place.end, label=entities[key].type.value, span_id=str(key))
            span._.form = form
            spans.append(span)
        doc.spans["mentions"] = spans
        return doc

    def _named(
        self, tokens: Tokens, entities: list[Named], names: list[Stretch], keys: list[int], starts: list[int], source: Stretch
    ) -> int | None:
        """Return the entity that the source names: its head, not what its head belongs to.

        ("Moyo's lawyer", "a spokesman for Moyo").
        """
        pronoun = tokens.lower[source.start]
        if source.end - source.start == 1 and pronoun in {"who", "which"}:
            k = bisect_left(starts, source.start) - 1
            return keys[k] if k >= 0 and source.start - names[k].end <= 1 else None
        inside = []
        k = bisect_left(starts, source.start)
        while k < len(names) and names[k].end <= source.end:
            if tokens.at(names[k].end) not in {"'s", "’s"} or names[k].end == source.end:
                inside.append(k)
            k += 1
        inside = [
            k
            for k in inside
            if entities[keys[k]].type not in {EntityType.DATE, EntityType.MONEY, EntityType.NORP} or names[k] == source
        ]
        comma = next((i for i in range(source.start, source.end) if tokens.words[i] == ","), source.end)
        preposition = next((i for i in range(source.start, comma) if tokens.lower[i] in PREPOSITIONS), comma)
        for k in inside:
            if entities[keys[k]].type is EntityType.PERSON and (
                names[k].start < preposition or not self._heads(tokens, source.start, preposition)
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
                and (names[k].end == comma or tokens.lower[names[k].end] in {"and", "of", "in", "(", "for"} | PREPOSITIONS)
            ):
                return keys[k]
        return None

    def _heads(self, tokens: Tokens, start: int, end: int) -> bool:
        """Whether words in small letters before a preposition head the source, and so not the name after it."""
        return any(tokens.words[i][0].islower() and tokens.lower[i] not in _FORMER for i in range(start, end))

    def _described(
        self, tokens: Tokens, entities: list[Named], names: list[Stretch], keys: list[int], source: Stretch
    ) -> int | None:
        """Return the last person before the source whom its description fits.

        A government's country for "the Russian government".
        """
        lower = tokens.lower
        if lower[source.start] not in {"the", "this", "that"}:
            return None
        stop = next((i for i in range(source.start, source.end) if lower[i] in PREPOSITIONS or lower[i] == ","), source.end)
        head = lower[stop - 1]
        if head in _BODIES:
            return self._country(tokens, entities, source)
        if head not in self.roles and head != "pm":
            return None
        wanted = ALSO.get(head, frozenset({head}))
        peoples = {word.lower() for word in tokens.words[source.start : stop] if word in gazetteer.peoples()}
        specific = {
            word
            for word in lower[source.start : stop - 1]
            if word in {"foreign", "prime", "finance", "vice", "interior", "defence", "defense", "justice"}
        }
        seen: set[int] = set()
        last = bisect_left(names, source) - 1
        for k in range(last, max(-1, last - NAMES_BACK), -1):
            key = keys[k]
            if key in seen or entities[key].type is not EntityType.PERSON:
                continue
            seen.add(key)
            for role in entities[key].roles:
                has = set(role.lower().split())
                others = {word for word in role.split() if word in gazetteer.peoples()}
                if (
                    has & wanted
                    and specific <= has
                    and not (peoples and others and not peoples & {word.lower() for word in others})
                ):
                    return key
        return None

    def _country(self, tokens: Tokens, entities: list[Named], source: Stretch) -> int | None:
        governments = gazetteer.governments()
        for i in range(source.start, source.end):
            country = governments.get(tokens.words[i])
            if country:
                return next(
                    (
                        e.key
                        for e in entities
                        if e.type is EntityType.LOCATION
                        and governments.get(e.name, e.name) == country
                        and (e.name == country or e.name in gazetteer.SHORT_NAMES)
                    ),
                    None,
                )
        return None
