"""Stances shown by a verb directly between two mentions: "Osei has endorsed President Mensah".

Under these strict conditions the verb is nearly always right (``workers.stance.scores.VERB_BETWEEN``), in
every kind of text. The stances are a second opinion on those that the model reads.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from services.contracts import EntityType, StanceLabel
from workers.doc.records import EntityRecord, StanceRecord, TokenSpan
from workers.doc.tokens import Tokens
from workers.english.lexicon import verb_forms, word_list, word_set
from workers.english.phrases import BE, DETERMINERS, HAVE, PREPOSITIONS, SUBORDINATORS, is_adverb
from workers.stance import factuality, polarity, scores
from workers.stance.stance_context import trim_whitespace

if TYPE_CHECKING:
    from spacy.tokens import Doc

# Verbs that describe a game, a vote or a meeting as often as a stance.
_NON_STANCE_VERBS: Final = frozenset(
    form
    for verb in word_set("beat defeat hit strike fight question like fear meet")
    for form in verb_forms(verb).values()
)
_SKIPPED_WORDS: Final = HAVE | BE | {"will", "once", "who"}
# Between the two mentions.
MAX_WORDS_BETWEEN: Final = 8
# Entities that neither hold stances nor are targets.
_NON_PARTICIPANTS: Final = frozenset({EntityType.DATE, EntityType.MONEY})


class VerbStance(NamedTuple):
    """A stance shown by a verb; ``by_second`` means that the entity mentioned second holds it (passive agent)."""

    stance: StanceLabel
    by_second: bool


def stances_by_verb(doc: Doc, tokens: Tokens) -> list[StanceRecord]:
    """Return the stances shown by verbs directly between two mentions, in text order.

    Reads ``doc._.entities``, ``doc._.attributions`` and ``doc.spans["mentions"]``.
    """
    entities: list[EntityRecord] = doc._.entities
    reported = bytearray(len(doc))
    for attribution in doc._.attributions:
        for start, end in attribution.content:
            reported[start:end] = b"\1" * (end - start)
    mentions = sorted((span.start, span.end, int(span.id_)) for span in doc.spans.get("mentions", ()))
    mentions = [mention for mention in mentions if entities[mention[2]].type not in _NON_PARTICIPANTS]
    stances = []
    for (start, end, first_key), (second_start, second_end, second_key) in pairwise(mentions):
        first, second = TokenSpan(start, end), TokenSpan(second_start, second_end)
        sentence = TokenSpan(tokens.sentence_start[start], tokens.sentence_end[start])
        if first_key == second_key or second_end > sentence.end:
            continue
        if is_possessive(tokens.lower[second_start], tokens.at(second_end)):
            continue
        shown = verb_stance(tokens, first, second)
        if shown is None or shown.stance not in factuality.possible_stances(tokens, sentence, first, second):
            continue
        in_speech = bool(reported[start] or reported[second_end - 1])
        if not factuality.states_fact(tokens, sentence, reports_speech=in_speech):
            continue
        holder, target = (second_key, first_key) if shown.by_second else (first_key, second_key)
        evidence = trim_whitespace(doc, *sentence)
        stances.append(StanceRecord(holder, target, shown.stance, scores.VERB_BETWEEN, evidence, None))
    return stances


def is_possessive(word: str, after: str) -> bool:
    """Return whether a mention, a single ``word``, is a possessive pronoun, given the word ``after`` it.

    A stance towards "her party" is not a stance towards her.
    """
    return word in {"his", "its", "their"} or (
        word == "her" and after.isalpha() and after not in PREPOSITIONS | SUBORDINATORS
    )


def verb_stance(tokens: Tokens, first: TokenSpan, second: TokenSpan) -> VerbStance | None:
    """Return the stance shown between two mentions if only a verb, auxiliaries, adverbs, roles and titles part them."""
    if not 0 < second.start - first.end <= MAX_WORDS_BETWEEN:
        return None
    lower = tokens.lower
    i = first.end
    while i < second.start and (lower[i] in _SKIPPED_WORDS or is_adverb(lower[i])):
        i += 1
    entry = polarity.verbs().get(lower[i]) if i < second.start else None
    if entry is None or lower[i] in _NON_STANCE_VERBS:
        return None
    stance, particles = entry
    end = i + 1 + len(particles)
    if tuple(lower[i + 1 : end]) != particles:
        return None
    is_passive = bool(BE.intersection(lower[first.end : i])) and not lower[i].endswith("ing")
    if is_passive and lower[end : end + 1] != ["by"]:
        return None
    end += is_passive
    before_name = (
        DETERMINERS
        | word_list("roles")
        | word_list("titles")
        | {"former", "presidential", "prime", "foreign", "finance"}
    )
    if any(lower[k] not in before_name and not tokens.words[k][0].isupper() for k in range(end, second.start)):
        return None
    return VerbStance(stance, is_passive)
