"""Bounds of names that the model gives: without titles, parties and letters after the name, one name a span."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from services.contracts import EntityType
from workers.english import gazetteer, lexicon
from workers.english.lexicon import word_set
from workers.english.name_forms import PARTICLES

if TYPE_CHECKING:
    from workers.doc.tokens import Tokens

_GENITIVES: Final = frozenset({"'s", "’s"})
_OPENING_MARKS: Final = frozenset("\"'“‘([«‹@#") | {"''", "``"}
_CLOSING_MARKS: Final = frozenset("\"'”’)]»›") | {"''", "``"}
# "(R-S.C.)", "(D-Ohio)", "R-Texas": party and state.
_PARTY: Final = re.compile(r"\(?\s{0,2}(?:[RDI]|Lab|Con|LibDem|SNP)\s?[-–]\s?[A-Z]")
_LETTERS_AFTER_NAME: Final = word_set(
    "KC QC SC MP MPs MSP MEP MLA MLAs TD OBE MBE CBE KBE DBE GCB CMG KCMG MD PhD Ph.D. M.D. DPhil FRS Esq Esq. "
    "Esquire J.D. LLB MBA RN"
)
_MIN_NICKNAME, _MAX_NICKNAME = 3, 5  # tokens between the parts of a name, marks included
_MAX_PARTICLES: Final = 3
_SEPARATORS: Final = frozenset({",", ";", "—", "–"})
_WORDS: Final = frozenset({"y", "e", "i"})  # particles that are also words of one letter
# The types that a title shows to be given by mistake, where a name follows the title.
_UNTITLED: Final = frozenset({EntityType.PERSON, EntityType.ORGANIZATION, EntityType.MISC, EntityType.NORP})


@dataclass(frozen=True, slots=True)
class FoundName:
    """A name: tokens ``start`` to ``end``, end exclusive; ``origin`` is the index of the model's span."""

    start: int
    end: int
    type: EntityType
    origin: int


