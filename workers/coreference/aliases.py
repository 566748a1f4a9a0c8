"""Component ``stancewire_aliases``: which names refer to the same entity.

Reads ``doc.ents``, writes ``doc._.entities`` and ``doc.spans["mentions"]``.

A mention's label is the type of its entity and its ``id_`` the key of its entity, the index in ``doc._.entities``.
Names of persons are joined by ``workers.coreference.persons``, those of bodies and places by
``workers.coreference.things``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from spacy.language import Language
from spacy.tokens import Doc, Span

from services.contracts import EntityType
from workers.coreference.initials import read_initials
from workers.coreference.name_types import NameTypes
from workers.coreference.persons import PersonName, Persons
from workers.coreference.things import Things, acting_capitals
from workers.doc.records import EntityRecord
from workers.doc.tokens import Tokens
from workers.english import gazetteer, lexicon
from workers.english.lexicon import word_set
from workers.english.name_forms import normalize_name, title_gender
from workers.entities import scores

_ARTICLES: Final = frozenset({"the", "a", "an"})
_THING_TYPES: Final = frozenset(
    {EntityType.ORGANIZATION, EntityType.LOCATION, EntityType.FACILITY, EntityType.MISC, EntityType.PRODUCT}
)
_PLACE_LABELS: Final = frozenset({EntityType.LOCATION.value, EntityType.ORGANIZATION.value})
_AND: Final = frozenset({"and", "&"})
_MALE_RELATIONS: Final = word_set(
    "brother father son husband grandfather grandson nephew uncle boyfriend stepfather stepson widower ex-husband "
    "half-brother brother-in-law father-in-law son-in-law spokesman chairman businessman congressman policeman"
)
_FEMALE_RELATIONS: Final = word_set(
    "sister mother daughter wife grandmother granddaughter niece aunt girlfriend stepmother stepdaughter widow ex-wife "
    "half-sister sister-in-law mother-in-law daughter-in-law spokeswoman chairwoman businesswoman congresswoman "
    "policewoman actress"
)
MAX_ROLE_WORDS: Final = 6


@dataclass(slots=True)
class _EntityTable:
    """The entities so far, with indices of their names.

    ``names``, ``roles`` and ``types`` are lists by entity key and count the names, roles and types of its mentions.
    ``by_text`` maps a type and a normalised name to a key, for names that are neither persons nor things.
    """

    things: Things
    entities: list[EntityRecord] = field(default_factory=list)
    names: list[Counter[str]] = field(default_factory=list)
    roles: list[Counter[str]] = field(default_factory=list)
    types: list[Counter[EntityType]] = field(default_factory=list)
    persons: Persons = field(default_factory=Persons)
    by_text: dict[tuple[EntityType, str], int] = field(default_factory=dict)

    def new(self, text: str, entity_type: EntityType) -> int:
        """Return the key of a new entity."""
        key = len(self.entities)
        self.entities.append(EntityRecord(key, text, entity_type, scores.PRECISION[entity_type], frozenset()))
        self.names.append(Counter())
        self.roles.append(Counter())
        self.types.append(Counter())
        return key


@Language.factory("stancewire_aliases")
class Aliases:
    """Joins names into entities.

    Reads ``doc.ents``; writes ``doc._.entities`` and ``doc.spans["mentions"]``.
    """

    def __init__(self, nlp: Language, name: str) -> None:
        """Load the word lists, once per process."""
        del nlp, name
        self.roles = lexicon.word_list("roles")
        self.titles = lexicon.word_list("titles")
        self.given_names = lexicon.word_list("men") | lexicon.word_list("women")
        self.cues = lexicon.cue_forms().keys()

    def __call__(self, doc: Doc) -> Doc:
        """Write the entities in the order of their first mention; each name belongs to exactly one entity."""
        tokens = Tokens.of(doc)
        places = [(ent.start, ent.end) for ent in doc.ents if ent.label_ in _PLACE_LABELS]
        table = _EntityTable(Things(acting_capitals(tokens, places)))
        types = NameTypes(doc)
        couples = self._couples(doc, tokens)
        initials = read_initials(doc, tokens)
        keys: list[int] = []
        previous: tuple[int, int] = (-1, -1)  # end and key of the last thing
        for i, ent in enumerate(doc.ents):
            text = " ".join(ent.text.split())
            entity_type = types.of(text, EntityType(ent.label_))
            if ent.start in initials:
                text, entity_type = initials[ent.start], EntityType.PERSON
            if entity_type is EntityType.PERSON:
                key = self._person(table, tokens, ent, text, couples.get(i, ""))
            elif entity_type in _THING_TYPES:
                in_brackets = previous[0] == ent.start - 1 and tokens.words[ent.start - 1] == "("
                before = previous[1] if in_brackets else None
                joined = table.things.find(entity_type, text, before, _word_in_brackets(tokens, ent.end))
                key = table.new(text, entity_type) if joined is None else joined
                table.things.add(key, entity_type, text)
                previous = (ent.end, key)
            else:
                typed = entity_type, normalize_name(text)
                key = table.by_text[typed] if typed in table.by_text else table.new(text, entity_type)
                table.by_text[typed] = key
            table.names[key][text] += 1
            table.types[key][entity_type] += 1
            keys.append(key)
        self._complete(doc, table, keys)
        self._add_initials(doc, table, initials)
        return doc

    def _complete(self, doc: Doc, table: _EntityTable, keys: list[int]) -> None:
        """Write entities and mentions, once all names of each entity are known."""
        best_score: dict[int, float] = {}
        for ent, key in zip(doc.ents, keys, strict=True):
            # 0 for mentions of the rules, whose entity keeps the precision of its type
            best_score[key] = max(ent._.score, best_score.get(key, 0.0))
        for entity in table.entities:
            names, types = table.names[entity.key], table.types[entity.key]
            entity.type = max(types, key=types.__getitem__)
            entity.score = best_score[entity.key] or scores.PRECISION[entity.type]
            entity.name = _display_name(entity.type, names)
            entity.words = frozenset(word.lower() for name in names for word in name.split())
            entity.roles = tuple(role for role, _ in table.roles[entity.key].most_common())
        doc._.entities = table.entities
        doc.spans["mentions"] = [
            Span(doc, ent.start, ent.end, label=table.entities[key].type.value, span_id=str(key))
            for ent, key in zip(doc.ents, keys, strict=True)
        ]

    def _add_initials(self, doc: Doc, table: _EntityTable, initials: dict[int, str]) -> None:
        """Add mentions for the initials that are not among the names."""
        in_names = {i for ent in doc.ents for i in range(ent.start, ent.end)}
        spans = list(doc.spans["mentions"])
        for i, name in initials.items():
            key = table.persons.find(PersonName.of(name), "")
            if i not in in_names and key is not None:
                spans.append(Span(doc, i, i + 1, label=EntityType.PERSON.value, span_id=str(key)))
        if len(spans) > len(doc.spans["mentions"]):
            doc.spans["mentions"] = sorted(spans, key=lambda span: span.start)

    def _person(self, table: _EntityTable, tokens: Tokens, ent: Span, text: str, family_name: str) -> int:
        """Return the key of the person that a name refers to.

        ``family_name`` is the family name that stands after a partner's name ("Robert and Helen Marsh"), or empty.
        """
        full = f"{text} {family_name}" if family_name else text
        name = PersonName.of(full)
        gender = title_gender(tokens.at(ent.start - 1)) or _relation_gender(tokens, ent.start)
        key = table.persons.find(name, gender)
        if key is None:
            key = table.new(text, EntityType.PERSON)
        table.persons.add(key, name, gender)
        table.names[key][full] += 0
        table.roles[key].update(self._roles_of(tokens, ent.start, ent.end))
        return key

    def _couples(self, doc: Doc, tokens: Tokens) -> dict[int, str]:
        """Return the family name of each given name that shares one with the person after it, by index of entity."""
        persons = [(i, ent) for i, ent in enumerate(doc.ents) if ent.label_ == EntityType.PERSON]
        family_names = {ent[-1].text for _, ent in persons if len(ent) > 1}
        result = {}
        for (i, ent), (_, after) in pairwise(persons):
            if (
                len(ent) == 1
                and len(after) > 1
                and after.start == ent.end + 1
                and tokens.lower[ent.end] in _AND
                and ent.text in self.given_names
                and ent.text not in family_names
                and not title_gender(tokens.at(ent.start - 1))
            ):
                result[i] = after[-1].text
        return result

    def _roles_of(self, tokens: Tokens, start: int, end: int) -> list[str]:
        """Return the roles given before a person's name ("Foreign Minister") and after it (", the mayor of ...")."""
        roles = []
        words, first, last = tokens.words, tokens.sentence_start[start], tokens.sentence_end[start]
        k = start
        while k > first and start - k < MAX_ROLE_WORDS and self._in_role(words[k - 1]):
            k -= 1
        if any(tokens.lower[i] in self.roles for i in range(k, start)) or (k < start and words[k].endswith(".")):
            roles.append(" ".join(words[k:start]))
        if end + 1 < last and words[end] == ",":
            k = end + 1 + (tokens.lower[end + 1] in _ARTICLES)
            stop = k
            while stop < last and stop - k < 2 * MAX_ROLE_WORDS and words[stop][0].isalnum():
                stop += 1
            head = next((i for i in range(k, stop) if tokens.lower[i] in self.roles), -1)
            is_closed = stop >= last or words[stop] in {",", "."}
            if is_closed and 0 <= head - k < MAX_ROLE_WORDS and not any(word in self.cues for word in words[k:stop]):
                roles.append(" ".join(words[k:stop]))
        return roles

    def _in_role(self, word: str) -> bool:
        """Return whether a word may be part of a role before a name."""
        return (
            word in self.titles
            or word.lower() in self.roles
            or word in gazetteer.peoples()
            or word.lower() in {"former", "ex", "deputy", "of", "state", "foreign"}
        )


def _word_in_brackets(tokens: Tokens, i: int) -> str:
    """Return the single word in brackets that begin at token ``i``, or an empty string."""
    return tokens.words[i + 1] if tokens.at(i) == "(" and tokens.at(i + 2) == ")" else ""


def _relation_gender(tokens: Tokens, start: int) -> str:
    """Return the gender that the words before a name show ("her brother, finance minister"), or an empty string."""
    first = max(tokens.sentence_start[start], start - MAX_ROLE_WORDS)
    for i in range(start - 1, first - 1, -1):
        word = tokens.lower[i]
        if word in _MALE_RELATIONS:
            return "m"
        if word in _FEMALE_RELATIONS:
            return "f"
        if word != "," and not tokens.words[i].replace("-", "").isalpha():
            break
        if word in {"of", "and", "by", "to", "for", "with", "said", "told"}:
            break
    return ""


def _display_name(entity_type: EntityType, name_counts: Counter[str]) -> str:
    """Return the name to show: the longest; for a place the one used most often."""
    if entity_type is EntityType.LOCATION:
        return max(name_counts, key=lambda name: (name_counts[name], len(name)))
    return max(name_counts, key=lambda name: (len(name.split()), name_counts[name]))
