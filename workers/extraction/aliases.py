"""Stage ``stancewire_aliases``: which names are names of the same.

Reads ``doc.ents``, writes ``doc._.entities`` and ``doc.spans["mentions"]``.

A mention's label is its type and its ``id_`` the key of its entity, which is its place in ``doc._.entities``.
Joined are: equal names; a surname or given name and the full name before it; an acronym and its words; the
names of a country; a name and the one in brackets after it.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from spacy.language import Language
from spacy.tokens import Doc, Span

from services.contracts import EntityType
from workers.extraction import gazetteer, lexicon, scores
from workers.extraction.records import Named
from workers.extraction.tokens import Tokens

_GOVERNMENTS: Final = gazetteer.SHORT_NAMES
_ARTICLES: Final = frozenset({"the", "a", "an"})
ROLE_WORDS: Final = 6


@Language.factory("stancewire_aliases")
class Aliases:
    """Joins names into entities."""

    def __init__(self, nlp: Language, name: str) -> None:
        """Read the lexicon, once a process."""
        del nlp, name
        self.roles = lexicon.words("roles")
        self.titles = lexicon.words("titles")
        self.cues = lexicon.cues().keys()

    def __call__(self, doc: Doc) -> Doc:  # noqa: C901  # one branch for each way to know a name again
        """Write the entities in the order of their first mention; each name belongs to exactly one."""
        tokens = Tokens.of(doc)
        entities: list[Named] = []
        names: list[Counter[str]] = []
        roles: list[Counter[str]] = []
        by_text: dict[tuple[str, str], int] = {}
        by_word: dict[str, int] = {}
        by_acronym: dict[str, int] = {}
        mentions: list[Span] = []
        before: tuple[int, int] = (-1, -1)  # end and key of the last organisation
        for ent in doc.ents:
            kind = EntityType(ent.label_)
            text = " ".join(word for word in tokens.words[ent.start : ent.end] if not word.isspace())
            plain = _plain(text)
            key = by_text.get((_group(kind), plain))
            if key is None and kind is EntityType.PERSON:
                key = by_word.get(plain.rpartition(" ")[2]) if " " not in plain else None
            if key is None and kind in {EntityType.ORGANIZATION, EntityType.LOCATION}:
                key = by_acronym.get(text.replace(".", ""))
                if key is None and text.isupper() and before[0] == ent.start - 1 and tokens.words[ent.start - 1] == "(":
                    key = before[1]
            if key is None:
                key = len(entities)
                entities.append(Named(key, text, kind, scores.ENTITY[kind], frozenset()))
                names.append(Counter())
                roles.append(Counter())
            names[key][text] += 1
            by_text[_group(kind), plain] = key
            if kind is EntityType.PERSON:
                parts = plain.split()
                if len(parts) > 1:
                    by_word[parts[-1]] = key
                    by_word.setdefault(parts[0], key)
                for role in self._roles_of(tokens, ent.start, ent.end):
                    roles[key][role] += 1
            elif kind in {EntityType.ORGANIZATION, EntityType.LOCATION}:
                before = (ent.end, key)
                if acronym := _acronym(text):
                    by_acronym.setdefault(acronym, key)
            mentions.append(Span(doc, ent.start, ent.end, label=ent.label_, span_id=str(key)))
        for entity, said, held in zip(entities, names, roles, strict=True):
            entity.name = _best_name(entity.type, said)
            entity.words = frozenset(word.lower() for name in said for word in name.split())
            entity.roles = tuple(role for role, _ in held.most_common())
        doc._.entities = entities
        doc.spans["mentions"] = mentions
        return doc

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


def _best_name(kind: EntityType, said: Counter[str]) -> str:
    """Return the name to show: the fullest, but for a place the one that the article uses most."""
    if kind is EntityType.LOCATION:
        return max(said, key=lambda name: (said[name], len(name)))
    return max(said, key=lambda name: (len(name.split()), said[name]))


def _plain(text: str) -> str:
    """A name without article and case; the usual one for a country."""
    if text in _GOVERNMENTS:
        text = _GOVERNMENTS[text]
    words = text.lower().split()
    return " ".join(words[1:] if words and words[0] in _ARTICLES and len(words) > 1 else words)


def _group(kind: EntityType) -> str:
    """Types whose names may be confused: a place and its institutions share names, a person shares none."""
    return (
        "thing"
        if kind in {EntityType.ORGANIZATION, EntityType.LOCATION, EntityType.FACILITY, EntityType.MISC, EntityType.PRODUCT}
        else kind.value
    )


def _acronym(text: str) -> str:
    """The initials of a name of several words; a word in capitals counts whole ("UN Security Council" is UNSC)."""
    words = [word for word in text.split() if word[0].isupper()]
    if len(words) < 2:  # noqa: PLR2004  # one word has no acronym
        return ""
    return "".join(word if word.isupper() else word[0] for word in words)
