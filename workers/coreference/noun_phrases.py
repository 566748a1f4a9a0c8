"""Noun phrases that describe a person, a body or a place: "the minister", "his client", "a digital expert".

A phrase is read from its head, a noun of the word lists, and the parts of speech that the encoder gives.
"""

from __future__ import annotations

import re
from enum import IntEnum, IntFlag
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from workers.doc.records import TokenSpan
from workers.english import lexicon
from workers.english.lexicon import word_set
from workers.english.phrases import POSSESSIVES
from workers.model.tags import PARTS_OF_SPEECH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from workers.doc.tokens import Tokens
    from workers.model.component import EncodedDocument

MAX_MODIFIERS: Final = 12  # tokens before a head
MAX_COMPLEMENT: Final = 14  # tokens after a head: "of the ministry of works"
_NOMINAL: Final = frozenset({"NOUN", "PROPN"})
_MODIFYING: Final = frozenset({"ADJ", "NOUN", "PROPN", "NUM"})
POSSESSIVE_PRONOUNS: Final = frozenset({"his", "her", "its", "their", "our", "my", "your"})
_DEMONSTRATIVES: Final = frozenset({"the", "this", "that", "these", "those"})
_INDEFINITE: Final = frozenset({"a", "an", "another", "one"})
_COMPLEMENTS: Final = frozenset({"of", "for", "at", "in", "to", "from", "on"})
_PLACE_NOUNS: Final = word_set(
    "country nation state island kingdom emirate republic territory city town village capital region province county "
    "district port"
)
_ADHERENTS: Final = word_set("Tory Democrat Republican Conservative Liberal Texan Californian")
_AGED: Final = re.compile(r"\d+-year-old|\d+-year-olds?")


class Kind(IntFlag):
    """The kinds of things for which the head of a description can stand."""

    PERSON = 1
    BODY = 2
    PLACE = 4
    ISSUE = 8  # see ``workers.stance.issues``


class Opening(IntEnum):
    """How a description begins."""

    BARE = 0
    DEFINITE = 1
    POSSESSIVE = 2
    INDEFINITE = 3


class NounPhrase(NamedTuple):
    """A description: its tokens up to the head, with the tokens ``end`` of the whole phrase with its complement."""

    span: TokenSpan
    end: int
    kind: Kind
    opening: Opening

    @property
    def whole(self) -> TokenSpan:
        """The phrase with the complement of its head: "the minister of works"."""
        return TokenSpan(self.span.start, self.end)


@cache
def head_kinds() -> dict[str, Kind]:
    """Return what each noun can stand for, in lower case."""
    kinds: dict[str, Kind] = {}
    for kind, words in (
        (Kind.PERSON, lexicon.word_list("roles") | lexicon.word_list("people")),
        (Kind.BODY, lexicon.word_list("groups")),
        (Kind.PLACE, _PLACE_NOUNS),
    ):
        for word in words:
            kinds[word] = kinds.get(word, Kind(0)) | kind
    return kinds


