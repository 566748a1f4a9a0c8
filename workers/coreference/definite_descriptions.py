"""Descriptions of what the article has named: "the minister", "the 45-year-old", "the fund", "CM" in a headline.

A description is resolved by rule where the article says of one name only what the description says: by the role that
the name carries, the words of the name, the age. All others are left to the
antecedent head.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from services.contracts import EntityType
from workers.coreference.descriptions import MAX_NAMES_BACK, ROLE_SYNONYMS
from workers.coreference.mentions import Gender
from workers.coreference.noun_phrases import POSSESSIVE_PRONOUNS, Kind, NounPhrase, Opening
from workers.english.lexicon import word_list, word_set

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.doc.records import EntityRecord, TokenSpan
    from workers.doc.tokens import Tokens

KIND_OF_TYPE: Final = {
    EntityType.PERSON: Kind.PERSON,
    EntityType.ORGANIZATION: Kind.BODY,
    EntityType.FACILITY: Kind.BODY | Kind.PLACE,
    EntityType.LOCATION: Kind.PLACE,
    EntityType.PRODUCT: Kind.BODY,
    EntityType.MISC: Kind.BODY,
}
# Modifiers that say nothing of which holder of a role is meant.
_GENERAL: Final = word_set(
    "the this that his her its their our my your former ex then late new old young current outgoing incoming own same "
    "embattled veteran popular local"
)
# Words of a body's name by the noun that may stand for it.
_SYNONYMS: Final[Mapping[str, frozenset[str]]] = {
    "company": word_set("inc inc. ltd ltd. limited corp corp. corporation company holdings group plc gmbh industries"),
    "firm": word_set("inc inc. ltd ltd. limited corp corp. corporation company holdings group plc gmbh partners llp"),
    "business": word_set("inc inc. ltd ltd. limited corp corp. corporation company"),
    "newspaper": word_set("times post herald tribune gazette guardian telegraph courier mail observer journal news"),
    "paper": word_set("times post herald tribune gazette guardian telegraph courier mail observer journal news"),
    "daily": word_set("times post herald tribune gazette guardian telegraph courier mail observer journal news"),
    "network": word_set("news broadcasting television tv cnn nbc abc cbs fox bbc"),
    "broadcaster": word_set("broadcasting television tv bbc radio"),
    "school": word_set("school college university academy"),
    "university": word_set("university college"),
    "institution": word_set("university college academy institute"),
    "club": word_set("club fc f.c. united city rovers athletic"),
    "team": word_set("club fc f.c. united city rovers team"),
    "organisation": word_set("organisation organization association society federation foundation"),
    "organization": word_set("organisation organization association society federation foundation"),
    "charity": word_set("charity foundation trust"),
    "agency": word_set("agency authority administration"),
    "department": word_set("department ministry office"),
    "ministry": word_set("ministry department office"),
    "airline": word_set("airline airlines airways air"),
    "bloc": word_set("eu union asean"),
    "alliance": word_set("nato alliance coalition"),
    "lender": word_set("bank"),
    "council": word_set("council"),
    "force": word_set("police force constabulary"),
    "parliament": word_set("parliament assembly"),
    "party": word_set("party democrats republicans conservatives tories labour bjp gop anc congress"),
    "union": word_set("union unions tuc uaw"),
}
_INITIALS: Final = {
    "pm": frozenset({"prime", "minister"}),
    "cm": frozenset({"chief", "minister"}),
    "dm": frozenset({"district", "magistrate"}),
    "mp": frozenset({"mp"}),
    "ceo": frozenset({"chief", "executive"}),
}
# "The Tory", of an MP of the party.
_ADHERENTS: Final = word_set("tory democrat republican conservative liberal")
_PARTY_ROLES: Final = word_set(
    "mp senator sen. rep. congressman congresswoman governor gov. councillor lawmaker politician candidate nominee"
)
_DEFENDANTS: Final = frozenset({"defendant", "accused", "suspect"})
_CHARGED: Final = word_set(
    "denies denied pleaded admits admitted charged accused convicted jailed sentenced arrested guilty stole acquitted"
)
LEAD_TOKENS: Final = 70
MAX_NAMES_AFTER: Final = 12  # of any type, after a description in the lead
MAX_BEARERS: Final = 32  # of a role or a word of a name that are compared; the bound keeps time linear
MAX_CHARGE_DISTANCE: Final = 14  # tokens from a name to what the person is charged with
# Kin and the like, of whom an article has several: "his wife" needs the person who is meant by "his".
_RELATIONS: Final = word_set(
    "wife husband son daughter brother sister mother father mum dad mom uncle aunt partner friend colleague client "
    "boss girlfriend boyfriend neighbour neighbor rival opponent deputy aide adviser lawyer attorney"
)
_MALE: Final = word_set(
    "man boy guy bloke gentleman father dad son brother husband uncle nephew grandfather grandson lad"
)
_FEMALE: Final = word_set(
    "woman girl lady mother mum mom daughter sister wife aunt niece grandmother granddaughter nan"
)


@dataclass(slots=True)
class Names:
    """The names of an article: spans in text order with keys, and what the article says of each entity."""

    spans: Sequence[TokenSpan]
    keys: Sequence[int]
    roles: Mapping[int, Sequence[str]]
    ages: Mapping[str, set[int]]
    genders: Mapping[int, Gender]


class DescriptionResolver:
    """Resolves the descriptions of one article by what it says of its names."""

    def __init__(self, tokens: Tokens, entities: Sequence[EntityRecord], names: Names) -> None:
        """Read the words of each entity's names and roles."""
        self._tokens = tokens
        self._entities = entities
        self._names = names
        self._by_role_word: dict[str, list[tuple[int, frozenset[str]]]] = {}
        self._by_name_word: dict[str, list[int]] = {}
        for key, roles in names.roles.items():
            for role in roles:
                words = frozenset(role.lower().replace("'s", "").replace("’s", "").split())
                for word in words:
                    _append(self._by_role_word, word, (key, words))
        for entity in entities:
            if entity.type is not EntityType.PERSON:
                for word in dict.fromkeys(entity.name.lower().split()):
                    _append(self._by_name_word, word, entity.key)
        self._charged = self._find_charged()

    def resolve(self, phrase: NounPhrase) -> int | None:
        """Return the entity that a description refers to by rule, or None."""
        head = self._tokens.lower[phrase.span.end - 1]
        if head.endswith("-year-old"):
            return self._only(self._names.ages.get(head.partition("-")[0], set()))
        if head in _INITIALS and phrase.span.end - phrase.span.start == 1:
            return self._only({key for key, words in self._bearers(_INITIALS[head]) if _INITIALS[head] <= words})
        if phrase.opening is Opening.INDEFINITE:
            return self._named_with_age(phrase)
        if head in _RELATIONS and self._tokens.lower[phrase.span.start] in POSSESSIVE_PRONOUNS:
            return self._only(self._charged) if head == "client" else None  # of the lawyer for the defence
        return self._nearest(phrase, self._fitting(phrase, head))

    def _fitting(self, phrase: NounPhrase, head: str) -> set[int]:
        """Return the entities of which the article says all that the description says."""
        modifiers = self._modifiers(phrase)
        heads = ROLE_SYNONYMS.get(head, frozenset()) | (_PARTY_ROLES if head in _ADHERENTS else frozenset()) | {head}
        fitting = {key for key, words in self._bearers(heads) if self._has_role(phrase, head, modifiers, key, words)}
        if Kind.BODY in phrase.kind or Kind.PLACE in phrase.kind:
            kinds = _SYNONYMS.get(head, frozenset()) | {head}
            named = {key for word in kinds for key in self._by_name_word.get(word, ())}
            fitting |= {key for key in named if self._has_name(phrase, head, modifiers, self._entities[key])}
        if phrase.opening is Opening.BARE:
            return fitting if len(fitting) == 1 else set()
        if not fitting and head in _DEFENDANTS:
            return self._charged
        if not fitting and phrase.opening is Opening.DEFINITE and not modifiers:
            return self._named_in_headline(phrase)
        return fitting

    def _named_with_age(self, phrase: NounPhrase) -> int | None:
        """Return the person whom the lead describes before naming: "A lorry driver was jailed. Ivo Marsh, 44, ..."."""
        if phrase.kind is not Kind.PERSON or not self._opens_lead_sentence(phrase):
            return None
        following = bisect_left(self._names.spans, phrase.span)
        for k in range(following, min(len(self._names.spans), following + MAX_NAMES_AFTER)):
            name, key = self._names.spans[k], self._names.keys[k]
            if self._entities[key].type is EntityType.PERSON and name.start > phrase.span.end:
                is_subject = self._tokens.sentence_start[name.start] in {name.start, name.start - 1}
                has_age = any(key in keys for keys in self._names.ages.values())
                is_new = all(self._names.keys[i] != key for i in range(k))
                return key if is_subject and has_age and is_new and self._gender_fits(self._head(phrase), key) else None
        return None

    def _named_in_headline(self, phrase: NounPhrase) -> set[int]:
        """Return the only person named before the lead: "Ada Quill on her new song | The singer talks to ..."."""
        if phrase.kind is not Kind.PERSON or not self._opens_lead_sentence(phrase):
            return set()
        before = bisect_left(self._names.spans, phrase.span)
        persons = {key for key in self._names.keys[:before] if self._entities[key].type is EntityType.PERSON}
        return {key for key in persons if len(persons) == 1 and self._gender_fits(self._head(phrase), key)}

    def _opens_lead_sentence(self, phrase: NounPhrase) -> bool:
        start = phrase.span.start
        return start < LEAD_TOKENS and self._tokens.sentence_start[start] in {start, start - 1}

    def _head(self, phrase: NounPhrase) -> str:
        return self._tokens.lower[phrase.span.end - 1]

    def _bearers(self, heads: frozenset[str]) -> list[tuple[int, frozenset[str]]]:
        """Return the entities that have a role with one of the words, with the words of the role."""
        return [bearer for head in heads for bearer in self._by_role_word.get(head, ())]

    def _modifiers(self, phrase: NounPhrase) -> frozenset[str]:
        words = self._tokens.lower[phrase.span.start : phrase.end]
        is_word = [word for word in words if word[0].isalnum() and word not in _GENERAL]
        return frozenset(is_word) - {self._tokens.lower[phrase.span.end - 1], "of", "for", "at", "in"}

    def _has_role(
        self, phrase: NounPhrase, head: str, modifiers: frozenset[str], key: int, words: frozenset[str]
    ) -> bool:
        """Return whether a role of the entity says all that the description says."""
        entity = self._entities[key]
        if not phrase.kind & KIND_OF_TYPE.get(entity.type, Kind(0)) or not self._gender_fits(head, key):
            return False
        if phrase.opening is Opening.POSSESSIVE and self._is_own(phrase, entity):
            return False
        return modifiers <= words | entity.words | {"prime"}

    def _is_own(self, phrase: NounPhrase, entity: EntityRecord) -> bool:
        """Return whether the possessor is named by the entity's own name: "Kemp's lawyer" is not Kemp."""
        return bool(entity.words & set(self._tokens.lower[phrase.span.start : phrase.span.end - 1]))

    def _has_name(self, phrase: NounPhrase, head: str, modifiers: frozenset[str], entity: EntityRecord) -> bool:
        """Return whether the words of a body's name, or their synonyms, say all that the description says."""
        if entity.type is EntityType.PERSON or not phrase.kind & KIND_OF_TYPE.get(entity.type, Kind(0)):
            return False
        words = entity.name.lower().split()
        if modifiers and modifiers | {head} < set(words):  # "the food bank" of "Food Bank Ostby"
            return True
        if len(words) == 1 and head != words[0]:
            return False
        of = words.index("of") if "of" in words else len(words)
        kind = {words[max(0, of - 1)], words[-1]} if of < len(words) else {words[-1]}
        return bool(kind & (_SYNONYMS.get(head, frozenset()) | {head})) and modifiers <= set(words)

    def _gender_fits(self, head: str, key: int) -> bool:
        gender = self._names.genders.get(key, Gender.UNKNOWN)
        return not ((head in _MALE and gender is Gender.FEMALE) or (head in _FEMALE and gender is Gender.MALE))

    def _nearest(self, phrase: NounPhrase, keys: set[int]) -> int | None:
        """Return the only entity of ``keys``, or the one named last before the description."""
        if len(keys) <= 1:
            return self._only(keys)
        last = bisect_left(self._names.spans, phrase.span) - 1
        first = max(-1, last - MAX_NAMES_BACK)
        return next((self._names.keys[k] for k in range(last, first, -1) if self._names.keys[k] in keys), None)

    def _only(self, keys: set[int]) -> int | None:
        return next(iter(keys)) if len(keys) == 1 else None

    def _find_charged(self) -> set[int]:
        """Return the persons of whom the article says that they are charged or convicted."""
        charged = set()
        for name, key in zip(self._names.spans, self._names.keys, strict=True):
            if self._entities[key].type is EntityType.PERSON:
                end = min(self._tokens.sentence_end[name.start], name.end + MAX_CHARGE_DISTANCE)
                if _CHARGED.intersection(self._tokens.lower[name.end : end]):
                    charged.add(key)
        return charged


def _append(index: dict[str, list[Any]], word: str, entry: Any) -> None:
    """Add an entry of a word, unless it has many."""
    entries = index.setdefault(word, [])
    if len(entries) < MAX_BEARERS:
        entries.append(entry)


def is_title(tokens: Tokens, span: TokenSpan) -> bool:
    """Return whether a bare description is a title that stands for its holder: "Prime minister", "Senator"."""
    return tokens.words[span.start][0].isupper() and tokens.lower[span.end - 1] in word_list("roles") | _INITIALS.keys()
