"""A second opinion on the model's statements: what the rules of English newspapers read off the same text.

The corpus that the model learns from never nests one attribution in another, so that in "The two sides need a
treaty, the minister said" it may hear the two sides and not the minister. Where a rule that is mostly right finds
a statement whose cue the model has left without content, it is taken over, unless the model has heard the same
words in the same sentence from somebody else. On the dev set this is worth half a point of F1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.extraction.records import Statement
    from workers.extraction.tokens import Tokens

# The least precision of a rule that may speak up; that of each is in ``workers.extraction.scores``.
PRECISION: Final = 0.6
HALF: Final = 0.5


def agrees(statement: Statement, others: Sequence[Statement]) -> bool:
    """Whether one of the others has the same cue and half of its content in common with the statement."""
    own = _words(statement)
    return any(_same_cue(statement, other) and len(own & _words(other)) >= HALF * len(own) for other in others)


def seconded(tokens: Tokens, heard: Sequence[Statement], ruled: Sequence[Statement]) -> list[Statement]:
    """Return what the model has ``heard``, with the statements of the rules that it has missed or broken."""
    found = list(heard)
    left = [statement for statement in ruled if statement.cue and statement.score >= PRECISION]
    while left:
        taken = [statement for statement in left if _take(tokens, found, statement)]
        if not taken:
            break
        # One that was taken may have freed the cue of another.
        left = [statement for statement in left if statement not in taken]
    return found


def _take(tokens: Tokens, found: list[Statement], ruled: Statement) -> bool:
    """Take over one statement in place of those that it shows to be broken, if the model has no better one."""
    if any(_same_cue(ruled, other) for other in found) or ruled.cue is None:
        return False
    own = _words(ruled)
    broken = []
    for other in found:
        words = _words(other)
        if len(words & own) < HALF * len(words):
            continue
        nested = other.cue is not None and other.cue.stretch.start in own
        if not nested and (other.cue is None or tokens.first[other.cue.stretch.start] == tokens.first[ruled.cue.verb]):
            return False
        broken.append(other)
    for other in broken:
        found.remove(other)
    found.append(ruled)
    return True


def _same_cue(one: Statement, other: Statement) -> bool:
    return bool(
        one.cue and other.cue and one.cue.stretch.start < other.cue.stretch.end and other.cue.stretch.start < one.cue.stretch.end
    )


def _words(statement: Statement) -> set[int]:
    return {i for start, end in statement.content for i in range(start, end)}
