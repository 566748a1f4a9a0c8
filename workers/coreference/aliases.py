"""Component ``stancewire_aliases``: which names refer to the same entity.

Reads ``doc.ents``, writes ``doc._.entities`` and ``doc.spans["mentions"]``.

A mention's label is its type and its ``id_`` the key of its entity, the index in ``doc._.entities``. These names are
joined: equal names, apart from accents; a surname or given name with the full name before it; a full name with more
or fewer middle names; an acronym with its expansion, in either order; the first word of an organisation with its full
name; the names of a country; a name with the one in brackets after it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from spacy.language import Language
from spacy.tokens import Doc, Span

from services.contracts import EntityType
from workers.doc.records import EntityRecord
from workers.doc.tokens import Tokens
from workers.english import gazetteer, lexicon
from workers.english.name_forms import acronyms, given_name_gender, normalize_name, title_gender
from workers.entities import scores

_ARTICLES: Final = frozenset({"the", "a", "an"})
_THING_TYPES: Final = frozenset(
    {EntityType.ORGANIZATION, EntityType.LOCATION, EntityType.FACILITY, EntityType.MISC, EntityType.PRODUCT}
)
# Types of which one name may be given by mistake.
_CONFUSABLE_TYPES: Final = frozenset(
    {EntityType.PERSON, EntityType.ORGANIZATION, EntityType.MISC, EntityType.PRODUCT, EntityType.FACILITY}
)
MAX_ROLE_WORDS: Final = 6
# Persons with the same surname that are kept apart.
MAX_NAMESAKES: Final = 8


@dataclass(slots=True)
class _EntityTable:
    """The entities so far, with indices of their names.

    ``names``, ``roles`` and ``name_count`` are lists by entity key. ``by_text`` maps a name group and a normalised
    name to a key; ``by_ends`` the first and last word of a person's name; ``by_word`` a surname or given name to the
    persons with it, the latest last; ``by_first`` the first word of an organisation's name, or -1 if several share it.
    """

    entities: list[EntityRecord] = field(default_factory=list)
    names: list[Counter[str]] = field(default_factory=list)
    roles: list[Counter[str]] = field(default_factory=list)
    name_count: list[int] = field(default_factory=list)
    by_text: dict[tuple[str, str], int] = field(default_factory=dict)
    by_ends: dict[tuple[str, str], int] = field(default_factory=dict)
    by_word: dict[str, list[int]] = field(default_factory=dict)
    by_acronym: dict[str, int] = field(default_factory=dict)
    by_first: dict[str, int] = field(default_factory=dict)


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
        self.cues = lexicon.cue_forms().keys()

    def __call__(self, doc: Doc) -> Doc:
        """Write the entities in the order of their first mention; each name belongs to exactly one entity."""
        tokens = Tokens.of(doc)
        table = _EntityTable()
        mentions: list[Span] = []
        consistent_types = _consistent_types(doc)
        previous_thing: tuple[int, int] = (-1, -1)  # end and key of the last thing
        for ent in doc.ents:
            text = " ".join(ent.text.split())
            normalised = normalize_name(text)
            entity_type = consistent_types.get(normalised) or EntityType(ent.label_)
            key = (
                self._find_person(table, normalised, tokens.at(ent.start - 1))
                if entity_type is EntityType.PERSON
                else None
            )
            if key is None:
                key = table.by_text.get((_name_group(entity_type), normalised))
            if key is None and entity_type in _THING_TYPES:
                in_brackets = previous_thing[0] == ent.start - 1 and tokens.words[ent.start - 1] == "("
                key = self._find_thing(table, entity_type, text, previous_thing[1] if in_brackets else None)
            if key is None:
                key = len(table.entities)
                table.entities.append(EntityRecord(key, text, entity_type, scores.PRECISION[entity_type], frozenset()))
                table.names.append(Counter())
                table.roles.append(Counter())
                table.name_count.append(0)
            table.names[key][text] += 1
            table.name_count[key] += 1
            table.by_text[_name_group(entity_type), normalised] = key
            if entity_type is EntityType.PERSON:
                self._index_person(table, key, normalised)
                table.roles[key].update(self._roles_of(tokens, ent.start, ent.end))
            elif entity_type in _THING_TYPES:
                previous_thing = (ent.end, key)
                self._index_thing(table, key, entity_type, text)
            mentions.append(Span(doc, ent.start, ent.end, label=table.entities[key].type.value, span_id=str(key)))
        best_score: dict[int, float] = {}
        for span in mentions:  # 0 for mentions found by rules, whose entity keeps the precision of its type
            best_score[int(span.id_)] = max(span._.score, best_score.get(int(span.id_), 0.0))
        for entity, name_counts, role_counts in zip(table.entities, table.names, table.roles, strict=True):
            entity.score = best_score[entity.key] or entity.score
            entity.name = _display_name(entity.type, name_counts)
            entity.words = frozenset(word.lower() for name in name_counts for word in name.split())
            entity.roles = tuple(role for role, _ in role_counts.most_common())
        doc._.entities = table.entities
        doc.spans["mentions"] = mentions
        return doc

    def _find_person(self, table: _EntityTable, normalised: str, title: str) -> int | None:
        """Return the person that a normalised name refers to, or None.

        The name may be a part or a longer form of an earlier name. Of several persons with a surname, those whose
        gender fits ``title``, the word before the name, are preferred; of these the one named most often, then the
        one named last.
        """
        words = normalised.split()
        if len(words) > 1:
            key = table.by_text.get(
                (_name_group(EntityType.PERSON), normalised), table.by_ends.get((words[0], words[-1]))
            )
            for word in (words[-1], words[0]) if key is None else ():
                if word not in table.by_word and key is None:  # a headline may have the surname alone
                    key = table.by_text.get((_name_group(EntityType.PERSON), word))
            return key
        gender = title_gender(title)
        matching = [
            key
            for key in table.by_word.get(normalised, ())
            if not gender or given_name_gender(table.entities[key].name) in {"", gender}
        ]
        return max(reversed(matching), key=table.name_count.__getitem__, default=None)

    def _index_person(self, table: _EntityTable, key: int, normalised: str) -> None:
        """Add the first and last word of a person's name to the indices."""
        words = normalised.split()
        if len(words) < 2:  # noqa: PLR2004  # one word has no parts
            return
        table.by_ends.setdefault((words[0], words[-1]), key)
        for word in {words[0], words[-1]}:
            namesakes = table.by_word.setdefault(word, [])
            if key not in namesakes[-MAX_NAMESAKES:]:
                namesakes.append(key)
                del namesakes[:-MAX_NAMESAKES]

    def _find_thing(
        self, table: _EntityTable, entity_type: EntityType, text: str, name_before_bracket: int | None
    ) -> int | None:
        """Return the entity other than a person that a name refers to by an acronym or first word, or None."""
        short_name = text.replace(".", "").removeprefix("the ").removeprefix("The ")
        key = table.by_acronym.get(short_name)
        if key is None and name_before_bracket is not None and text.isupper():
            key = name_before_bracket
        if key is None:
            key = next(
                (
                    match
                    for acronym in acronyms(text)
                    if (match := table.by_text.get(("thing", acronym.lower()))) is not None
                ),
                None,
            )
            if key is not None and not table.entities[key].name.replace(".", "").isupper():
                key = None
        if key is None and entity_type is EntityType.ORGANIZATION and " " not in short_name:
            key = table.by_first.get(short_name)
        return key if key is None or key >= 0 else None

    def _index_thing(self, table: _EntityTable, key: int, entity_type: EntityType, text: str) -> None:
        """Add the acronyms and the first word of a name to the indices."""
        for acronym in acronyms(text):
            table.by_acronym.setdefault(acronym, key)
        words = [word for word in text.split() if word.lower() not in _ARTICLES]
        if entity_type is EntityType.ORGANIZATION and len(words) > 1 and not _is_generic(words[0]):
            # A first word that two organisations share refers to neither.
            table.by_first[words[0]] = key if table.by_first.get(words[0], key) == key else -1

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


