"""Descriptions beside their names: "Lena Roth, the mayor, said", "his deputy, Ivo Marsh", "she is a pilot".

Each is read from the words between the description and the name or pronoun. Words directly before a name ("rail boss
Kemp") are a role of the person and not a mention.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from services.contracts import EntityType
from workers.coreference.noun_phrases import Kind, NounPhrase, Opening
from workers.doc.records import TokenSpan
from workers.english import lexicon
from workers.english.lexicon import word_set
from workers.english.name_forms import title_gender
from workers.english.phrases import POSSESSIVES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.coreference.noun_phrases import NounPhraseReader
    from workers.doc.records import EntityRecord
    from workers.doc.tokens import Tokens

_CLOSING: Final = frozenset([",", ".", ";", ":", ")", "(", "—", "–", "-", "”", '"', "''"]) | {"--", "“", "!", "?", ""}
_COPULAS: Final = frozenset({"is", "was", "remains", "became", "'s", "’s"})
_NAMING: Final = frozenset({"called", "named", "dubbed", "nicknamed"})
_SUBJECTS: Final = frozenset({"he", "she", "it"})
_KINDS: Final = {
    EntityType.PERSON: Kind.PERSON,
    EntityType.ORGANIZATION: Kind.BODY,
    EntityType.FACILITY: Kind.BODY | Kind.PLACE,
    EntityType.LOCATION: Kind.PLACE,
    EntityType.PRODUCT: Kind.BODY,
    EntityType.MISC: Kind.BODY,
}
_OPENINGS_OF_CLAUSES: Final = word_set(
    "after before when while as if because although though since until once with without in on at by for from to of "
    "according against despite during under over asked citing following speaking meanwhile"
)
MAX_TITLE_TOKENS: Final = 4  # between a comma and a name: "the judge, Mrs Justice Loxley"
MAX_AGE: Final = 119


@dataclass(slots=True)
class Appositions:
    """The roles, ages and descriptions that the sentences of an article give its names.

    ``mentions`` are spans of descriptions with the entity, ``subjects`` the spans of predicates with the token of the
    pronoun that is their subject, ``before_names`` the spans directly before a name. ``roles`` has the roles of each
    entity, ``ages`` the entities by age.
    """

    mentions: dict[TokenSpan, int] = field(default_factory=dict)
    subjects: dict[TokenSpan, int] = field(default_factory=dict)
    before_names: set[TokenSpan] = field(default_factory=set)
    roles: dict[int, list[str]] = field(default_factory=dict)
    ages: dict[str, set[int]] = field(default_factory=dict)


class AppositionReader:
    """Reads the appositions of one article. ``names`` are the spans of its names in text order, ``keys`` their keys."""

    def __init__(
        self,
        tokens: Tokens,
        phrases: NounPhraseReader,
        entities: Sequence[EntityRecord],
        names: Sequence[TokenSpan],
        keys: Sequence[int],
    ) -> None:
        """Index the names by their first and their last token."""
        self._tokens = tokens
        self._phrases = phrases
        self._entities = entities
        self._by_start: Mapping[int, int] = {name.start: key for name, key in zip(names, keys, strict=True)}
        self._end_of: Mapping[int, int] = {name.start: name.end for name in names}
        self._by_end: Mapping[int, int] = {name.end: key for name, key in zip(names, keys, strict=True)}
        self._start_of: Mapping[int, int] = {name.end: name.start for name in names}

    def read(self, phrases: Sequence[NounPhrase]) -> Appositions:
        """Return what ``phrases``, the descriptions of the article, say of its names."""
        result = Appositions()
        for end, key in self._by_end.items():
            age = self._tokens.at(end + 1)
            is_person = self._entities[key].type is EntityType.PERSON
            if is_person and self._tokens.at(end) in {",", "("} and age.isdecimal() and int(age) <= MAX_AGE:
                result.ages.setdefault(age, set()).add(key)
        for phrase in phrases:
            name = self._directly_after(phrase)
            if name is not None:
                self._add_role(result, name, phrase.span)
                result.before_names.add(phrase.span)
                continue
            span = self._apposition_span(phrase)
            described = self._before(phrase, span)
            if described is None:
                span, described = phrase.whole, self._after(phrase)
            if described is not None:
                result.mentions[span] = described
                self._add_role(result, described, span)
                continue
            # A predicate may be an opinion ("Kemp is a liar"), so it is not a role.
            described = self._subject_name(phrase)
            if described is not None:
                result.mentions[self._predicate(phrase)] = described
                continue
            subject = self._subject_pronoun(phrase)
            if subject is not None:
                result.subjects[self._predicate(phrase)] = subject
        return result

    def _fits(self, phrase: NounPhrase, key: int) -> bool:
        """Return whether the description can stand for an entity of this type."""
        return bool(phrase.kind & _KINDS.get(self._entities[key].type, Kind(0)))

    def _add_role(self, result: Appositions, key: int, span: TokenSpan) -> None:
        words = self._tokens.words[span.start : span.end]
        if self._tokens.lower[span.start] in {"the", "a", "an", "his", "her", "its", "their", "our", "my", "this"}:
            words = words[1:]
        role = " ".join(words).replace(" 's", "'s").replace(" ’s", "’s").replace(" ' ", "' ").replace(" ’ ", "’ ")
        roles = result.roles.setdefault(key, [])
        if role and role not in roles:
            roles.append(role)

    def _directly_after(self, phrase: NounPhrase) -> int | None:
        """Return the entity of the name after a description: "charity boss Lorna Keane", "the band “Forestry”"."""
        i = phrase.span.end
        if self._tokens.at(i) in {'"', "“", "‘", "'"}:
            i += 1
        # "farmers' leader Smt. Vale": a title before the name
        while i < phrase.span.end + 2 and i not in self._by_start and self._is_title(i):
            i += 1
        key = self._by_start.get(i)
        return key if key is not None and self._fits(phrase, key) else None

    def _is_title(self, i: int) -> bool:
        """Return whether a token may be a title or its point."""
        word = self._tokens.words[i] if i < len(self._tokens) else ""
        return bool(title_gender(word.lower())) or word in lexicon.word_list("forms_of_address") or word == "."

    def _apposition_span(self, phrase: NounPhrase) -> TokenSpan:
        """Return the description up to the comma that closes it, if what lies between has no verb."""
        last = min(self._tokens.sentence_end[phrase.span.start], phrase.span.end + 12)
        end = self._phrases.coordinated_end(phrase.end)
        while end < last and self._tokens.lower[end] not in _CLOSING:
            if self._phrases.part(end) in {"VERB", "AUX", "PRON", "SCONJ", "CCONJ"} or "\n" in self._tokens.words[end]:
                return phrase.whole
            end += 1
        is_closed = end < last or "\n" in self._tokens.at(end)
        return TokenSpan(phrase.span.start, end) if is_closed else phrase.whole

    def _predicate(self, phrase: NounPhrase) -> TokenSpan:
        return TokenSpan(phrase.span.start, self._phrases.coordinated_end(phrase.end))

    def _before(self, phrase: NounPhrase, span: TokenSpan) -> int | None:
        """Return the entity of the name before a comma or a bracket: "Lena Roth, 41, the mayor of Ostby, said"."""
        i = phrase.span.start - 1
        opening = self._tokens.at(i)
        if opening not in {",", "(", "–", "—", "-"}:
            return None
        if self._tokens.at(i - 1).isdecimal() and self._tokens.at(i - 2) == ",":  # an age
            i -= 2
        key = self._by_end.get(i)
        if key is None or not self._fits(phrase, key) or self._tokens.sentence_start[i - 1] > self._start_of[i]:
            return None
        after = self._tokens.at(span.end)
        if phrase.opening is Opening.BARE and self._entities[key].type is not EntityType.PERSON:
            return None
        if opening == "," and (after not in _CLOSING or after in {"(", "“", '"'}) and not self._relative(span.end):
            # "Roth, the mayor said": the words before the comma are not in apposition
            return None
        # one of several in a list: "Roth, a nurse and ..." has been cut; "Roth, Marsh, the mayor and others"
        return key

    def _relative(self, i: int) -> bool:
        word = self._tokens.at(i)
        return word in {"who", "which", "and", "whose"} or (self._phrases.part(i) == "VERB" and word.endswith("ing"))

    def _after(self, phrase: NounPhrase) -> int | None:
        """Return the entity of the name after a comma: "the judge, Mrs Justice Loxley, warned"."""
        i = phrase.end
        word = self._tokens.at(i)
        naming = self._tokens.at(i + (word == ","))
        if naming in _NAMING:
            i += 1 + (word == ",")
            if self._tokens.at(i) in {'"', "“", "‘", "'"}:
                i += 1
            key = self._by_start.get(i)
            is_person = key is not None and self._entities[key].type is EntityType.PERSON
            return key if is_person is (phrase.kind is Kind.PERSON) else None
        if word != "," or phrase.opening is Opening.BARE:
            return None
        name = self._name_after_titles(i + 1)
        if name is None:
            return None
        key, end = self._by_start[name], self._end_of[name]
        if not self._fits(phrase, key):
            return None
        after = self._tokens.at(end)
        if self._tokens.at(end + 1).isdecimal() and after == ",":
            end, after = end + 2, self._tokens.at(end + 2)
        if after in POSSESSIVES or (after not in _CLOSING and "\n" not in after):
            return None
        is_listed = (
            after == ","
            and self._tokens.at(phrase.span.start - 1) == ","
            and self._phrases.part(end + 1) not in {"VERB", "AUX"}
        )
        return None if is_listed or (after == "," and self._opens_clause(phrase.span.start, i)) else key

    def _name_after_titles(self, first: int) -> int | None:
        """Return the start of the name that follows ``first`` after titles only."""
        for i in range(first, first + MAX_TITLE_TOKENS):
            if i in self._by_start:
                return i
            word = self._tokens.words[i] if i < len(self._tokens) else ""
            if not (word[:1].isupper() and self._phrases.part(i) in {"PROPN", "NOUN", "ADJ", "PRON"}):
                return None
        return None

    def _opens_clause(self, start: int, comma: int) -> bool:
        """Return whether the comma ends an opening clause: "After meeting the minister, Kemp, 50, said"."""
        first = self._tokens.sentence_start[start]
        while first < start and not self._tokens.words[first][0].isalnum():
            first += 1
        is_first_comma = "," not in self._tokens.words[first:comma]
        opening = self._tokens.lower[first]
        is_participle = self._phrases.part(first) == "VERB"
        return first < start and is_first_comma and (opening in _OPENINGS_OF_CLAUSES or is_participle)

    def _copula_before(self, phrase: NounPhrase) -> int | None:
        """Return the token of the copula before a predicate, adverbs aside, or None."""
        i = phrase.span.start - 1
        while self._phrases.part(i) == "ADV" and self._tokens.at(i) not in {"not", "never", "n't"}:
            i -= 1
        is_predicate = phrase.opening is not Opening.BARE and self._tokens.at(i) in _COPULAS
        return i if is_predicate and self._phrases.part(i) in {"AUX", "VERB"} else None

    def _subject_name(self, phrase: NounPhrase) -> int | None:
        """Return the entity of the name of which the description is the predicate: "Roth is a former nurse"."""
        copula = self._copula_before(phrase)
        if copula is None:
            return None
        key = self._by_end.get(copula)
        if key is None or not self._fits(phrase, key):
            return None
        start = self._start_of[copula]
        before = self._tokens.at(start - 1)
        # in "the brother of Roth is a nurse" the name is not the subject
        return None if before in _OPENINGS_OF_CLAUSES - {"as", "if", "because", "that", "when", "while"} else key

    def _subject_pronoun(self, phrase: NounPhrase) -> int | None:
        """Return the pronoun of which the description is the predicate: "she is a former nurse"."""
        copula = self._copula_before(phrase)
        if copula is None or self._tokens.at(copula - 1) not in _SUBJECTS:
            return None
        is_thing = self._tokens.at(copula - 1) == "it"
        return copula - 1 if is_thing is not bool(phrase.kind & Kind.PERSON) else None
