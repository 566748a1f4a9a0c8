"""Factuality: stances that the words of a sentence rule out.

A question, condition, denial or omitted act does not show a stance. The model reads "did not criticise" and
"if she attacks him" well, but not always; where words say plainly that nothing of the kind happened, the
words win.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from services.contracts import Act, StanceLabel
from services.contracts.acts import ACT_RECORDS
from workers.doc.records import TokenSpan
from workers.english import lexicon
from workers.english.lexicon import word_set
from workers.english.negation import ActModifier, is_negative_subject, match_modifier, modified_act
from workers.stance import polarity

if TYPE_CHECKING:
    from workers.doc.records import AttributionRecord
    from workers.doc.tokens import Tokens

_CONDITIONALS: Final = word_set("if unless whether")
_MODALS: Final = word_set("would might could may will")
_INVERTED_AUXILIARIES: Final = word_set("had should were")  # "Had she supported him, ..."
# "Lifted the sanctions": an end of opposition.
_ENDING_VERBS: Final = word_set(
    "lift lifted lifts lifting drop dropped drops dropping withdraw withdrew withdrawn ease eased end ended"
)
_MEASURES: Final = word_set(
    "sanctions charges complaint lawsuit suit ban embargo blockade tariffs accusation accusations"
)
_OPENING_MARKS: Final = frozenset({"“", '"', "‘", "'", "«", "("})
_GAME_SCORE: Final = re.compile(r"\d{1,2}[-–]\d{1,2}")
# In tokens: from a subject to its verb, and from a mention back to a conditional.
MAX_DISTANCE: Final = 30
OPENING_WORDS: Final = 4
_WORDS_AFTER_AGAINST: Final = 4  # "against former president Pryce"
MEASURE_WORDS: Final = 5  # from "lifted" to "sanctions"
# Only the start of a longer sentence, which is a list, is searched for a result: work must not grow with its square.
MAX_SENTENCE_WORDS: Final = 100


def states_fact(tokens: Tokens, sentence: TokenSpan, *, reports_speech: bool) -> bool:
    """Return whether a sentence states a fact: it is neither a question nor the result of a game.

    ``reports_speech`` means that the sentence contains reported speech; a score in it may then be incidental.
    """
    if "?" in tokens.words[max(sentence.start, sentence.end - 3) : sentence.end]:
        return False
    return reports_speech or not any(
        _GAME_SCORE.fullmatch(word)
        for word in tokens.words[sentence.start : min(sentence.end, sentence.start + MAX_SENTENCE_WORDS)]
    )


def possible_stances(
    tokens: Tokens, sentence: TokenSpan, first_mention: TokenSpan, second_mention: TokenSpan
) -> frozenset[StanceLabel]:
    """Return the stances between two mentions that the words of their sentence leave open.

    ``first_mention`` comes before ``second_mention``. The result is empty for a negative subject ("nobody"), a
    condition or a supposition. A negated act between the mentions leaves only the stance of what it turns into.
    """
    first = sentence.start
    while first < first_mention.start and tokens.words[first] in _OPENING_MARKS:
        first += 1
    between, following = (
        TokenSpan(max(first_mention.end, second_mention.start - MAX_DISTANCE), second_mention.start),
        TokenSpan(second_mention.end, sentence.end),
    )
    if (
        is_negative_subject(tokens.lower[first : min(first + OPENING_WORDS, sentence.end)])
        or _is_supposed(tokens, first, first_mention, second_mention)
        or is_conditional(tokens, between, following)
    ):
        return frozenset()
    possible = set(StanceLabel)
    last = min(second_mention.start, first_mention.end + MAX_DISTANCE)
    modifiers: list[ActModifier] = []
    i = first_mention.end
    while i < last:
        word = tokens.lower[i]
        match = match_modifier(tokens, i, last)
        if match:
            modifiers.append(match.modifier)
            i = match.end
            continue
        if word in {",", ";", "but"}:
            modifiers = []
        if word in _ENDING_VERBS and _MEASURES.intersection(tokens.lower[i : min(last, i + MEASURE_WORDS)]):
            possible.discard(StanceLabel.OPPOSE)
        act = _act_at(tokens, i)
        if act is not None and ACT_RECORDS[act].stance is not None and modifiers:
            actual_act = modified_act(act, modifiers, word)
            if actual_act is Act.ASSERT and ACT_RECORDS[act].negation_allows_support:
                possible.discard(StanceLabel.OPPOSE)
            elif actual_act is not act:
                possible &= {ACT_RECORDS[actual_act].stance}
            modifiers = []
        i += 1
    return frozenset(possible) - {_side_on_what_is_against(tokens, first_mention.end, second_mention.start)}


def _side_on_what_is_against(tokens: Tokens, start: int, end: int) -> StanceLabel | None:
    """Return the stance that a verb shows on something "against" the mention at ``end``.

    It is not the stance towards the mention: "criticised the sanctions against | Iran", "praised the campaign against |
    Pryce".
    """
    nearest = range(end - 1, max(start, end - _WORDS_AFTER_AGAINST) - 1, -1)
    against = next((i for i in nearest if tokens.lower[i] == "against"), -1)
    for i in range(max(start, end - MAX_DISTANCE), against):
        stance, particles = polarity.verbs().get(tokens.lower[i], (None, ()))
        after = i + 1 + len(particles)
        if stance is not None and after < against and tuple(tokens.lower[i + 1 : after]) == particles:
            return stance
    return None


def allows_stance(tokens: Tokens, attribution: AttributionRecord, target: TokenSpan, stance: StanceLabel) -> bool:
    """Return whether an attribution leaves open that its speaker takes ``stance`` towards the mention ``target``.

    A negated act shows no stance ("did not accuse"), or the opposite stance ("does not support"). A denied clause
    shows no stance towards the parties in it, but a denied charge is still somebody's charge. Content that begins
    with "unless" threatens the party it names.
    """
    start, end = attribution.content[0]
    if attribution.act_modified and start <= target.start < end:
        return ACT_RECORDS[attribution.act].stance is stance
    if ACT_RECORDS[attribution.act].denies_clauses and start <= target.start < end:
        return not (tokens.lower[start].endswith("ing") or "that" in tokens.lower[start : target.start])
    if tokens.lower[start] == "unless":
        return stance is StanceLabel.OPPOSE
    in_content = start < target.start < end and target.start - start <= MAX_DISTANCE
    return not in_content or stance in possible_stances(
        tokens, TokenSpan(start, end), TokenSpan(start, start + 1), target
    )


def _is_supposed(tokens: Tokens, first: int, first_mention: TokenSpan, second_mention: TokenSpan) -> bool:
    """Return whether the second mention stands in a condition: after "if", or after "Had she ..." at the start."""
    inverted = tokens.lower[first] in _INVERTED_AUXILIARIES and first_mention.start - first <= OPENING_WORDS
    for position in range(second_mention.start - 1, max(first, second_mention.start - MAX_DISTANCE) - 1, -1):
        if tokens.words[position] in {",", ";"}:
            return False
        if tokens.lower[position] in _CONDITIONALS or (position == first and inverted):
            return True
    return False


def is_conditional(tokens: Tokens, predicate: TokenSpan, following: TokenSpan) -> bool:
    """Return whether ``predicate`` depends on an "if" that opens ``following``.

    Example: "would back Marsh | only if he resigned".
    """
    opening = tokens.lower[following.start : min(following.end, following.start + OPENING_WORDS)]
    opening = opening[: opening.index(",")] if "," in opening else opening
    return not _CONDITIONALS.isdisjoint(opening) and not _MODALS.isdisjoint(
        tokens.lower[predicate.start : predicate.end]
    )


def _act_at(tokens: Tokens, i: int) -> Act | None:
    """Return the act of the verb or noun at token ``i``, or None."""
    for entry in lexicon.act_forms().get(tokens.lower[i], ()):
        if tuple(tokens.lower[i + 1 : i + 1 + len(entry.rest)]) == entry.rest:
            return entry.act
    return lexicon.act_nouns().get(tokens.lower[i])
