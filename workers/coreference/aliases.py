"""Stage ``stancewire_aliases``: which names are names of the same.

Reads ``doc.ents``, writes ``doc._.entities`` and ``doc.spans["mentions"]``.

A mention's label is its type and its ``id_`` the key of its entity, which is its place in ``doc._.entities``.
Joined are: equal names, whatever their accents; a surname or given name and the full name before it; a full name
with more or fewer names in its middle; an acronym and its words, whichever comes first; the first word of an
organisation and its whole name; the names of a country; a name and the one in brackets after it.
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
from workers.english.name_forms import acronyms, gender_of_title, given_gender, plain_name
from workers.entities import scores

_ARTICLES: Final = frozenset({"the", "a", "an"})
_THINGS: Final = frozenset(
    {EntityType.ORGANIZATION, EntityType.LOCATION, EntityType.FACILITY, EntityType.MISC, EntityType.PRODUCT}
)
ROLE_WORDS: Final = 6


@dataclass(slots=True)
class _Known:
    """The entities so far, and where to find them by their names."""

    entities: list[EntityRecord] = field(default_factory=list)
    names: list[Counter[str]] = field(default_factory=list)
    roles: list[Counter[str]] = field(default_factory=list)
    by_text: dict[tuple[str, str], int] = field(default_factory=dict)
    by_ends: dict[tuple[str, str], int] = field(default_factory=dict)  # first and last word of persons' names
    by_word: dict[str, list[int]] = field(default_factory=dict)  # surname or given name -> persons, the latest last
    by_acronym: dict[str, int] = field(default_factory=dict)
    by_first: dict[str, int] = field(default_factory=dict)  # first word -> organisation
    mentioned: list[int] = field(default_factory=list)  # how often each has been named, by key


@Language.factory("stancewire_aliases")
class Aliases:
    """Joins names into entities."""

    def __init__(self, nlp: Language, name: str) -> None:
        """Read the lexicon, once a process."""
        del nlp, name
        self.roles = lexicon.words("roles")
        self.titles = lexicon.words("titles")
        self.cues = lexicon.cues().keys()

    def __call__(self, doc: Doc) -> Doc:
        """Write the entities in the order of their first mention; each name belongs to exactly one."""
        tokens = Tokens.of(doc)
        known = _Known()
        mentions: list[Span] = []
        kinds = _one_kind(doc)
        before: tuple[int, int] = (-1, -1)  # end and key of the last thing
        for ent in doc.ents:
            text = " ".join(ent.text.split())
            plain = plain_name(text)
            kind = kinds.get(plain) or EntityType(ent.label_)
            key = self._person(known, plain, tokens.at(ent.start - 1)) if kind is EntityType.PERSON else None
            if key is None:
                key = known.by_text.get((_group(kind), plain))
            if key is None and kind in _THINGS:
                in_brackets = before[0] == ent.start - 1 and tokens.words[ent.start - 1] == "("
                key = self._thing(known, kind, text, before[1] if in_brackets else None)
            if key is None:
                key = len(known.entities)
                known.entities.append(EntityRecord(key, text, kind, scores.PRECISION[kind], frozenset()))
                known.names.append(Counter())
                known.roles.append(Counter())
                known.mentioned.append(0)
            known.names[key][text] += 1
            known.mentioned[key] += 1
            known.by_text[_group(kind), plain] = key
            if kind is EntityType.PERSON:
                self._learn_person(known, key, plain)
                known.roles[key].update(self._roles_of(tokens, ent.start, ent.end))
            elif kind in _THINGS:
                before = (ent.end, key)
                self._learn_thing(known, key, kind, text)
            mentions.append(Span(doc, ent.start, ent.end, label=known.entities[key].type.value, span_id=str(key)))
        surest: dict[int, float] = {}
        for span in mentions:  # rules give none, and their types have one of their own
            surest[int(span.id_)] = max(span._.score, surest.get(int(span.id_), 0.0))
        for entity, said, held in zip(known.entities, known.names, known.roles, strict=True):
            entity.score = surest[entity.key] or entity.score
            entity.name = _best_name(entity.type, said)
            entity.words = frozenset(word.lower() for name in said for word in name.split())
            entity.roles = tuple(role for role, _ in held.most_common())
        doc._.entities = known.entities
        doc.spans["mentions"] = mentions
        return doc

    def _person(self, known: _Known, plain: str, title: str) -> int | None:
        """Return the person whose name this is a part or a longer form of.

        Where two share a surname, a bare one means whom the title fits; of those, who is named most, then who was named last.
        """
        words = plain.split()
        if len(words) > 1:
            key = known.by_text.get((_group(EntityType.PERSON), plain), known.by_ends.get((words[0], words[-1])))
            for word in (words[-1], words[0]) if key is None else ():
                if word not in known.by_word and key is None:  # a headline may give the surname alone
                    key = known.by_text.get((_group(EntityType.PERSON), word))
            return key
        gender = gender_of_title(title)
        fitting = [
            key
            for key in known.by_word.get(plain, ())
            if not gender or given_gender(known.entities[key].name) in {"", gender}
        ]
        return max(reversed(fitting), key=known.mentioned.__getitem__, default=None)

    def _learn_person(self, known: _Known, key: int, plain: str) -> None:
        words = plain.split()
        if len(words) < 2:  # noqa: PLR2004  # one word has no parts
            return
        known.by_ends.setdefault((words[0], words[-1]), key)
        for word in {words[0], words[-1]}:
            held = known.by_word.setdefault(word, [])
            if key not in held[-NAMESAKES:]:
                held.append(key)
                del held[:-NAMESAKES]

    def _thing(self, known: _Known, kind: EntityType, text: str, bracketed: int | None) -> int | None:
        bare = text.replace(".", "").removeprefix("the ").removeprefix("The ")
        key = known.by_acronym.get(bare)
        if key is None and bracketed is not None and text.isupper():
            key = bracketed
        if key is None:
            key = next(
                (found for a in acronyms(text) if (found := known.by_text.get(("thing", a.lower()))) is not None), None
            )
            if key is not None and not known.entities[key].name.replace(".", "").isupper():
                key = None
        if key is None and kind is EntityType.ORGANIZATION and " " not in bare:
            key = known.by_first.get(bare)
        return key if key is None or key >= 0 else None

    def _learn_thing(self, known: _Known, key: int, kind: EntityType, text: str) -> None:
        for acronym in acronyms(text):
            known.by_acronym.setdefault(acronym, key)
        words = [word for word in text.split() if word.lower() not in _ARTICLES]
        if kind is EntityType.ORGANIZATION and len(words) > 1 and not _general(words[0]):
            # The first word of two organisations means neither.
            known.by_first[words[0]] = key if known.by_first.get(words[0], key) == key else -1

    def _roles_of(self, tokens: Tokens, start: int, end: int) -> list[str]:
        """Return what is said of a person right before the name ("Foreign Minister") and after it (", the mayor of ...")."""
        found = []
        words, first, last = tokens.words, tokens.first[start], tokens.last[start]
        k = start
        while k > first and start - k < ROLE_WORDS and self._in_role(words[k - 1]):
            k -= 1
        if any(tokens.lower[i] in self.roles for i in range(k, start)) or (k < start and words[k].endswith(".")):
            found.append(" ".join(words[k:start]))
        if end + 1 < last and words[end] == ",":
            k = end + 1 + (tokens.lower[end + 1] in _ARTICLES)
            stop = k
            while stop < last and stop - k < 2 * ROLE_WORDS and words[stop][0].isalnum():
                stop += 1
            head = next((i for i in range(k, stop) if tokens.lower[i] in self.roles), -1)
            closed = stop >= last or words[stop] in {",", "."}
            if closed and 0 <= head - k < ROLE_WORDS and not any(word in self.cues for word in words[k:stop]):
                found.append(" ".join(words[k:stop]))
        return found

    def _in_role(self, word: str) -> bool:
        return (
            word in self.titles
            or word.lower() in self.roles
            or word in gazetteer.peoples()
            or word.lower() in {"former", "ex", "deputy", "of", "state", "foreign"}
        )


# How many persons of one surname are told apart.
NAMESAKES: Final = 8


def _one_kind(doc: Doc) -> dict[str, EntityType]:
    """Return, for each name that stands both for a person and for something else but a place, the type it has most often."""
    kinds: dict[str, Counter[EntityType]] = {}
    for ent in doc.ents:
        text = " ".join(ent.text.split())
        kinds.setdefault(plain_name(text), Counter())[EntityType(ent.label_)] += 1
    return {
        name: max(found, key=lambda kind: (found[kind], kind is EntityType.PERSON))
        for name, found in kinds.items()
        if EntityType.PERSON in found and len(found) > 1 and found.keys() <= _MIXED
    }


_MIXED: Final = frozenset(
    {EntityType.PERSON, EntityType.ORGANIZATION, EntityType.MISC, EntityType.PRODUCT, EntityType.FACILITY}
)


def _general(word: str) -> bool:
    """Whether a word names many organisations: a people, a place, "National"."""
    return (
        word in gazetteer.peoples()
        or word in gazetteer.places()
        or word in lexicon.words("organizations")
        or word in lexicon.words("titles")
        or word.lower() in lexicon.words("common")
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


def _best_name(kind: EntityType, said: Counter[str]) -> str:
    """Return the name to show: the fullest, but for a place the one that the article uses most."""
    if kind is EntityType.LOCATION:
        return max(said, key=lambda name: (said[name], len(name)))
    return max(said, key=lambda name: (len(name.split()), said[name]))


def _group(kind: EntityType) -> str:
    """Types whose names may be confused: a place and its institutions share names, a person shares none."""
    return "thing" if kind in _THINGS else kind.value