class NounPhraseReader:
    """Reads the descriptions of one article; ``names`` are the spans of its names in text order."""

    def __init__(
        self,
        tokens: Tokens,
        encoded: EncodedDocument,
        names: Sequence[TokenSpan],
        kinds: Mapping[str, Kind] | None = None,
    ) -> None:
        """Spread the parts of speech over the tokens; ``kinds`` are the heads to look for, by default `head_kinds`."""
        self._kinds = head_kinds() if kinds is None else kinds
        self._reads_people = kinds is None
        self._tokens = tokens
        self._parts = [""] * len(tokens)
        for token, part in zip(encoded.inputs.tokens, encoded.scores.parts.tolist(), strict=True):
            self._parts[token] = PARTS_OF_SPEECH[part]
        self._name_at: dict[int, TokenSpan] = {i: name for name in names for i in range(*name)}

    def read(self) -> Iterator[NounPhrase]:
        """Yield the descriptions in text order of their heads."""
        for head in range(len(self._tokens)):
            kind = self._kind(head)
            if not kind or not self._ends_phrase(head):
                continue
            start = self._start(head)
            opening = self._opening(start, head)
            yield NounPhrase(TokenSpan(start, head + 1), self._complement_end(head + 1), kind, opening)

    def coordinated_end(self, end: int) -> int:
        """Return the end of the phrases joined to one that ends at ``end``: "a singer | and member of the choir"."""
        last = min(self._tokens.sentence_end[end - 1], end + MAX_COMPLEMENT)
        while self._tokens.at(end) == "and" and end < last:
            noun = self._noun_phrase_end(end + 1, last)
            if noun == end + 1:
                break
            end = self._complement_end(noun)
        return end

    def part(self, i: int) -> str:
        """Return the part of speech of token ``i``, or an empty string outside the text."""
        return self._parts[i] if 0 <= i < len(self._parts) else ""

    def _kind(self, i: int) -> Kind:
        """Return what the word heads, or nothing: a word inside a name or no noun."""
        word, lower = self._tokens.words[i], self._tokens.lower[i]
        name = self._name_at.get(i)
        if (
            self._reads_people
            and word in _ADHERENTS
            and self._tokens.at(i - 1) in _DEMONSTRATIVES
            and (name is None or name == (i, i + 1))
        ):
            return Kind.PERSON
        if self._reads_people and _AGED.fullmatch(lower):
            return Kind.PERSON if self._tokens.at(i - 1) in _DEMONSTRATIVES else Kind(0)
        kind = self._kinds.get(lower, Kind(0))
        if not kind or self._parts[i] not in _NOMINAL:
            return Kind(0)
        if name is not None and not (self._tokens.at(name.start - 1) in _DEMONSTRATIVES and name == (i, i + 1)):
            return Kind(0)
        return kind

    def _ends_phrase(self, head: int) -> bool:
        """Return whether no further noun follows; a name may ("his brother James")."""
        following = head + 1
        if following in self._name_at:
            return self._name_at[following].start == following
        if following < len(self._tokens) and self._tokens.words[following] in lexicon.word_list("forms_of_address"):
            return True
        word = self._tokens.at(following)
        return not word or self._parts[following] not in {"NOUN", "PROPN", "ADJ"} or "\n" in word

    def _start(self, head: int) -> int:
        first = max(self._tokens.sentence_start[head], head - MAX_MODIFIERS)
        start = head
        while start > first:
            before = start - 1
            word, part = self._tokens.lower[before], self._parts[before]
            name = self._name_at.get(before)
            if name is not None and self._parts[start] != "DET":
                if name.start < first:
                    break
                start = name.start
            elif word in POSSESSIVES and start < head + 1 and self._parts[before - 1] in _MODIFYING:
                start = before
            elif word in POSSESSIVE_PRONOUNS or part == "DET":
                return before
            elif (part in _MODIFYING or word == "-") and "\n" not in word:
                start = before
            else:
                break
        while start < head and (self._tokens.words[start] in POSSESSIVES or self._tokens.words[start] == "-"):
            start += 1
        return start

    def _opening(self, start: int, head: int) -> Opening:
        word = self._tokens.lower[start]
        if word in POSSESSIVE_PRONOUNS or any(self._tokens.lower[i] in POSSESSIVES for i in range(start, head)):
            return Opening.POSSESSIVE
        if word in _DEMONSTRATIVES:
            return Opening.DEFINITE
        return Opening.INDEFINITE if word in _INDEFINITE else Opening.BARE

    def _complement_end(self, end: int) -> int:
        """Return the end of the phrases that complete a head before ``end``: "of the ministry of works at Dunmore"."""
        last = min(self._tokens.sentence_end[end - 1], end + MAX_COMPLEMENT)
        while end < last and self._tokens.lower[end] in _COMPLEMENTS:
            noun = self._noun_phrase_end(end + 1, last)
            is_name = self._tokens.words[noun - 1][0].isupper()
            if noun == end + 1 or (self._tokens.lower[end] not in {"of", "for"} and not is_name):
                break
            end = noun
        return end

    def _noun_phrase_end(self, start: int, last: int) -> int:
        """Return the end of a noun phrase that begins at ``start``, or ``start``."""
        i = start
        end = start
        while i < last and "\n" not in self._tokens.words[i]:
            part, word = self._parts[i], self._tokens.lower[i]
            if part in _NOMINAL:
                end = i + 1
            elif not (
                part in _MODIFYING
                or word in POSSESSIVES
                or word in {"-", "&"}
                or (i == start and (part == "DET" or word in POSSESSIVE_PRONOUNS))
                or (end == i and word == "and" and self._is_coordinated(i))
            ):
                break
            i += 1
        return end

    def _is_coordinated(self, i: int) -> bool:
        """Return whether "and" joins two capitalised words: "Ministry of Works and Transport"."""
        after = self._tokens.words[i + 1] if i + 1 < len(self._tokens) else ""
        return self._tokens.words[i - 1][0].isupper() and after[:1].isupper()
