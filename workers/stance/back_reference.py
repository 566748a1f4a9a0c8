"""Whose offer "the offer" is: who rejects or welcomes what the sentence does not say stands towards who said it before."""

from __future__ import annotations

from typing import Final

from services.contracts import Act
from workers.doc.records import AttributionRecord
from workers.doc.tokens import Tokens
from workers.english.lexicon import listed

# What somebody has said or put forward, named without saying whose it is.
_WORDS: Final = listed(
    "offer offers proposal proposals plan idea suggestion suggestions demand demands conditions terms ultimatum request requests "
    "appeal claim claims charge charges accusation accusations allegation allegations remark remarks comment comments statement "
    "statements call calls threat threats criticism assertion assertions invitation"
)
_POINTING: Final = listed("the that this these those such")
_MADE: Final = frozenset({Act.ASSERT, Act.DEMAND, Act.PROPOSE, Act.PROMISE, Act.THREATEN, Act.ACCUSE, Act.ASK})
# Sentences back beyond which another may have spoken.
BACK: Final = 2
NEAR: Final = 12  # statements
LONGEST: Final = 3  # words: "the latest offer"


def speaker(tokens: Tokens, statements: list[AttributionRecord], index: int) -> int | None:
    """Return who said before what statement ``index`` points to ("dismissed the offer"), or nothing if it says what."""
    content = statements[index].content[0]
    named = tokens.lower[content.start : content.end]
    while named and not named[-1][0].isalnum():
        named = named[:-1]
    if not 0 < len(named) <= LONGEST or named[0] not in _POINTING or named[-1] not in _WORDS:
        return None
    holder = statements[index].speaker
    at = _begin(statements[index])
    # Statements stand in the order of the text; so few are looked at that the work stays linear.
    for one in reversed(statements[max(0, index - NEAR) : index]):
        if not one.content or one.act not in _MADE or _begin(one) >= at:
            continue
        if _sentences(tokens, _begin(one), at) > BACK:
            return None
        if one.speaker is not None and one.speaker != holder:
            return one.speaker
    return None


def _begin(statement: AttributionRecord) -> int:
    return min(part.start for part in (*statement.content, *([statement.cue.span] if statement.cue else [])))


def _sentences(tokens: Tokens, start: int, end: int) -> int:
    """Count the sentences that begin between two tokens."""
    count, at = 0, tokens.last[start]
    while at <= end and count <= BACK:
        count += 1
        at = tokens.last[at] if tokens.last[at] > at else at + 1
    return count
