"""Resolution of descriptions: "the minister", "the bank" or "the Russian government" after the name."""

from __future__ import annotations

import sys
from bisect import bisect_left
from functools import cache
from typing import TYPE_CHECKING, Final

from services.contracts import EntityType
from workers.doc.records import EntityRecord, TokenSpan
from workers.english import gazetteer, lexicon
from workers.english.lexicon import word_set
from workers.english.phrases import (
    AUXILIARIES,
    DETERMINERS,
    POSSESSIVES,
    PREPOSITIONS,
    SUBORDINATORS,
    is_adverb,
    is_phrase_boundary,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.doc.tokens import Tokens

# Role -> words of the roles in an article that it may refer to.
ROLE_SYNONYMS: Final[dict[str, frozenset[str]]] = {
    "diplomat": frozenset({"foreign", "ambassador", "envoy", "consul"}),
    "leader": frozenset(
        {"president", "premier", "prime", "chairman", "chairwoman", "head", "chancellor", "king", "leader", "chief"}
    ),
    "premier": frozenset({"prime", "premier"}),
    "pm": frozenset({"prime", "premier"}),
    "lawmaker": frozenset(
        {"senator", "sen.", "rep.", "congressman", "congresswoman", "mp", "deputy", "legislator", "lawmaker"}
    ),
    "senator": frozenset({"senator", "sen."}),
    "governor": frozenset({"governor", "gov."}),
    "lawyer": frozenset({"attorney", "lawyer", "solicitor", "barrister", "advocate"}),
    "attorney": frozenset({"attorney", "lawyer"}),
    "spokesman": frozenset({"spokesman", "spokesperson"}),
    "spokeswoman": frozenset({"spokeswoman", "spokesperson"}),
    "spokesperson": frozenset({"spokesman", "spokeswoman", "spokesperson"}),
    "official": frozenset(
        {"minister", "secretary", "director", "commissioner", "spokesman", "spokeswoman", "official", "head"}
    ),
    "chief": frozenset({"chief", "head", "director", "boss", "commissioner"}),
    "boss": frozenset({"chief", "manager", "director", "ceo", "head", "boss", "coach"}),
    "doctor": frozenset({"doctor", "dr", "dr.", "physician"}),
    "professor": frozenset({"professor", "prof.", "prof"}),
    "general": frozenset({"general", "gen."}),
}
# Words that end the head of a description: "the minister | of", "the woman | who".
DETACHING_WORDS: Final = PREPOSITIONS | word_set(
    "who which that whom whose where when than and or but to as , . ; : ( ) - -- — –"
)
# Number of names that are checked before a description.
MAX_NAMES_BACK: Final = 400
# To the name of an organisation that is not the speaker: some five sentences.
MAX_TOKENS_BACK: Final = 150
_GOVERNMENT_NOUNS: Final = frozenset({"government", "authorities", "officials", "side", "leadership", "administration"})
# Nouns for any business, whatever its name, but not for ministries, courts or parties.
_BUSINESS_NOUNS: Final = word_set("company firm corporation")
_PUBLIC_BODY_WORDS: Final = word_set(
    "ministry department court council committee commission parliament congress senate assembly police army navy "
    "university college school party union government board bureau office federation nations un eu nato church club "
    "league"
)


def description_span(tokens: Tokens, source: TokenSpan) -> TokenSpan:
    """Return a source without what follows its head: "the minister" of "the minister of works"."""
    first = source.start + 1
    end = next((i for i in range(first, source.end) if tokens.lower[i] in DETACHING_WORDS), source.end)
    return TokenSpan(source.start, end)


def resolve_description(
    tokens: Tokens, entities: list[EntityRecord], names: list[TokenSpan], keys: list[int], source: TokenSpan
) -> int | None:
    """Return the last person before the source that its description fits, or None.

    "The Russian government" gives the country, "the league" an organisation. ``names`` are the spans of the names in
    text order, ``keys`` their entities.
    """
    lower = tokens.lower
    if lower[source.start] not in {"the", "this", "that"}:
        return None
    head_end = next(
        (i for i in range(source.start, source.end) if lower[i] in PREPOSITIONS or lower[i] == ","), source.end
    )
    head = lower[head_end - 1]
    if head in _GOVERNMENT_NOUNS:
        return _find_country(tokens, entities, source)
    if head not in lexicon.word_list("roles") and head != "pm":
        return _find_organisation(tokens, entities, names, keys, source) if head_end - source.start == 2 else None  # noqa: PLR2004  # "the league"
    role_words = ROLE_SYNONYMS.get(head, frozenset({head}))
    peoples = {word.lower() for word in tokens.words[source.start : head_end] if word in gazetteer.peoples()}
    specific_words = {
        word
        for word in lower[source.start : head_end - 1]
        if word in {"foreign", "prime", "finance", "vice", "interior", "defence", "defense", "justice"}
    }
    checked: set[int] = set()
    last = bisect_left(names, source) - 1
    for k in range(last, max(-1, last - MAX_NAMES_BACK), -1):
        key = keys[k]
        if key in checked or entities[key].type is not EntityType.PERSON:
            continue
        checked.add(key)
        for role in entities[key].roles:
            words = set(role.lower().split())
            other_peoples = {word for word in role.split() if word in gazetteer.peoples()}
            if (
                words & role_words
                and specific_words <= words
                and not (peoples and other_peoples and not peoples & {word.lower() for word in other_peoples})
            ):
                return key
    return None


def organisation_descriptions(
    tokens: Tokens, entities: list[EntityRecord], names: list[TokenSpan], keys: list[int]
) -> Iterator[tuple[TokenSpan, int]]:
    """Yield the spans of "the bank" or "the company", each with the key of the organisation it refers to.

    ``names`` are the spans of the names in text order, ``keys`` their entities. A description is left out if more words
    belong to it ("the bank manager"), if the name is far away or if several organisations could be meant.
    """
    heads = _BUSINESS_NOUNS | _organisation_kinds().intersection(
        _kind_in_name(entity) for entity in entities if entity.type is EntityType.ORGANIZATION
    )
    in_names = {i for name in names for i in range(*name)}
    for i in range(len(tokens) - 1):
        if tokens.lower[i] == "the" and tokens.words[i + 1] in heads and i not in in_names and i + 1 not in in_names:
            phrase = TokenSpan(i, i + 2)
            if not _ends_phrase(tokens, phrase.end):
                continue
            key = _find_organisation(tokens, entities, names, keys, phrase, MAX_TOKENS_BACK)
            if key is not None:
                yield phrase, key


@cache
def _organisation_kinds() -> frozenset[str]:
    """Return the words that say what kind of organisation a name is of, in lower case."""
    return frozenset(word.lower() for word in lexicon.word_list("organizations"))


def _ends_phrase(tokens: Tokens, i: int) -> bool:
    """Return whether a noun phrase ends before token ``i``, judged by closed classes of words."""
    word = tokens.at(i)
    return (
        not word
        or is_phrase_boundary(word)
        or word in POSSESSIVES
        or (word in PREPOSITIONS and word != "of")
        or word in AUXILIARIES
        or word in DETERMINERS
        or word in SUBORDINATORS
        or word in {"to", "and"}
        or is_adverb(word)
    )


def _kind_in_name(entity: EntityRecord) -> str:
    """Return the kind of an organisation by its name in lower case: the last word, or the one before "of"; else ""."""
    words = entity.name.lower().split()
    kind = words[-1] if "of" not in words else words[max(0, words.index("of") - 1)]
    return kind if len(words) > 1 else ""


def _find_organisation(
    tokens: Tokens,
    entities: list[EntityRecord],
    names: list[TokenSpan],
    keys: list[int],
    phrase: TokenSpan,
    max_distance: int = sys.maxsize,
) -> int | None:
    """Return the last organisation whose name has the kind in ``phrase`` ("the league"), or None.

    "The company" refers to the only business named before it in its sentence or, failing that, in the sentence before.
    """
    head = tokens.lower[phrase.end - 1]
    sentence_start = tokens.sentence_start[phrase.start]
    previous_sentence_start = tokens.sentence_start[max(0, sentence_start - 1)]
    businesses: tuple[set[int], set[int]] = set(), set()  # named in the sentence, in the one before
    last = bisect_left(names, phrase) - 1
    for k in range(last, max(-1, last - MAX_NAMES_BACK), -1):
        entity = entities[keys[k]]
        if phrase.start - names[k].end > max_distance:
            break
        if entity.type is not EntityType.ORGANIZATION:
            continue
        if _kind_in_name(entity) in {head, head + "s"}:
            return keys[k]
        if names[k].start >= previous_sentence_start and not _PUBLIC_BODY_WORDS.intersection(entity.words):
            businesses[names[k].start < sentence_start].add(keys[k])
    meant = businesses[0] or businesses[1]
    return meant.pop() if head in _BUSINESS_NOUNS and len(meant) == 1 else None


def _find_country(tokens: Tokens, entities: list[EntityRecord], source: TokenSpan) -> int | None:
    """Return the location that a government belongs to ("the Russian government"), or None."""
    governments = gazetteer.government_names()
    for i in range(source.start, source.end):
        country = governments.get(tokens.words[i])
        if country:
            return next(
                (
                    entity.key
                    for entity in entities
                    if entity.type is EntityType.LOCATION
                    and governments.get(entity.name, entity.name) == country
                    and (entity.name == country or entity.name in gazetteer.ALTERNATIVE_NAMES)
                ),
                None,
            )
    return None
