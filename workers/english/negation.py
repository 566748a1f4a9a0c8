"""Words that negate or weaken an act: "did not deny", "refused to rule out", "stopped short of condemning"."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from services.contracts import Act
from services.contracts.acts import ACT_RECORDS
from workers.english.lexicon import verb_forms, word_set
from workers.english.phrases import NEGATIONS, is_adverb

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from workers.doc.tokens import Tokens


class ActModifier(Enum):
    """The effect of a modifier on the act after it."""

    NOT = "the act was not done"
    FAIL = "the act was left undone"
    REFUSE = "the act was refused"
    MAYBE = "the act may be done, or could have been done"


class ModifierMatch(NamedTuple):
    """A modifier, and the token after it."""

    modifier: ActModifier
    end: int


_NOT: Final = word_set("never no hardly barely scarcely rarely seldom without") | NEGATIONS
# Words that cancel the negation before them: "not only accused ..." means that it was done.
_CANCELING: Final = word_set("only just merely simply solely least doubt")
_WILL: Final = word_set("will would won't wouldn't won’t wouldn’t")
_MAY: Final = word_set("may might could")
_HAVE_AND_DO: Final = frozenset({"did", "does", "do", "has", "have", "had"})
# Phrases with underscores between the words. The first word of a verb phrase is inflected.
_FAIL_VERBS: Final = (
    "fail_to stop_short_of fall_short_of refrain_from avoid hesitate_to shy_away_from hold_back_from forget_to "
    "neglect_to help_but"  # "could not help but praise" is a double negation
)
_FAIL_ADJECTIVES: Final = "reluctant_to unwilling_to hesitant_to unable_to loath_to yet_to"
_REFUSE_VERBS: Final = "refuse_to decline_to"
_REFUSE_NOUNS: Final = "refusal_to"
# Verbs of being in favour, whose negation means being against: "does not support", but not "did not praise".
_FAVORING: Final = frozenset(
    form
    for verb in word_set(
        "support back favor favour prefer want agree accept trust like approve tolerate recognise recognize"
    )
    for form in verb_forms(verb).values()
)
# Refusing these only means staying silent.
_DISCLOSING: Final = word_set(
    "address answer be confirm detail disclose discuss elaborate expand give go identify name provide release reveal "
    "share speak specify talk"
)
# First words of a subject that negates its whole sentence.
_NEGATIVE_SUBJECTS: Final = word_set("nobody none neither no nothing few not")
_NEGATIVE_SUBJECT_WORDS: Final = 2
_MAX_MODIFIER_WORDS: Final = 4


def _modifier_phrases() -> dict[str, list[tuple[tuple[str, ...], ActModifier]]]:
    """Map the first word of each modifying phrase to its other words and its modifier."""
    phrases: dict[str, list[tuple[tuple[str, ...], ActModifier]]] = {}
    for text, modifier, are_verbs in (
        (_FAIL_VERBS, ActModifier.FAIL, True),
        (_FAIL_ADJECTIVES, ActModifier.FAIL, False),
        (_REFUSE_VERBS, ActModifier.REFUSE, True),
        (_REFUSE_NOUNS, ActModifier.REFUSE, False),
    ):
        for phrase in text.split():
            first, *rest = phrase.split("_")
            for form in set(verb_forms(first).values()) if are_verbs else {first}:
                phrases.setdefault(form, []).append((tuple(rest), modifier))
    return phrases


_MODIFIER_PHRASES: Final = _modifier_phrases()


def match_modifier(tokens: Tokens, i: int, last: int) -> ModifierMatch | None:
    """Return the modifier that begins at token ``i`` and ends at ``last`` or before, or None."""
    word = tokens.lower[i]
    for rest, modifier in _MODIFIER_PHRASES.get(word, ()):
        end = i + 1 + len(rest)
        if end <= last and tuple(tokens.lower[i + 1 : end]) == rest:
            return ModifierMatch(modifier, end)
    if word in _NOT or word.endswith(("n't", "n’t")):
        if tokens.at(i + 1) in _CANCELING:
            return None
        end = i + 2 if word == "no" and tokens.at(i + 1) == "longer" else i + 1
        will_not = word in _WILL or (word in {"not", "never"} and tokens.at(i - 1) in _WILL)
        return ModifierMatch(ActModifier.REFUSE if will_not else ActModifier.NOT, end)
    if word in _MAY and tokens.words[i] != "May" and not (word == "could" and tokens.at(i + 1) in _NOT):
        return ModifierMatch(ActModifier.MAYBE, i + 1)
    if word == "would" and tokens.at(i + 1) == "have":
        return ModifierMatch(ActModifier.MAYBE, i + 2)
    return None


def modifiers_start(tokens: Tokens, start: int, first: int) -> int:
    """Return where the modifiers directly before token ``start`` begin, at ``first`` or later."""
    while start > first:
        lowest = max(first, start - _MAX_MODIFIER_WORDS)
        modifier = next((k for k in range(start - 1, lowest - 1, -1) if _leads_up_to(tokens, k, start)), None)
        if modifier is None:
            return start
        start = modifier
    return start


def _leads_up_to(tokens: Tokens, i: int, start: int) -> bool:
    """Whether a modifier or an auxiliary at ``i`` reaches up to ``start``, with only adverbs between."""
    match = match_modifier(tokens, i, start)
    if match:
        return all(is_adverb(word) for word in tokens.lower[match.end : start])
    return i == start - 1 and (tokens.lower[i] in _WILL or tokens.lower[i] in _HAVE_AND_DO)


def is_negated(modifiers: Iterable[ActModifier]) -> bool:
    """Whether the words before an act say that it was not done: an odd number of negations and refusals."""
    return sum(modifier is not ActModifier.MAYBE for modifier in modifiers) % 2 == 1


def modified_act(act: Act, modifiers: Sequence[ActModifier], verb: str) -> Act:
    """Return the act that remains of ``act``, expressed by ``verb``, under ``modifiers`` in the order of the text."""
    remaining = list(modifiers)
    for i in range(len(remaining) - 1, 0, -1):  # "did not fail to praise" is praise
        if (
            i < len(remaining)
            and remaining[i] in {ActModifier.FAIL, ActModifier.NOT}
            and remaining[i - 1] in {ActModifier.NOT, ActModifier.REFUSE}
        ):
            del remaining[i - 1 : i + 1]
    for modifier in reversed(remaining):
        act = _modified_once(act, modifier, verb)
    return act


def _modified_once(act: Act, modifier: ActModifier, verb: str) -> Act:
    if modifier is ActModifier.REFUSE and ACT_RECORDS[act].refusal_rejects:
        return Act.REJECT
    if modifier in {ActModifier.NOT, ActModifier.REFUSE} and verb in _FAVORING:
        return Act.REJECT
    return Act.ASSERT


def refused_act(act: Act | None, verb: str, *, declined: bool) -> Act:
    """Return the act expressed by refusing to ``verb``; ``act`` is the act of the verb itself, if it has one.

    Declining can be weaker than refusing: a speaker who declines to endorse somebody stays neutral, one who refuses
    takes a side.
    """
    if act is None:
        return Act.ASSERT if verb in _DISCLOSING else Act.REJECT
    if declined and ACT_RECORDS[act].declining_is_neutral:
        return Act.ASSERT
    return _modified_once(act, ActModifier.REFUSE, verb)


def is_negative_subject(words: Iterable[str]) -> bool:
    """Whether a subject, given as words in lower case, negates its sentence ("none of the ministers").

    "No. 10" is not a negative subject.
    """
    opening = list(words)[:_NEGATIVE_SUBJECT_WORDS]
    return (
        bool(opening)
        and (opening[0] in _NEGATIVE_SUBJECTS or opening == ["no", "one"])
        and not opening[-1][0].isdigit()
    )