def _consistent_types(doc: Doc) -> dict[str, EntityType]:
    """Return the most frequent type of each name that has been given both to a person and to something else.

    Places are left out, as persons and places do share names.
    """
    counts: dict[str, Counter[EntityType]] = {}
    for ent in doc.ents:
        text = " ".join(ent.text.split())
        counts.setdefault(normalize_name(text), Counter())[EntityType(ent.label_)] += 1
    return {
        name: max(types, key=lambda entity_type: (types[entity_type], entity_type is EntityType.PERSON))
        for name, types in counts.items()
        if EntityType.PERSON in types and len(types) > 1 and types.keys() <= _CONFUSABLE_TYPES
    }


def _is_generic(word: str) -> bool:
    """Return whether a word is part of many organisations' names: a people, a place, "National"."""
    return (
        word in gazetteer.peoples()
        or word in gazetteer.places()
        or word in lexicon.word_list("organizations")
        or word in lexicon.word_list("titles")
        or word.lower() in lexicon.word_list("common")
        or word
        in {
            "National",
            "International",
            "World",
            "Central",
            "Federal",
            "United",
            "New",
            "Royal",
            "Public",
            "General",
            "Human",
        }
    )


def _display_name(entity_type: EntityType, name_counts: Counter[str]) -> str:
    """Return the name to show: the longest; for a place the one used most often."""
    if entity_type is EntityType.LOCATION:
        return max(name_counts, key=lambda name: (name_counts[name], len(name)))
    return max(name_counts, key=lambda name: (len(name.split()), name_counts[name]))


def _name_group(entity_type: EntityType) -> str:
    """Return the group of types that may share names; a place and its institutions do, persons do not."""
    return "thing" if entity_type in _THING_TYPES else entity_type.value
