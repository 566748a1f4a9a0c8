"""Who is for or against whom where a verb that takes a side stands right between the two: "Osei has endorsed President Mensah".

So strictly read, the verb is nearly always right (``workers.stance.scores.ADJACENT``), in every kind of text: a second
opinion on what the model reads.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from services.contracts import EntityType, StanceLabel
from workers.doc.records import EntityRecord, StanceRecord, TokenSpan
from workers.doc.tokens import Tokens
from workers.english.lexicon import inflect, listed, words
from workers.english.phrases import BE, DETERMINERS, HAVE, PREPOSITIONS, SUBORDINATORS, is_adverb
from workers.stance import factuality, polarity, scores
from workers.stance.scene import trimmed

if TYPE_CHECKING:
    from spacy.tokens import Doc

# These win a game or a vote as often as they take a side, or only sound like it.
_PLAYED: Final = frozenset(
    form
    for verb in listed("beat defeat hit strike fight question like fear meet")
    for form in (verb, *inflect(verb).values(), *polarity.IRREGULAR.get(verb, {}).values())
)
_HELPERS: Final = HAVE | BE | {"will", "once", "who"}
# How many words may stand between two names so joined.
REACH: Final = 8


_NOBODY: Final = frozenset({EntityType.DATE, EntityType.MONEY})


class Taken(NamedTuple):
    """A side, and whether the one named second takes it."""

    side: StanceLabel
    backwards: bool


def by_verb(doc: Doc) -> list[StanceRecord]:
    """Return the stances that a verb right between two mentions shows; reads mentions, entities and statements."""
    tokens = Tokens.of(doc)
    entities: list[EntityRecord] = doc._.entities
    told = bytearray(len(doc))
    for statement in doc._.attributions:
        for start, end in statement.content:
            told[start:end] = b"\1" * (end - start)
    mentions = sorted((span.start, span.end, int(span.id_)) for span in doc.spans.get("mentions", ()))
    mentions = [mention for mention in mentions if entities[mention[2]].type not in _NOBODY]
    found = []
    for (start, end, first), (other, last, second) in pairwise(mentions):
        one, two = TokenSpan(start, end), TokenSpan(other, last)
        sentence = TokenSpan(tokens.first[start], tokens.last[start])
        joined = first != second and last <= sentence.end and not owns(tokens.lower[other], tokens.at(last))
        took = taken(tokens, one, two) if joined else None
        if took is None or took.side not in factuality.between(tokens, sentence, one, two):
            continue
        if not factuality.happens(tokens, sentence, told=bool(told[start] or told[last - 1])):
            continue
        holder, target = (second, first) if took.backwards else (first, second)
        found.append(StanceRecord(holder, target, took.side, scores.ADJACENT, trimmed(doc, *sentence), None))
    return found


def owns(word: str, after: str) -> bool:
    """Whether a mention is a pronoun that owns what comes after it: who likes her party need not like her."""
    return word in {"his", "its", "their"} or (
        word == "her" and after.isalpha() and after not in PREPOSITIONS | SUBORDINATORS
    )


def taken(tokens: Tokens, one: TokenSpan, other: TokenSpan) -> Taken | None:
    """Return the side that the words between two mentions take, if they are one verb and what belongs to the names."""
    if not 0 < other.start - one.end <= REACH:
        return None
    lower = tokens.lower
    i = one.end
    while i < other.start and (lower[i] in _HELPERS or is_adverb(lower[i])):
        i += 1
    found = polarity.verbs().get(lower[i]) if i < other.start else None
    if found is None or lower[i] in _PLAYED:
        return None
    side, rest = found
    end = i + 1 + len(rest)
    if tuple(lower[i + 1 : end]) != rest:
        return None
    helped = BE.intersection(lower[one.end : i]) and not lower[i].endswith("ing")
    if helped and lower[end : end + 1] != ["by"]:
        return None
    end += bool(helped)
    named = DETERMINERS | words("roles") | words("titles") | {"former", "presidential", "prime", "foreign", "finance"}
    if any(tokens.lower[k] not in named and not tokens.words[k][0].isupper() for k in range(end, other.start)):
        return None
    return Taken(side, bool(helped))