class NameBounds:
    """Corrects the bounds of names in one article."""

    def __init__(self, tokens: Tokens) -> None:
        """Read the word lists."""
        self.tokens = tokens
        self.titles = lexicon.word_list("forms_of_address")
        self.roles = lexicon.word_list("roles")
        self.given_names = lexicon.word_list("men") | lexicon.word_list("women")

    def correct(self, names: Iterable[FoundName]) -> list[FoundName]:
        """Return the names within the bounds that annotators give them.

        A span of two names becomes two; a name that the model has cut at "van den" or at a nickname is joined.
        """
        corrected = (part for name in self._joined(names) for part in self._correct(name))
        return [self._with_particles(name) if name.type is EntityType.PERSON else name for name in corrected]

    def _joined(self, names: Iterable[FoundName]) -> list[FoundName]:
        """Join the parts of persons' names: "Pieter" "van den" "Berg", "Ismael" "“El Nino”" "Carrasco"."""
        joined: list[FoundName] = []
        for name in sorted(names, key=lambda name: name.start):
            if name.type is EntityType.PERSON:
                first = next(
                    (
                        k
                        for k in range(len(joined) - 1, len(joined) - 3, -1)
                        if k >= 0 and self._continues(joined[k], name)
                    ),
                    None,
                )
                if first is not None:
                    begun = joined[first]
                    del joined[first:]
                    name = replace(begun, end=name.end)  # noqa: PLW2901  # the joined name
            joined.append(name)
        return joined

    def _continues(self, name: FoundName, after: FoundName) -> bool:
        """Return whether ``after`` is the rest of a person's name that begins with ``name``."""
        between = self.tokens.words[name.end : after.start]
        if name.type is not EntityType.PERSON or not 0 < len(between) <= _MAX_NICKNAME:
            return False
        if all(word in PARTICLES for word in between):
            return True
        return (
            len(between) >= _MIN_NICKNAME
            and between[0] in _OPENING_MARKS
            and between[-1] in _CLOSING_MARKS
            and all(word[0].isupper() or word in PARTICLES for word in between[1:-1])
        )

    def _with_particles(self, name: FoundName) -> FoundName:
        """Return a person's name with the particles before it: "Van den Berg", "De Souza"."""
        words, start = self.tokens.words, name.start
        first = max(self.tokens.sentence_start[start], start - _MAX_PARTICLES)
        while start > first and words[start - 1].lower() in PARTICLES:
            start -= 1
        return replace(name, start=start) if words[start][0].isupper() and words[start].lower() not in _WORDS else name

    def _correct(self, name: FoundName) -> list[FoundName]:
        if self._is_party(name):
            return []
        if name.type not in _UNTITLED:
            return self._split_at_bracket(name)
        parts = [part for whole in self._split_at_genitive(name) for part in self._split_at_title(whole)]
        if name.type is EntityType.PERSON:
            parts = [part for whole in parts for part in self._split_couple(whole)]
        return [
            trimmed
            for part in parts
            if (trimmed := self._trim_person(part) if part.type is EntityType.PERSON else part) is not None
        ]

    def _is_party(self, name: FoundName) -> bool:
        """Return whether the name is only the party and state that follow a person's name."""
        words = self.tokens.words
        follows = words[name.start] == "(" or (name.start > 0 and words[name.start - 1] in {",", "("})
        return follows and _PARTY.match("".join(words[name.start : name.end])) is not None

    def _split_at_bracket(self, name: FoundName) -> list[FoundName]:
        """Split "WASHINGTON (AP", a dateline, of whose bracket the model has read one half."""
        words = self.tokens.words
        k = next((k for k in range(name.start + 1, name.end - 1) if words[k] == "("), -1)
        if k < 0 or ")" in words[k : name.end]:
            return [name]
        after = [replace(name, start=k + 1, type=EntityType.ORGANIZATION)] if words[k + 1].isupper() else []
        return [replace(name, end=k), *after]

    def _split_at_genitive(self, name: FoundName) -> list[FoundName]:
        """Split "CNN's Dana Bash", where a given name follows the genitive."""
        words = self.tokens.words
        for k in range(name.start + 1, name.end - 1):
            is_person = words[k + 1] in self.given_names or (
                words[k - 1].isupper() and name.type is not EntityType.MISC
            )
            if words[k] in _GENITIVES and is_person and words[k + 1].istitle() and k + 2 < name.end:
                owner = EntityType.ORGANIZATION if name.type is EntityType.PERSON else name.type
                return [
                    FoundName(name.start, k, owner, name.origin),
                    FoundName(k + 1, name.end, EntityType.PERSON, name.origin),
                ]
        return [name]

    def _split_at_title(self, name: FoundName) -> list[FoundName]:
        """Return the name after a title ("Texas Sen. Ted Cruz"), and the place before it."""
        words = self.tokens.words
        title = max((k for k in range(name.start, name.end - 1) if self._is_title(name, k)), default=-1)
        if title < 0 or not words[title + 1][0].isupper():
            return [name]
        parts = []
        before = next((k for k in range(name.start, title + 1) if self._is_title(name, k)), title)
        first = name.start
        while first < before and (self.tokens.lower[first] in {"former", "the"} or words[first].isspace()):
            first += 1
        if " ".join(words[first:before]) in gazetteer.places():
            parts.append(FoundName(first, before, EntityType.LOCATION, name.origin))
        elif before > first and name.type is EntityType.ORGANIZATION:
            parts.append(FoundName(first, before, EntityType.ORGANIZATION, name.origin))
        return [*parts, FoundName(title + 1, name.end, EntityType.PERSON, name.origin)]

    def _is_title(self, name: FoundName, k: int) -> bool:
        """Return whether token ``k`` is a title that may stand before a person's name; roles only begin a span."""
        word = self.tokens.words[k]
        if name.type is not EntityType.PERSON:
            return word in self.titles and word[-1] == "." and k + 1 < name.end
        if word in self.titles:
            return True
        if not word[0].isupper() or k > name.start:
            return False
        return self.tokens.lower[k] in self.roles and word not in self.given_names and k + 1 < name.end

    def _split_couple(self, name: FoundName) -> list[FoundName]:
        """Split "Robert and Helen Marsh" into two persons."""
        words = self.tokens.words
        link = next((k for k in range(name.start + 1, name.end - 1) if words[k] in {"and", "&"}), -1)
        if link < 0:
            return [name]
        return [
            FoundName(name.start, link, EntityType.PERSON, name.origin),
            FoundName(link + 1, name.end, EntityType.PERSON, name.origin),
        ]

    def _trim_person(self, name: FoundName) -> FoundName | None:
        """Return a person's name without party, letters and marks at its ends, or None if nothing remains."""
        words, start, end = self.tokens.words, name.start, name.end
        for k in range(start + 1, end):
            if words[k] in _SEPARATORS or (words[k] == "(" and not self._is_nickname(k, end)):
                end = k
                break
        if _PARTY.match("".join(words[start:end])):
            return None
        while end > start and (
            words[end - 1] in _LETTERS_AFTER_NAME
            or words[end - 1] in _GENITIVES
            or words[end - 1].isspace()
            or (words[end - 1] in _CLOSING_MARKS and not any(mark in _OPENING_MARKS for mark in words[start:end]))
        ):
            end -= 1
        while start < end and (
            words[start].isspace()
            or (words[start] in _OPENING_MARKS and not any(mark in _CLOSING_MARKS for mark in words[start + 1 : end]))
        ):
            start += 1
        if end - start == 1 and words[start] in self.titles and self.tokens.at(end) == ".":  # "Smt."
            return None
        return FoundName(start, end, name.type, name.origin) if start < end else None

    def _is_nickname(self, bracket: int, end: int) -> bool:
        """Return whether a bracket within a name that ends at ``end`` is closed before its last word."""
        closing = next((k for k in range(bracket, end) if self.tokens.words[k] == ")"), end)
        return closing < end - 1
