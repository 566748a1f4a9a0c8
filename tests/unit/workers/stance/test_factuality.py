"""What leaves no side open. In a text, ``[…]`` are the two mentions; words are parted by spaces."""

from __future__ import annotations

import pytest

from services.contracts import Act, StanceLabel
from workers.doc.records import AttributionRecord, CueRecord, TokenSpan
from workers.doc.tokens import Tokens
from workers.stance import factuality
from workers.stance.verb_between import taken

BOTH, SUPPORT, OPPOSE, NEITHER = "both", "support", "oppose", "neither"


def parsed(marked: str) -> tuple[Tokens, TokenSpan, list[TokenSpan]]:
    words: list[str] = []
    mentions: list[TokenSpan] = []
    for word in marked.split():
        if word.startswith("["):
            mentions.append(TokenSpan(len(words), 0))
        words.append(word.strip("[]"))
        if word.endswith("]"):
            mentions[-1] = TokenSpan(mentions[-1].start, len(words))
    count = len(words)
    tokens = Tokens(words, [word.lower() for word in words], [0] * count, [count] * count)
    return tokens, TokenSpan(0, count), mentions


@pytest.mark.parametrize(
    ("marked", "open_"),
    [
        ("[Osei] criticised [Mensah] .", BOTH),
        ("[Osei] met [Mensah] .", BOTH),
        ("[Osei] did not criticise [Mensah] .", NEITHER),
        ("[Osei] stopped short of criticising [Mensah] .", NEITHER),
        ("[Osei] refused to condemn [Mensah] .", NEITHER),
        ("[Osei] might endorse [Mensah] .", NEITHER),
        ("[Osei] would praise [Mensah] only if he resigned .", NEITHER),
        ("[Osei] praised [Mensah] even if he was late .", BOTH),
        ("[Osei] will sue [Mensah] , if needed or not .", BOTH),
        ("[Osei] did not hesitate to attack [Mensah] .", BOTH),
        # not to be for somebody is to be against them, but who does not disagree may agree
        ("[Osei] does not support [Mensah] .", OPPOSE),
        ("[Osei] could not disagree with [Mensah] .", SUPPORT),
        ("[Osei] did not come , and criticised [Mensah] .", BOTH),
        # nobody
        ("Nobody at [Osei] blamed [Mensah] .", NEITHER),
        ("“ Neither [Osei] nor Adjei backs [Mensah] .", NEITHER),
        # suppositions
        ("If [Osei] attacks [Mensah] , he will lose .", NEITHER),
        ("They asked [Osei] if he blamed [Mensah] .", NEITHER),
        ("Had [Osei] supported [Mensah] , it would have passed .", NEITHER),
        ("Should the bank [Osei] sue [Mensah] , he will win .", NEITHER),
        ("If it rains , [Osei] will blame [Mensah] .", BOTH),
        ("He had left when [Osei] blamed [Mensah] .", BOTH),
        # what ends is not there any more
        ("[Norway] lifted its sanctions against [Chad] .", SUPPORT),
        ("[Norway] imposed sanctions on [Chad] .", BOTH),
    ],
)
def test_the_words_between_leave_these_sides_open(marked: str, open_: str) -> None:
    tokens, sentence, (one, other) = parsed(marked)
    sides = {BOTH: set(StanceLabel), SUPPORT: {StanceLabel.SUPPORT}, OPPOSE: {StanceLabel.OPPOSE}, NEITHER: set()}[
        open_
    ]
    assert factuality.between(tokens, sentence, one, other) == sides


@pytest.mark.parametrize(
    ("text", "told", "happens"),
    [
        ("Does Osei oppose Mensah ?", False, False),
        ("“ Does Osei oppose Mensah ? ”", True, False),
        ("“ Who asked ? ” said Osei of Mensah .", True, True),
        ("Osei beat Mensah 6-0 , 6-1 .", False, False),
        ("Osei said the 3-1 win was all Mensah 's .", True, True),
        ("Osei blames Mensah .", False, True),
    ],
)
def test_questions_and_results_tell_no_side(text: str, *, told: bool, happens: bool) -> None:
    tokens, sentence, _ = parsed(text)
    assert factuality.happens(tokens, sentence, told=told) is happens


@pytest.mark.parametrize(
    ("marked", "act", "turned", "allowed"),
    [
        ("Osei denied that he had criticised [Mensah]", Act.DENY, False, set()),
        ("Osei denied supporting [Mensah]", Act.DENY, False, set()),
        ("Osei denied [Mensah] 's claim that he had lied", Act.DENY, False, set(StanceLabel)),
        ("Osei mentioned [Mensah] in passing", Act.ASSERT, True, set()),
        ("Osei mentioned [Mensah] in passing", Act.REJECT, True, {StanceLabel.OPPOSE}),
        ("Osei mentioned [Mensah] in passing", Act.ASSERT, False, set(StanceLabel)),
        ("Osei said I have never attacked [Mensah]", Act.ASSERT, False, set()),
        ("Osei said unless [Mensah] pays , he will sue", Act.ASSERT, False, {StanceLabel.OPPOSE}),
        ("Osei said if [Mensah] pays , he will sue", Act.ASSERT, False, set()),
    ],
)
def test_a_statement_allows_its_speaker(marked: str, act: Act, *, turned: bool, allowed: set[StanceLabel]) -> None:
    tokens, sentence, (target,) = parsed(marked)
    cue = CueRecord(TokenSpan(1, 2), 1, 2, "", act, "", "past")
    statement = AttributionRecord("model", TokenSpan(0, 1), cue, (TokenSpan(2, sentence.end),), act=act, turned=turned)
    assert {side for side in StanceLabel if factuality.allows(tokens, statement, target, side)} == allowed


@pytest.mark.parametrize(
    ("marked", "side", "backwards"),
    [
        ("[Osei] criticised [Mensah] .", StanceLabel.OPPOSE, False),
        ("[Osei] has publicly endorsed former President [Mensah] .", StanceLabel.SUPPORT, False),
        ("[Osei] lashed out at [Mensah] .", StanceLabel.OPPOSE, False),
        ("[Osei] was endorsed by the [Guild] .", StanceLabel.SUPPORT, True),
        ("[Osei] was endorsed near [Mensah] .", None, False),
        ("[Osei] criticised a friend of [Mensah] .", None, False),
        ("[Osei] did not criticise [Mensah] .", None, False),
        ("[Osei] beat [Mensah] .", None, False),
        ("[Osei] met with [Mensah] .", None, False),
        ("[Osei] of [Mensah] .", None, False),
        ("[Osei] [Mensah]", None, False),
    ],
)
def test_a_verb_right_between_takes_a_side(marked: str, side: StanceLabel | None, *, backwards: bool) -> None:
    tokens, _, (one, other) = parsed(marked)
    found = taken(tokens, one, other)
    assert (found.side if found else None) is side
    assert (found.backwards if found else False) is backwards
