from __future__ import annotations

from services.contracts import Act
from tests.support.growth import assert_linear
from workers.attribution.merge_rules import AttributionIndex, is_confirmed, merge_attributions
from workers.doc.records import AttributionRecord, CueRecord, TokenSpan
from workers.doc.tokens import Tokens

# Two sentences of ten tokens each.
TOKENS = Tokens(["x"] * 20, ["x"] * 20, [0] * 10 + [10] * 10, [10] * 10 + [20] * 10)


def statement(cue: int, start: int, end: int, score: float = 0.8) -> AttributionRecord:
    made = CueRecord(TokenSpan(cue, cue + 1), cue, cue + 1, "say", Act.ASSERT, "", "past")
    return AttributionRecord("some", None, made, (TokenSpan(start, end),), score=score)


def test_what_the_model_has_missed_is_added() -> None:
    heard, missed = statement(9, 0, 8), statement(19, 10, 18)
    assert merge_attributions(TOKENS, [heard], [missed]) == [heard, missed]


def test_a_rule_that_is_often_wrong_does_not_speak_up() -> None:
    assert merge_attributions(TOKENS, [], [statement(9, 0, 8, score=0.5)]) == []


def test_the_model_s_own_reading_of_a_cue_stays() -> None:
    heard = statement(9, 3, 8)
    assert merge_attributions(TOKENS, [heard], [statement(9, 0, 8)]) == [heard]


def test_another_speaker_of_the_same_sentence_stays() -> None:
    heard = statement(8, 0, 7)
    assert merge_attributions(TOKENS, [heard], [statement(9, 0, 7)]) == [heard]


def test_a_statement_nested_in_what_somebody_says_gives_way() -> None:
    whole = statement(9, 0, 8)
    assert merge_attributions(TOKENS, [statement(2, 3, 8)], [whole]) == [whole]


def test_words_given_to_a_cue_of_another_sentence_come_back_and_free_that_cue() -> None:
    stolen = statement(9, 10, 18)  # the cue of the first sentence, the words of the second
    first, second = statement(9, 0, 8), statement(19, 10, 18)
    assert merge_attributions(TOKENS, [stolen], [first, second]) == [second, first]


def test_a_rule_agrees_on_the_same_cue_and_half_of_the_words() -> None:
    assert is_confirmed(statement(9, 0, 8), AttributionIndex([statement(9, 4, 8)]))
    assert not is_confirmed(statement(9, 0, 8), AttributionIndex([statement(9, 5, 8)]))
    assert not is_confirmed(statement(9, 0, 8), AttributionIndex([statement(8, 0, 8)]))


def test_what_frees_a_cue_is_found_again() -> None:
    """The first is let in once the second has taken away what held its cue."""
    wrong, last = statement(7, 11, 15), statement(16, 10, 15)
    assert merge_attributions(TOKENS, [wrong], [statement(7, 0, 6), last]) == [last, statement(7, 0, 6)]


def test_thousands_take_their_time_and_not_its_square() -> None:
    def second(number: int) -> None:
        length = 10 * number
        tokens = Tokens(
            ["x"] * length,
            ["x"] * length,
            [start for start in range(0, length, 10) for _ in range(10)],
            [start + 10 for start in range(0, length, 10) for _ in range(10)],
        )
        heard = [statement(start + 9, start, start + 8) for start in range(0, length, 20)]
        missed = [statement(start + 9, start, start + 8) for start in range(10, length, 20)]
        assert len(merge_attributions(tokens, heard, missed)) == number
        ruled = AttributionIndex(missed)
        assert not any(is_confirmed(one, ruled) for one in heard)

    assert_linear("seconding", lambda text: second(len(text)), lambda size: "x" * size, 8_000)


def blame(end: int, rule: str) -> AttributionRecord:
    """Make a statement of "he criticised the council on Friday for lying" whose content ends at a token."""
    cue = CueRecord(TokenSpan(1, 2), 1, 2, "criticise", Act.ACCUSE, "n", "past")
    return AttributionRecord(rule, TokenSpan(0, 1), cue, (TokenSpan(2, end),), score=0.64)


def test_the_reason_for_blame_is_added_where_the_model_stops_before_it() -> None:
    words = ["he", "criticised", "the", "council", "on", "Friday", "for", "lying", "."]
    tokens = Tokens(words, [word.lower() for word in words], [0] * 9, [9] * 9)
    (found,) = merge_attributions(tokens, [blame(4, "model")], [blame(8, "object")])
    assert found.rule == "model"
    assert found.content == (TokenSpan(2, 8),)


def test_what_is_no_reason_is_not_added() -> None:
    words = ["he", "criticised", "the", "council", "on", "Friday", "in", "Tema", "."]
    tokens = Tokens(words, [word.lower() for word in words], [0] * 9, [9] * 9)
    (found,) = merge_attributions(tokens, [blame(4, "model")], [blame(8, "object")])
    assert found.content == (TokenSpan(2, 4),)
