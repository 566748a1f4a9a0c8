"""What turns an act into another or into none: "did not deny", "refused to rule out", "stopped short of condemning"."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from services.contracts import Act
from workers.english.lexicon import inflect, listed
from workers.english.phrases import NEGATIONS, is_adverb

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from workers.doc.tokens import Tokens


class Turn(Enum):
    """How the words before an act turn it."""

    NOT = "it is denied that the act was done"
    FAIL = "it was left undone"
    REFUSE = "it was refused"
    MAYBE = "it may be done, or could have been"


class Turned(NamedTuple):
    """A turn, and the token after it."""

    turn: Turn
    end: int


_NOT: Final = listed("never no hardly barely scarcely rarely seldom without") | NEGATIONS
# "Not only accused ...": it was done.
_STILL: Final = listed("only just merely simply solely least doubt")
_WILL: Final = listed("will would won't wouldn't won’t wouldn’t")
_MAY: Final = listed("may might could")
_FAILING: Final = (
    "fail_to stop_short_of fall_short_of refrain_from avoid hesitate_to shy_away_from hold_back_from forget_to neglect_to "
    "help_but"  # "could not help but praise" is twice turned
)
_FELL: Final = {"fall": "fell", "hold": "held", "forget": "forgot"}
_RELUCTANT: Final = "reluctant_to unwilling_to hesitant_to unable_to loath_to yet_to"
_REFUSING: Final = "refuse_to decline_to"
_REFUSAL: Final = "refusal_to"
# What one may be for, so that not to do it is to be against: "does not support", and not "did not praise".
_STANDING: Final = frozenset(
    form
    for verb in listed(
        "support back favor favour prefer want agree accept trust like approve tolerate recognise recognize"
    )
    for form in (verb, *inflect(verb).values())
)
# Refusing these says no more than that one keeps silent.
_SILENT: Final = listed(
    "address answer be confirm detail disclose discuss elaborate expand give go identify name provide release reveal share "
    "speak specify talk"
)
# A subject that makes the whole sentence a negative one.
NOBODY: Final = listed("nobody none neither no nothing few not")
_SUBJECT_WORDS: Final = 2


def _patterns() -> dict[str, list[tuple[tuple[str, ...], Turn]]]:
    found: dict[str, list[tuple[tuple[str, ...], Turn]]] = {}
    for words, turn, verbs in (
        (_FAILING, Turn.FAIL, True),
        (_RELUCTANT, Turn.FAIL, False),
        (_REFUSING, Turn.REFUSE, True),
        (_REFUSAL, Turn.REFUSE, False),
    ):
        for pattern in words.split():
            first, *rest = pattern.split("_")
            forms = {first, *inflect(first).values(), _FELL.get(first, first)} if verbs else {first}
            for form in forms:
                found.setdefault(form, []).append((tuple(rest), turn))
    return found


_PATTERNS: Final = _patterns()
_LONGEST: Final = 4


def turn_at(tokens: Tokens, i: int, last: int) -> Turned | None:
    """Return the turn that begins at token ``i`` and ends before ``last``."""
    word = tokens.lower[i]
    for rest, turn in _PATTERNS.get(word, ()):
        end = i + 1 + len(rest)
        if end <= last and tuple(tokens.lower[i + 1 : end]) == rest:
            return Turned(turn, end)
    if word in _NOT or word.endswith(("n't", "n’t")):
        if tokens.at(i + 1) in _STILL:
            return None
        end = i + 2 if word == "no" and tokens.at(i + 1) == "longer" else i + 1
        refused = word in _WILL or (word in {"not", "never"} and tokens.at(i - 1) in _WILL)
        return Turned(Turn.REFUSE if refused else Turn.NOT, end)
    if word in _MAY and tokens.words[i] != "May" and not (word == "could" and tokens.at(i + 1) in _NOT):
        return Turned(Turn.MAYBE, i + 1)
    if word == "would" and tokens.at(i + 1) == "have":
        return Turned(Turn.MAYBE, i + 2)
    return None


def begins(tokens: Tokens, start: int, first: int) -> int:
    """Return where the turns that lead up to token ``start`` begin, not before ``first``."""
    while start > first:
        before = next(
            (k for k in range(start - 1, max(first, start - _LONGEST) - 1, -1) if _leads(tokens, k, start)), None
        )
        if before is None:
            return start
        start = before
    return start


def _leads(tokens: Tokens, i: int, start: int) -> bool:
    """Whether a turn, an auxiliary or an adverb at ``i`` leads right up to ``start``."""
    found = turn_at(tokens, i, start)
    if found:
        return all(is_adverb(word) for word in tokens.lower[found.end : start])
    return i == start - 1 and (
        tokens.lower[i] in _WILL or tokens.lower[i] in {"did", "does", "do", "has", "have", "had"}
    )


def turned(act: Act, turns: Sequence[Turn], verb: str) -> Act:
    """Return what is left of ``act``, done by ``verb``, after all ``turns``, the one nearest to it last."""
    left = list(turns)
    for i in range(len(left) - 1, 0, -1):  # "did not fail to praise" is praise
        if i < len(left) and left[i] in {Turn.FAIL, Turn.NOT} and left[i - 1] in {Turn.NOT, Turn.REFUSE}:
            del left[i - 1 : i + 1]
    for turn in reversed(left):
        act = _turned(act, turn, verb)
    return act


def _turned(act: Act, turn: Turn, verb: str) -> Act:
    if turn is Turn.REFUSE and act in {Act.PRAISE, Act.PROMISE, Act.PROPOSE}:
        return Act.REJECT
    if turn in {Turn.NOT, Turn.REFUSE} and verb in _STANDING:
        return Act.REJECT
    return Act.ASSERT


def refused(act: Act | None, verb: str, *, declined: bool) -> Act:
    """Return what it is to refuse, or to decline, to do ``verb``, whose act is given if it is one.

    Who declines to endorse somebody keeps out of it, who refuses takes a side.
    """
    if act is not None:
        return Act.ASSERT if declined and act is Act.PRAISE else _turned(act, Turn.REFUSE, verb)
    return Act.ASSERT if verb in _SILENT else Act.REJECT


def is_nobody(words: Iterable[str]) -> bool:
    """Whether a source is nobody ("none of the ministers"), given its words in lower case; "No. 10" is somebody."""
    opening = list(words)[:_SUBJECT_WORDS]
    return bool(opening) and (opening[0] in NOBODY or opening == ["no", "one"]) and not opening[-1][0].isdigit()
