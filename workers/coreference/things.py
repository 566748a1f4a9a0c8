"""Which names refer to the same body, place or work: acronyms, parts of names, and names of governments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from services.contracts import EntityType
from workers.english import gazetteer, lexicon
from workers.english.lexicon import word_set
from workers.english.name_forms import acronyms, is_acronym_of, normalize_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.doc.tokens import Tokens

_ARTICLES: Final = frozenset({"the", "a", "an"})
_MAX_NAME_WORDS: Final = 12
_SHARED: Final = -1  # the key of a part that several bodies share
_GENERIC: Final = word_set(
    "National International World Central Federal United New Royal Public General Human Global American European State "
    "City Local Regional Democratic Republican First Supreme High Great South North East West Southern Northern"
)
# Buildings and streets that stand for a government, by the government's country, and other names of well-known bodies.
_OTHER_NAMES: Final = {
    "kremlin": "russia",
    "islamic state": "islamic state",
    "islamic state group": "islamic state",
    "isis": "islamic state",
    "isil": "islamic state",
    "daesh": "islamic state",
    "gop": "republican party",
    "grand old party": "republican party",
    "republican party": "republican party",
    "tories": "conservative party",
    "conservative party": "conservative party",
    "downing street": "downing street",
    "10 downing street": "downing street",
    "no 10": "downing street",
    "no. 10": "downing street",
    "number 10": "downing street",
    "number ten": "downing street",
    "blue house": "south korea",
    "elysee": "france",
    "elysee palace": "france",
}
# Last words of the names of bodies within bodies, in any case.
_SUBORDINATES: Final = word_set(
    "Council Committee Commission Board Foundation Academy Parliament Court Congress "
    "council committee commission board foundation academy parliament court congress"
)
_ALLIANCES: Final = frozenset({"united nations", "european union", "african union"})
_LOCATIVES: Final = frozenset({"in", "at", "from", "near", "to", "outside", "around", "of", "leave", "left", "visited"})
_AUXILIARIES: Final = word_set("has have had will would is was also later again")


@dataclass(slots=True)
class Things:
    """The bodies, places and works so far.

    ``by_name`` maps a normalised name to a key; ``by_acronym`` an acronym; ``by_part`` the beginning or end of a
    body's name, or its head ("Ministry"), to the body, or to ``_SHARED``; ``by_government`` a country to the entity of
    the country and its government. ``names`` has, by key, a body's first full name.
    """

    acting: frozenset[str] = frozenset()
    by_name: dict[str, int] = field(default_factory=dict)
    by_acronym: dict[str, int] = field(default_factory=dict)
    by_part: dict[str, int] = field(default_factory=dict)
    by_government: dict[str, int] = field(default_factory=dict)
    bodies: dict[int, str] = field(default_factory=dict)

    def find(self, entity_type: EntityType, text: str, before_bracket: int | None, in_bracket: str = "") -> int | None:
        """Return the entity to which a name refers, or None for a new one.

        ``before_bracket`` is the key of the name before the bracket that holds this name, if it stands in one;
        ``in_bracket`` is the word in brackets after it.
        """
        normalised = normalize_name(text)
        key = self.by_name.get(normalised)
        if key is None:
            key = self.by_government.get(self._government(text))
        if key is None and entity_type is not EntityType.LOCATION:
            key = self._by_acronym(entity_type, text, before_bracket)
        if key is None and entity_type is EntityType.ORGANIZATION and in_bracket.isupper():
            key = self.by_name.get(normalize_name(in_bracket))
        if key is None and _may_be_part(entity_type, text):
            key = self.by_part.get(normalised)
            if key is None:
                key = self._by_earlier_part(normalised)
        return None if key == _SHARED else key

    def _by_acronym(self, entity_type: EntityType, text: str, before_bracket: int | None) -> int | None:
        short = _without_article(text).replace(".", "")
        key = self.by_acronym.get(short)
        if key is None and before_bracket is not None and before_bracket in self.bodies and " " not in short:
            is_short = entity_type is EntityType.ORGANIZATION or short.isupper()
            key = before_bracket if is_short or is_acronym_of(short, self.bodies[before_bracket]) else None
        if key is None and not short.isupper():  # "IISc"
            capitals = "".join(letter for letter in short if letter.isupper())
            key = self.by_acronym.get(capitals) if len(capitals) > 1 and " " not in short else None
            key = key if key is not None and is_acronym_of(short, self.bodies.get(key, "")) else None
        if key is None:
            matches = (self.by_name.get(acronym.lower()) for acronym in acronyms(text))
            key = next((match for match in matches if match is not None), None)
            if key is not None and not self.bodies.get(key, "").replace(".", "").isupper():
                key = None
        return key

    def _by_earlier_part(self, normalised: str) -> int | None:
        """Return the body named before, in a headline for example, by the beginning or several words of this name."""
        words = normalised.split()
        for part in _parts(words):
            key = self.by_name.get(part) if " " in part or part == words[0] else None
            if key is not None and key in self.bodies and _is_distinctive(self.bodies[key].split()):
                return key if self.by_part.get(part, key) == key else None
        return None

    def add(self, key: int, entity_type: EntityType, text: str) -> None:
        """Index a name of the entity ``key``."""
        normalised = normalize_name(text)
        if self.by_part.get(normalised) != key:  # a part may come to be shared
            self.by_name.setdefault(normalised, key)
        government = self._government(text)
        if government:
            self.by_government.setdefault(government, key)
        if entity_type is EntityType.LOCATION or normalised in self.by_part:
            return
        for acronym in acronyms(text):
            self.by_acronym.setdefault(acronym, key)
        self.bodies.setdefault(key, _without_article(text))
        words = _without_article(text).split()
        if entity_type is not EntityType.ORGANIZATION or not 1 < len(words) <= _MAX_NAME_WORDS:
            return
        parts = [part for part in _parts(words) if part not in gazetteer.places() and _is_distinctive(part.split())]
        for part in dict.fromkeys(normalize_name(part) for part in [*parts, *_head(words)]):
            # A part that two bodies share refers to neither.
            self.by_part[part] = key if self.by_part.get(part, key) == key else _SHARED

    def _government(self, text: str) -> str:
        """Return the country whose government a name stands for, or an empty string."""
        normalised = normalize_name(text)
        if normalised in _OTHER_NAMES:
            return _OTHER_NAMES[normalised]
        name = _without_article(text)
        country = gazetteer.government_names().get(name, "")
        if not country or name in gazetteer.peoples():
            return ""
        is_country = normalize_name(country) == normalised
        return normalize_name(country) if is_country or normalised in self.acting else ""


def acting_capitals(tokens: Tokens, places: Sequence[tuple[int, int]]) -> frozenset[str]:
    """Return, in lower case, the capitals of ``places`` that speak or act for a government in the whole article.

    They do if a verb of speech follows one mention, and no mention is where something happens.
    """
    verbs = lexicon.act_forms().keys()
    acting: set[str] = set()
    located: set[str] = set()
    for start, end in places:
        name = " ".join(tokens.words[start:end])
        if name not in gazetteer.government_names():
            continue
        if tokens.at(start - 1) in _LOCATIVES:
            located.add(normalize_name(name))
        verb = end + (tokens.at(end) in _AUXILIARIES)
        if tokens.at(verb) in verbs:
            acting.add(normalize_name(name))
    return frozenset(acting - located)


def _may_be_part(entity_type: EntityType, text: str) -> bool:
    """Return whether a name may be a part of a body's name; a known place is a place."""
    return entity_type is not EntityType.LOCATION or text not in gazetteer.places()


