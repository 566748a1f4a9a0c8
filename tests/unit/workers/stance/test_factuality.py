"""Stances that the words of a sentence leave open. ``[…]`` marks the two mentions; words are separated by spaces."""

from __future__ import annotations

import pytest

from services.contracts import Act, StanceLabel
from workers.doc.records import AttributionRecord, CueRecord, TokenSpan
from workers.doc.tokens import Tokens
from workers.stance import factuality
from workers.stance.verb_between import verb_stance

SUPPORT, OPPOSE = {StanceLabel.SUPPORT}, {StanceLabel.OPPOSE}
BOTH, NEITHER = SUPPORT | OPPOSE, set[StanceLabel]()


def parse_marked(marked: str) -> tuple[Tokens, TokenSpan, list[TokenSpan]]:
    """Return the tokens, the sentence and the mentions of a marked sentence."""
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
    ("marked", "expected"),
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
        # the verb is about what is against the second
        ("[Osei] criticised the sanctions against [Mensah] .", SUPPORT),
        ("[Osei] praised the campaign against former president [Mensah] .", OPPOSE),
        ("[Osei] voted against [Mensah] .", BOTH),
        ("[Osei] filed a lawsuit against [Mensah] .", BOTH),
        # a negated support opposes, but a negated disagreement may be agreement
        ("[Osei] does not support [Mensah] .", OPPOSE),
        ("[Osei] could not disagree with [Mensah] .", SUPPORT),
        ("[Osei] did not come , and criticised [Mensah] .", BOTH),
        # negative subjects
        ("Nobody at [Osei] blamed [Mensah] .", NEITHER),
        ("“ Neither [Osei] nor Adjei backs [Mensah] .", NEITHER),
        # conditions
        ("If [Osei] attacks [Mensah] , he will lose .", NEITHER),
        ("They asked [Osei] if he blamed [Mensah] .", NEITHER),
        ("Had [Osei] supported [Mensah] , it would have passed .", NEITHER),
        ("Should the bank [Osei] sue [Mensah] , he will win .", NEITHER),
        ("If it rains , [Osei] will blame [Mensah] .", BOTH),
        ("He had left when [Osei] blamed [Mensah] .", BOTH),
        # the end of an opposition
        ("[Norway] lifted its sanctions against [Chad] .", SUPPORT),
        ("[Norway] imposed sanctions on [Chad] .", BOTH),
    ],
)
def test_possible_stances_between_two_mentions(marked: str, expected: set[StanceLabel]) -> None:
    tokens, sentence, (first, second) = parse_marked(marked)
    assert factuality.possible_stances(tokens, sentence, first, second) == expected


@pytest.mark.parametrize(
    ("text", "reports_speech", "is_fact"),
    [
        ("Does Osei oppose Mensah ?", False, False),
        ("“ Does Osei oppose Mensah ? ”", True, False),
        ("“ Who asked ? ” said Osei of Mensah .", True, True),
        ("Osei beat Mensah 6-0 , 6-1 .", False, False),
        ("Osei said the 3-1 win was all Mensah 's .", True, True),
        ("Osei blames Mensah .", False, True),
    ],
)
def test_questions_and_game_results_are_not_facts(text: str, *, reports_speech: bool, is_fact: bool) -> None:
    tokens, sentence, _ = parse_marked(text)
    assert factuality.states_fact(tokens, sentence, reports_speech=reports_speech) is is_fact


@pytest.mark.parametrize(
    ("marked", "act", "act_modified", "allowed"),
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
def test_stances_that_an_attribution_leaves_open(
    marked: str, act: Act, *, act_modified: bool, allowed: set[StanceLabel]
) -> None:
    tokens, sentence, (target,) = parse_marked(marked)
    cue = CueRecord(TokenSpan(1, 2), 1, 2, "", act, "", "past")
    attribution = AttributionRecord(
        "model", TokenSpan(0, 1), cue, (TokenSpan(2, sentence.end),), act=act, act_modified=act_modified
    )
    assert {
        stance for stance in StanceLabel if factuality.allows_stance(tokens, attribution, target, stance)
    } == allowed


@pytest.mark.parametrize(
    ("marked", "stance", "by_second"),
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
def test_verb_between_two_mentions_shows_a_stance(marked: str, stance: StanceLabel | None, *, by_second: bool) -> None:
    tokens, _, (first, second) = parse_marked(marked)
    shown = verb_stance(tokens, first, second)
    assert (shown.stance if shown else None) is stance
    assert (shown.by_second if shown else False) is by_second
