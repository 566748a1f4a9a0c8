"""What is asked, supposed, denied, left undone or undone is no stance, whatever its words would say otherwise.

The model reads "did not criticise" and "if she attacks him" well, and not always; where the words of a sentence say
plainly that nothing of the kind happened, they are believed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from services.contracts import Act, StanceLabel
from workers.doc.records import TokenSpan
from workers.english import lexicon
from workers.english.lexicon import listed
from workers.english.negation import Turn, is_nobody, turn_at, turned

if TYPE_CHECKING:
    from workers.doc.records import AttributionRecord
    from workers.doc.tokens import Tokens

SIDES: Final = {
    Act.ACCUSE: StanceLabel.OPPOSE,
    Act.REJECT: StanceLabel.OPPOSE,
    Act.THREATEN: StanceLabel.OPPOSE,
    Act.PRAISE: StanceLabel.SUPPORT,
}
_IF: Final = listed("if unless whether")
_WOULD: Final = listed("would might could may will")
_INVERTED: Final = listed("had should were")  # "Had she supported him, ..."
_UNDOING: Final = listed(
    "lift lifted lifts lifting drop dropped drops dropping withdraw withdrew withdrawn ease eased end ended"
)
_MEASURES: Final = listed(
    "sanctions charges complaint lawsuit suit ban embargo blockade tariffs accusation accusations"
)
_MARKS: Final = frozenset({"“", '"', "‘", "'", "«", "("})
_SCORE: Final = re.compile(r"\d{1,2}[-–]\d{1,2}")
# No verb is looked for farther from its subject, nor a subject farther from an "if" that inverts it.
REACH: Final = 30
OPENING: Final = 4
MEASURE: Final = 5
# In longer sentences, which are lists, no result is looked for: the work must not grow with their square.
LONG: Final = 100


def happens(tokens: Tokens, sentence: TokenSpan, *, told: bool) -> bool:
    """Whether a sentence tells something that was so: it is no question, and no result of a game.

    ``told`` says that the sentence holds somebody's words; then a score in it may be beside the point.
    """
    if "?" in tokens.words[max(sentence.start, sentence.end - 3) : sentence.end]:
        return False
    return told or not any(
        _SCORE.fullmatch(word) for word in tokens.words[sentence.start : min(sentence.end, sentence.start + LONG)]
    )


def between(tokens: Tokens, sentence: TokenSpan, one: TokenSpan, other: TokenSpan) -> frozenset[StanceLabel]:
    """Return the sides that the words of a sentence leave open between two mentions, of which ``one`` comes first."""
    first = sentence.start
    while first < one.start and tokens.words[first] in _MARKS:
        first += 1
    on_the_way, after = TokenSpan(max(one.end, other.start - REACH), other.start), TokenSpan(other.end, sentence.end)
    if (
        is_nobody(tokens.lower[first : min(first + OPENING, sentence.end)])
        or _supposed(tokens, first, one, other)
        or conditional(tokens, on_the_way, after)
    ):
        return frozenset()
    left = set(StanceLabel)
    last = min(other.start, one.end + REACH)
    turns: list[Turn] = []
    i = one.end
    while i < last:
        word = tokens.lower[i]
        found = turn_at(tokens, i, last)
        if found:
            turns.append(found.turn)
            i = found.end
            continue
        if word in {",", ";", "but"}:
            turns = []
        if word in _UNDOING and _MEASURES.intersection(tokens.lower[i : min(last, i + MEASURE)]):
            left.discard(StanceLabel.OPPOSE)
        act = _act(tokens, i)
        if act in SIDES and turns:
            now = turned(act, turns, word)
            if now is Act.ASSERT and act is Act.REJECT:  # who does not disagree may agree
                left.discard(StanceLabel.OPPOSE)
            elif now is not act:
                left.intersection_update({SIDES[now]} if now in SIDES else ())
            turns = []
        i += 1
    return frozenset(left)


def allows(tokens: Tokens, statement: AttributionRecord, target: TokenSpan, side: StanceLabel) -> bool:
    """Whether a statement leaves it open that its speaker takes ``side`` on what is mentioned in it at ``target``.

    One that says what was not done takes no side ("did not accuse"), or the other one ("does not support"); who denies
    a clause says nothing of those in it, though a denied charge is still somebody's charge. What begins with "unless" threatens
    the one that it names.
    """
    start, end = statement.content[0]
    if statement.turned and start <= target.start < end:
        return SIDES.get(statement.act) is side
    if statement.act is Act.DENY and start <= target.start < end:
        return not (tokens.lower[start].endswith("ing") or "that" in tokens.lower[start : target.start])
    if tokens.lower[start] == "unless":
        return side is StanceLabel.OPPOSE
    inside = start < target.start < end and target.start - start <= REACH
    return not inside or side in between(tokens, TokenSpan(start, end), TokenSpan(start, start + 1), target)


def _supposed(tokens: Tokens, first: int, one: TokenSpan, other: TokenSpan) -> bool:
    inverted = tokens.lower[first] in _INVERTED and one.start - first <= OPENING
    for k in range(other.start - 1, max(first, other.start - REACH) - 1, -1):
        if tokens.words[k] in {",", ";"}:
            return False
        if tokens.lower[k] in _IF or (k == first and inverted):
            return True
    return False


def conditional(tokens: Tokens, done: TokenSpan, after: TokenSpan) -> bool:
    """Whether what is done in one stretch hangs on an "if" that opens the next: "would back Marsh only if he resigned"."""
    opening = tokens.lower[after.start : min(after.end, after.start + OPENING)]
    opening = opening[: opening.index(",")] if "," in opening else opening
    return not _IF.isdisjoint(opening) and not _WOULD.isdisjoint(tokens.lower[done.start : done.end])


def _act(tokens: Tokens, i: int) -> Act | None:
    for entry in lexicon.acts().get(tokens.lower[i], ()):
        if tuple(tokens.lower[i + 1 : i + 1 + len(entry.rest)]) == entry.rest:
            return entry.act
    return lexicon.act_nouns().get(tokens.lower[i])