def _parts(words: list[str]) -> list[str]:
    """Return the beginnings and ends of a name of several words, the longest first, cut at whole phrases."""
    links = {"of", "for", "and", "the", "&", "in", "on", "de"}
    return [
        " ".join(part)
        for size in range(len(words) - 1, 0, -1)
        for part in (words[:size], words[-size:])
        if part[0].lower() not in links and part[-1].lower() not in links and not _is_subordinate(words, size, part)
    ]


def _is_subordinate(words: list[str], size: int, part: list[str]) -> bool:
    """Return whether the whole name is that of a body of the body named by ``part``.

    That is so in "Counsel of the Reef Parliament", "Reef Athletics Council" and "United Nations Refugee Agency".
    """
    if part == words[-size:]:
        return words[len(words) - size - 1].lower() in {"of", "for", "the", "in", "at"}
    return words[size] in _SUBORDINATES or " ".join(part).lower() in _ALLIANCES


def _is_distinctive(words: list[str]) -> bool:
    """Return whether a part names one body: it has a word that is not in many bodies' names, or two that are."""
    specific = [word for word in words if not _is_generic(word) and not word.isupper()]  # "CNN" is not "CNN Films"
    heads = [word for word in words if word in lexicon.word_list("organizations")]
    return bool(specific) or (len(words) > 1 and bool(heads))


def _is_generic(word: str) -> bool:
    """Return whether a word is part of many bodies' names: a people, a place, "National"."""
    return (
        word in _GENERIC
        or word in gazetteer.peoples()
        or word in gazetteer.places()
        or word in lexicon.word_list("organizations")
        or word in lexicon.word_list("titles")
        or word.lower() in lexicon.word_list("common")
        or not word[0].isupper()
    )


def _head(words: list[str]) -> list[str]:
    """Return the head of a body's name, "Ministry" or "Council", by which the article may call it alone."""
    k = next((k for k, word in enumerate(words) if word in {"of", "for"}), len(words)) - 1
    return [words[k]] if k >= 0 and words[k] in lexicon.word_list("organizations") else []


def _without_article(text: str) -> str:
    first, _, rest = text.partition(" ")
    return rest if rest and first.lower() in _ARTICLES else text
