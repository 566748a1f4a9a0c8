"""The entity that a source names: the head of the phrase, a name in apposition to it, or the issuer of a document."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from services.contracts import EntityType
from workers.coreference.noun_phrases import head_kinds
from workers.english.lexicon import word_set
from workers.english.phrases import POSSESSIVES, PREPOSITIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.doc.records import EntityRecord, TokenSpan
    from workers.doc.tokens import Tokens

# In tokens, from a comma to a name in apposition, titles included ("the judge, Mrs Justice Loxley").
MAX_APPOSITION_DISTANCE: Final = 3
_NON_SPEAKER_TYPES: Final = frozenset({EntityType.DATE, EntityType.MONEY})
# Lower-case words before a name that are not the head of the phrase.
_MODIFIERS: Final = word_set("the former ex top senior then late outgoing veteran a an this")
_DOCUMENTS: Final = word_set(
    "report statement survey study poll review analysis release memo letter email e-mail document paper briefing "
    "bulletin filing dossier communique communiqué note post tweet message announcement findings"
)
_CLAUSE_OPENINGS: Final = frozenset({"which", "who", "whose", "whom", "that", "where", "by"})
_ISSUED_BY: Final = frozenset({"by", "from"})


class SourceReader:
    """Reads the sources of one article in text order; ``names`` are the spans of its names, ``keys`` their entities."""

    def __init__(
        self, tokens: Tokens, entities: Sequence[EntityRecord], names: Sequence[TokenSpan], keys: Sequence[int]
    ) -> None:
        """Index the names by their first token."""
        self._tokens = tokens
        self._entities = entities
        self._names = names
        self._keys = keys
        self._starts = [name.start for name in names]
        self._in_names = bytearray(len(tokens))
        for name in names:
            self._in_names[name.start : name.end] = b"\x01" * (name.end - name.start)
        self._last_issuer: int | None = None

    def entity_of(self, source: TokenSpan) -> int | None:
        """Return the entity named by the source, or None.

        In "Moyo's lawyer" and "a spokesman for Moyo" the head is not a name; in "a Moyo statement" it is a document of
        Moyo. "The statement" is the last one with an issuer.
        """
        if source.end - source.start == 1 and self._tokens.lower[source.start] in {"who", "which"}:
            return self._antecedent(source.start)
        comma = self._first(source.start, source.end, frozenset({","}))
        preposition = self._first(source.start, comma, PREPOSITIONS)
        head_end = self._first(source.start, preposition, frozenset({"and", "&", "("}))
        issuer = self._issuer(source, head_end)
        if issuer is not None:
            self._last_issuer = issuer
            return issuer
        inside = self._names_inside(source)
        ending = next((k for k in inside if self._names[k].end == head_end or self._has_role(source, k)), None)
        if ending is not None:
            return self._keys[ending]
        for k in inside:
            if self._is_person(source, k, comma, preposition) or self._is_body(source, k, comma):
                return self._keys[k]
        is_document = source.end - source.start == 2 and self._tokens.lower[source.start] in {"the", "this"}  # noqa: PLR2004  # "the report"
        return self._last_issuer if is_document and self._tokens.lower[source.end - 1] in _DOCUMENTS else None

    def _first(self, start: int, end: int, words: frozenset[str]) -> int:
        """Return the first of the words from ``start``, outside names, or ``end``."""
        return next((i for i in range(start, end) if self._tokens.lower[i] in words and not self._in_names[i]), end)

    def _antecedent(self, i: int) -> int | None:
        """Return the entity named right before a relative pronoun."""
        k = bisect_left(self._starts, i) - 1
        is_near = k >= 0 and i - self._names[k].end <= 1
        return self._keys[k] if is_near and self._type(k) not in _NON_SPEAKER_TYPES else None

    def _type(self, k: int) -> EntityType:
        return self._entities[self._keys[k]].type

    def _names_inside(self, source: TokenSpan) -> list[int]:
        """Return the names in a source that may be its head, not "Osei" in "Osei's aide" or "the Osei campaign"."""
        inside = []
        k = bisect_left(self._starts, source.start)
        while k < len(self._names) and self._names[k].end <= source.end:
            name = self._names[k]
            is_speaker = self._type(k) not in _NON_SPEAKER_TYPES | {EntityType.NORP} or name == source
            following = self._tokens.at(name.end) if name.end < source.end else ""
            is_owner = following in POSSESSIVES and name.end < source.end - 1
            is_modifier = following in head_kinds() and self._tokens.words[name.end].islower()  # not "KC"
            if is_speaker and not is_owner and not is_modifier:
                inside.append(k)
            k += 1
        return inside

    def _is_person(self, source: TokenSpan, k: int, comma: int, preposition: int) -> bool:
        """Return whether a name is that of the person who heads the source, or in apposition to the head."""
        start = self._names[k].start
        # "Japan's trade minister, Kenji Morita": the name right after the comma is an apposition to the head.
        is_apposition = 0 < start - comma <= MAX_APPOSITION_DISTANCE and not _CLAUSE_OPENINGS.intersection(
            self._tokens.lower[comma + 1 : start]
        )
        return self._type(k) is EntityType.PERSON and (
            is_apposition or start < preposition or not self._has_common_head(source.start, preposition)
        )

    def _has_role(self, source: TokenSpan, k: int) -> bool:
        """Return whether a name ends the source right after a noun for a person: "sales, data and staff head Lee"."""
        name = self._names[k]
        return name.end == source.end and name.start > source.start and self._tokens.at(name.start - 1) in head_kinds()

    def _is_body(self, source: TokenSpan, k: int, comma: int) -> bool:
        """Return whether a name opens the source and only a complement follows it: "the bank of the north"."""
        name = self._names[k]
        opens_source = all(
            self._tokens.lower[i] in {"the", "both", "a"} or not self._tokens.words[i][0].isalnum()
            for i in range(source.start, name.start)
        )
        following = self._tokens.at(name.end)
        return (
            opens_source
            and name.end <= comma
            and (name.end == comma or following in {"and", "of", "in", "(", "for"} | PREPOSITIONS)
        )

    def _has_common_head(self, start: int, end: int) -> bool:
        """Return whether lower-case words before a preposition head the source, so that a name after it does not."""
        words, lower = self._tokens.words, self._tokens.lower
        return any(words[i][0].islower() and lower[i] not in _MODIFIERS for i in range(start, end))

    def _issuer(self, source: TokenSpan, head_end: int) -> int | None:
        """Return the entity whose document the source is: "an IISc statement", "a survey in June by Velton Data"."""
        if self._tokens.at(head_end - 1) not in _DOCUMENTS or head_end - 1 == source.start:
            return None
        first = bisect_left(self._starts, source.start)
        last = bisect_left(self._starts, source.end)
        before = [k for k in range(first, last) if self._names[k].end < head_end]
        if before:
            k = before[-1]
            return self._keys[k] if self._can_issue(k) else None
        if self._tokens.at(head_end) == ",":  # "The study, by Ada Quill," names its author, who does not speak
            return None
        by = self._first(head_end, source.end, _ISSUED_BY)
        after = next((k for k in range(first, last) if by < self._names[k].start and self._can_issue(k)), None)
        return None if after is None else self._keys[after]

    def _can_issue(self, k: int) -> bool:
        return self._type(k) not in _NON_SPEAKER_TYPES | {EntityType.NORP, EntityType.LOCATION}
