"""Which names refer to the same person: by the words of the names, the title, and the gender that both show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from workers.english.lexicon import word_set
from workers.english.name_forms import PARTICLES, given_name_gender, normalize_name

# Persons that share a word of their names and are kept apart; of more, those named first are forgotten.
MAX_NAMESAKES: Final = 8
_MAX_NAME_WORDS: Final = 8
_SUFFIXES: Final = word_set("jr jr. sr sr. ii iii iv")
_OPENING_MARKS: Final = '"“‘«‹(['
_CLOSING_MARKS: Final = '"”’»›)]'
_ARTICLE_PREFIXES: Final = ("al-", "el-", "as-", "ad-", "an-", "ar-", "ash-", "at-", "az-")


@dataclass(frozen=True, slots=True)
class PersonName:
    """A person's name as it is compared.

    ``words`` are in lower case, without accents, title, particles and suffix; ``nickname`` is the part of the name in
    quotation marks.
    """

    words: tuple[str, ...]
    nickname: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str) -> PersonName:
        """Read a name."""
        words: list[str] = []
        nickname: list[str] = []
        inside = False
        for raw in normalize_name(text).split()[: 2 * _MAX_NAME_WORDS]:
            opens = raw[0] in _OPENING_MARKS and not inside
            closes = raw[-1] in _CLOSING_MARKS and (inside or opens)
            word = _without_prefix(raw.strip(_OPENING_MARKS + _CLOSING_MARKS + "'’,"))
            if word and word not in PARTICLES and word not in _SUFFIXES:
                (nickname if inside or opens else words).append(word.rstrip("."))
            inside = (inside or opens) and not closes
        if not words:
            words, nickname = nickname, []
        if not words:  # a name of particles only
            words = normalize_name(text).split()[:1]
        return cls(tuple(words[:_MAX_NAME_WORDS]), tuple(nickname))


def _without_prefix(word: str) -> str:
    return next((word.removeprefix(prefix) for prefix in _ARTICLE_PREFIXES if word.startswith(prefix)), word)


@dataclass(slots=True)
class _Person:
    """A person: all names, the gender shown so far ("m", "f" or empty), and how often the article names the person."""

    key: int
    names: list[PersonName]
    gender: str
    count: int = 0

    @property
    def full(self) -> PersonName:
        return self.names[0]


@dataclass(slots=True)
class Persons:
    """The persons so far: ``people`` by key, ``by_word`` by each word of their names, in the order of first mention."""

    people: dict[int, _Person] = field(default_factory=dict)
    by_word: dict[str, list[int]] = field(default_factory=dict)

    def find(self, name: PersonName, gender: str) -> int | None:
        """Return the person to whom a name refers, or None for a new one.

        ``gender`` is the gender shown by the title or the words before the name, or empty.
        """
        single = len(name.words) == 1
        shown = gender or ("" if single else given_name_gender(name.words[0].title()))
        candidates = [
            person for person in self._candidates(name) if not (shown and person.gender and person.gender != shown)
        ]
        if single:
            return self._best(candidates, name.words[0], gender)
        alike = [person for person in candidates if any(_same_person(name, other) for other in person.names)]
        exact = [person for person in alike if any(name.words == other.words for other in person.names)]
        if exact:
            return exact[0].key
        by_initials = [person for person in alike if not _by_initials_only(name, person)]
        alike = by_initials or (alike if len(alike) == 1 else [])
        if alike:
            return max(alike, key=lambda person: person.count).key
        # A headline has the surname alone before the full name. Only one of several namesakes can be meant.
        alone = [person for person in candidates if all(len(other.words) == 1 for other in person.names)]
        taken = any(len(other.words) > 1 for person in candidates for other in person.names)
        return alone[0].key if alone and not taken else None

    def _candidates(self, name: PersonName) -> list[_Person]:
        words = (name.words[-1], name.words[0], *name.nickname)
        keys = dict.fromkeys(key for word in words for key in self.by_word.get(word, ()))
        return [self.people[key] for key in keys]

    def _best(self, candidates: list[_Person], word: str, gender: str) -> int | None:
        """Return the person meant by one word.

        Of several, those go first whose gender is known to fit the title, then those whose surname or given name it
        is; then the one named most often, then the one named first.
        """
        if not candidates:
            return None

        def rank(person: _Person) -> tuple[bool, bool, int]:
            ends = any(word in {other.words[0], other.words[-1]} for other in person.names)
            return bool(gender) and person.gender == gender, ends, person.count

        return max(candidates, key=rank).key

    def add(self, key: int, name: PersonName, gender: str) -> None:
        """Count a mention of the person ``key``, and index the words of its name."""
        person = self.people.get(key)
        if person is None:
            shown = gender or (given_name_gender(name.words[0].title()) if len(name.words) > 1 else "")
            person = self.people[key] = _Person(key, [], shown)
        elif not person.gender and gender:
            person.gender = gender
        person.count += 1
        if name in person.names or len(person.names) >= MAX_NAMESAKES:
            return
        person.names.append(name)
        if len(name.words) > 1 and not person.gender:
            person.gender = given_name_gender(name.words[0].title())
        for word in dict.fromkeys((*name.words, *name.nickname)):
            namesakes = self.by_word.setdefault(word, [])
            if key not in namesakes:
                namesakes.append(key)
                del namesakes[:-MAX_NAMESAKES]


def _same_person(a: PersonName, b: PersonName) -> bool:
    """Return whether two names of several words may be one person's.

    They may if one has all words of the other, in any order; if first and last word agree and the words between do
    not contradict each other; or if initials agree with the given names.
    """
    if len(a.words) == 1 or len(b.words) == 1:
        return False
    short, long = sorted((a.words, b.words), key=len)
    if set(short) <= set(long):
        return True
    if short[-1] != long[-1]:
        return False
    if short[0] == long[0]:
        middle_a, middle_b = short[1:-1], long[1:-1]
        return not middle_a or not middle_b or all(map(_agree, middle_a, middle_b))
    return all(map(_agree, short[:-1], long[:-1])) and any(len(word) <= 2 for word in (short[0], long[0]))  # noqa: PLR2004  # an initial


def _agree(a: str, b: str) -> bool:
    """Return whether two given names are equal, or one is the initial of the other."""
    short, long = sorted((a.replace(".", ""), b.replace(".", "")), key=len)
    return short == long or (0 < len(short) <= 2 and long.startswith(short[0]))  # noqa: PLR2004  # "j" or "jr"


def _by_initials_only(name: PersonName, person: _Person) -> bool:
    """Return whether only initials make ``name`` a name of ``person``."""
    return not any(
        {name.words[0], name.words[-1]} <= set(other.words) or set(other.words) <= set(name.words)
        for other in person.names
    )
