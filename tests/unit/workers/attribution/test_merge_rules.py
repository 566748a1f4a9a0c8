from __future__ import annotations

from services.contracts import Act
from tests.support.growth import assert_linear
from workers.attribution.merge_rules import AttributionIndex, is_confirmed, merge_attributions
from workers.doc.records import AttributionRecord, CueRecord, TokenSpan
from workers.doc.tokens import Tokens

# Two sentences of ten tokens each.
TOKENS = Tokens(["x"] * 20, ["x"] * 20, [0] * 10 + [10] * 10, [10] * 10 + [20] * 10)


def attribution(cue: int, start: int, end: int, score: float = 0.8) -> AttributionRecord:
    cue_record = CueRecord(TokenSpan(cue, cue + 1), cue, cue + 1, "say", Act.ASSERT, "", "past")
    return AttributionRecord("some", None, cue_record, (TokenSpan(start, end),), score=score)


def test_attribution_that_the_model_missed_is_added() -> None:
    from_model, missed = attribution(9, 0, 8), attribution(19, 10, 18)
    assert merge_attributions(TOKENS, [from_model], [missed]) == [from_model, missed]


def test_attribution_of_an_imprecise_rule_is_not_added() -> None:
    assert merge_attributions(TOKENS, [], [attribution(9, 0, 8, score=0.5)]) == []


def test_reading_of_a_cue_by_the_model_is_kept() -> None:
    from_model = attribution(9, 3, 8)
    assert merge_attributions(TOKENS, [from_model], [attribution(9, 0, 8)]) == [from_model]


def test_other_source_of_the_same_words_is_kept() -> None:
    from_model = attribution(8, 0, 7)
    assert merge_attributions(TOKENS, [from_model], [attribution(9, 0, 7)]) == [from_model]


def test_attribution_nested_in_a_content_is_replaced() -> None:
    whole = attribution(9, 0, 8)
    assert merge_attributions(TOKENS, [attribution(2, 3, 8)], [whole]) == [whole]


def test_content_under_a_cue_of_another_sentence_is_replaced() -> None:
    stolen = attribution(9, 10, 18)  # the cue of the first sentence, the words of the second
    first, merge = attribution(9, 0, 8), attribution(19, 10, 18)
    assert merge_attributions(TOKENS, [stolen], [first, merge]) == [merge, first]


def test_confirmation_needs_the_same_cue_and_half_of_the_content() -> None:
    assert is_confirmed(attribution(9, 0, 8), AttributionIndex([attribution(9, 4, 8)]))
    assert not is_confirmed(attribution(9, 0, 8), AttributionIndex([attribution(9, 5, 8)]))
    assert not is_confirmed(attribution(9, 0, 8), AttributionIndex([attribution(8, 0, 8)]))


def test_attribution_whose_cue_is_freed_is_added() -> None:
    """The first is added once the second has replaced the attribution with its cue."""
    wrong, last = attribution(7, 11, 15), attribution(16, 10, 15)
    assert merge_attributions(TOKENS, [wrong], [attribution(7, 0, 6), last]) == [last, attribution(7, 0, 6)]


def test_merging_thousands_takes_linear_time() -> None:
    def merge(number: int) -> None:
        length = 10 * number
        tokens = Tokens(
            ["x"] * length,
            ["x"] * length,
            [start for start in range(0, length, 10) for _ in range(10)],
            [start + 10 for start in range(0, length, 10) for _ in range(10)],
        )
        from_model = [attribution(start + 9, start, start + 8) for start in range(0, length, 20)]
        missed = [attribution(start + 9, start, start + 8) for start in range(10, length, 20)]
        assert len(merge_attributions(tokens, from_model, missed)) == number
        index_of_rules = AttributionIndex(missed)
        assert not any(is_confirmed(model_attribution, index_of_rules) for model_attribution in from_model)

    assert_linear("merging", lambda text: merge(len(text)), lambda size: "x" * size, 8_000)


def blame(end: int, rule: str) -> AttributionRecord:
    """Return an attribution of "he criticised the council on Friday for lying" whose content ends at a token."""
    cue = CueRecord(TokenSpan(1, 2), 1, 2, "criticise", Act.ACCUSE, "n", "past")
    return AttributionRecord(rule, TokenSpan(0, 1), cue, (TokenSpan(2, end),), score=0.64)


def test_reason_for_blame_is_added_to_the_content() -> None:
    words = ["he", "criticised", "the", "council", "on", "Friday", "for", "lying", "."]
    tokens = Tokens(words, [word.lower() for word in words], [0] * 9, [9] * 9)
    (merged,) = merge_attributions(tokens, [blame(4, "model")], [blame(8, "object")])
    assert merged.rule == "model"
    assert merged.content == (TokenSpan(2, 8),)


def test_adverbial_without_a_reason_is_not_added() -> None:
    words = ["he", "criticised", "the", "council", "on", "Friday", "in", "Tema", "."]
    tokens = Tokens(words, [word.lower() for word in words], [0] * 9, [9] * 9)
    (merged,) = merge_attributions(tokens, [blame(4, "model")], [blame(8, "object")])
    assert merged.content == (TokenSpan(2, 4),)
