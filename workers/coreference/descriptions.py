"""Who "the minister", "the bank" or "the Russian government" is: what an article calls by what it is, after its name."""

from __future__ import annotations

import sys
from bisect import bisect_left
from functools import cache
from typing import TYPE_CHECKING, Final

from services.contracts import EntityType
from workers.doc.records import EntityRecord, TokenSpan
from workers.english import gazetteer, lexicon
from workers.english.lexicon import listed
from workers.english.phrases import (
    AUXILIARIES,
    DETERMINERS,
    POSSESSIVES,
    PREPOSITIONS,
    SUBORDINATORS,
    is_adverb,
    is_gap,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.doc.tokens import Tokens

# What else somebody of a role is called; looked for in the words of the roles that the article gives.
ALSO: Final[dict[str, frozenset[str]]] = {
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
# How many names a description looks back over.
NAMES_BACK: Final = 400
# How far an organisation's name may be where it is not the speaker, in tokens: some five sentences.
WORDS_BACK: Final = 150
_BODIES: Final = frozenset({"government", "authorities", "officials", "side", "leadership", "administration"})
# What any business may be called, whatever its name; no ministry, court or party is.
_BUSINESS: Final = listed("company firm corporation")
_PUBLIC: Final = listed(
    "ministry department court council committee commission parliament congress senate assembly police army navy university "
    "college school party union government board bureau office federation nations un eu nato church club league"
)


def described(
    tokens: Tokens, entities: list[EntityRecord], names: list[TokenSpan], keys: list[int], source: TokenSpan
) -> int | None:
    """Return the last person before the source whom its description fits.

    A government's country for "the Russian government".
    """
    lower = tokens.lower
    if lower[source.start] not in {"the", "this", "that"}:
        return None
    stop = next((i for i in range(source.start, source.end) if lower[i] in PREPOSITIONS or lower[i] == ","), source.end)
    head = lower[stop - 1]
    if head in _BODIES:
        return _country(tokens, entities, source)
    if head not in lexicon.words("roles") and head != "pm":
        return _organisation(tokens, entities, names, keys, source) if stop - source.start == 2 else None  # noqa: PLR2004  # "the league"
    wanted = ALSO.get(head, frozenset({head}))
    peoples = {word.lower() for word in tokens.words[source.start : stop] if word in gazetteer.peoples()}
    specific = {
        word
        for word in lower[source.start : stop - 1]
        if word in {"foreign", "prime", "finance", "vice", "interior", "defence", "defense", "justice"}
    }
    seen: set[int] = set()
    last = bisect_left(names, source) - 1
    for k in range(last, max(-1, last - NAMES_BACK), -1):
        key = keys[k]
        if key in seen or entities[key].type is not EntityType.PERSON:
            continue
        seen.add(key)
        for role in entities[key].roles:
            has = set(role.lower().split())
            others = {word for word in role.split() if word in gazetteer.peoples()}
            if (
                has & wanted
                and specific <= has
                and not (peoples and others and not peoples & {word.lower() for word in others})
            ):
                return key
    return None


def again(
    tokens: Tokens, entities: list[EntityRecord], names: list[TokenSpan], keys: list[int]
) -> Iterator[tuple[TokenSpan, int]]:
    """Find organisations spoken of as "the bank" or "the company": the places, each with the key of its entity.

    ``names`` are the places of names in the order of the text, ``keys`` their entities. Nothing is found where more words
    follow that may belong to it ("the bank manager"), where the name is far away or more than one organisation could be meant.
    """
    heads = _BUSINESS | _kinds().intersection(_own(one) for one in entities if one.type is EntityType.ORGANIZATION)
    named = {i for name in names for i in range(*name)}
    for i in range(len(tokens) - 1):
        if tokens.lower[i] == "the" and tokens.words[i + 1] in heads and i not in named and i + 1 not in named:
            place = TokenSpan(i, i + 2)
            found = (
                _organisation(tokens, entities, names, keys, place, WORDS_BACK) if _ends(tokens, place.end) else None
            )
            if found is not None:
                yield place, found


@cache
def _kinds() -> frozenset[str]:
    return frozenset(word.lower() for word in lexicon.words("organizations"))


def _ends(tokens: Tokens, i: int) -> bool:
    """Whether a noun phrase ends before token ``i``, as far as closed classes of words tell."""
    word = tokens.at(i)
    return (
        not word
        or is_gap(word)
        or word in POSSESSIVES
        or (word in PREPOSITIONS and word != "of")
        or word in AUXILIARIES
        or word in DETERMINERS
        or word in SUBORDINATORS
        or word in {"to", "and"}
        or is_adverb(word)
    )


def _own(entity: EntityRecord) -> str:
    """Return what an organisation is by its name, in small letters: its last word, or its first before "of"; else nothing."""
    words = entity.name.lower().split()
    own = words[-1] if "of" not in words else words[max(0, words.index("of") - 1)]
    return own if len(words) > 1 else ""


def _organisation(
    tokens: Tokens,
    entities: list[EntityRecord],
    names: list[TokenSpan],
    keys: list[int],
    place: TokenSpan,
    back: int = sys.maxsize,
) -> int | None:
    """Return which organisation "the league" at ``place`` is: the last one that is a league by its name.

    "The company" is the only business named before it in its sentence or, if there is none, in the one before.
    """
    head = tokens.lower[place.end - 1]
    here = tokens.first[place.start]
    before = tokens.first[max(0, here - 1)]
    businesses: tuple[set[int], set[int]] = set(), set()  # named in the sentence, in the one before
    last = bisect_left(names, place) - 1
    for k in range(last, max(-1, last - NAMES_BACK), -1):
        entity = entities[keys[k]]
        if place.start - names[k].end > back:
            break
        if entity.type is not EntityType.ORGANIZATION:
            continue
        if _own(entity) in {head, head + "s"}:
            return keys[k]
        if names[k].start >= before and not _PUBLIC.intersection(entity.words):
            businesses[names[k].start < here].add(keys[k])
    meant = businesses[0] or businesses[1]
    return meant.pop() if head in _BUSINESS and len(meant) == 1 else None


def _country(tokens: Tokens, entities: list[EntityRecord], source: TokenSpan) -> int | None:
    governments = gazetteer.governments()
    for i in range(source.start, source.end):
        country = governments.get(tokens.words[i])
        if country:
            return next(
                (
                    e.key
                    for e in entities
                    if e.type is EntityType.LOCATION
                    and governments.get(e.name, e.name) == country
                    and (e.name == country or e.name in gazetteer.SHORT_NAMES)
                ),
                None,
            )
    return None
