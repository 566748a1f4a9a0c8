from __future__ import annotations

import pytest
from spacy.language import Language

from workers.evaluation.whole_articles import Counts, interval, score_article, score_entities, score_gap, total
from workers.training.agreement import compare

A, B, C, D = (0, 1), (2, 3), (4, 5), (6, 7)


def test_equal_entities_are_right_by_both_measures() -> None:
    scores = score_entities({A: "x", B: "x", C: "y"}, {A: 1, B: 1, C: 2}, {A: A, B: B, C: C})
    assert [(each.precision, each.recall) for each in scores.values()] == [(1, 1), (1, 1)]


def test_two_entities_taken_for_one_lose_precision_and_keep_recall() -> None:
    gold, predicted = {A: "x", B: "x", C: "y", D: "y"}, dict.fromkeys((A, B, C, D), 1)
    scores = score_entities(gold, predicted, {span: span for span in gold})
    assert (scores["b3"].precision, scores["b3"].recall) == (0.5, 1)
    assert scores["lea"].precision == pytest.approx(2 * 2 / (4 * 3))  # two pairs of links, twice, of twelve
    assert scores["lea"].recall == 1


def test_missed_and_invented_mentions_count() -> None:
    scores = score_entities({A: "x", B: "x"}, {A: 1, D: 1}, {A: A})
    assert (scores["b3"].precision, scores["b3"].recall) == (0.25, 0.25)
    assert scores["lea"].f1 == 0


def test_statement_needs_its_speaker_and_its_bounds(nlp: Language) -> None:
    text = "Mr. Kofi Mensah said the bridge was safe. Mrs. Ama Osei left."
    start, end = text.index("the bridge"), text.index(". Mrs")
    entities = [
        {"id": "E1", "type": "PERSON", "mentions": [[4, 15, "name"]]},
        {"id": "E2", "type": "PERSON", "mentions": [[text.index("Ama"), text.index(" left"), "name"]]},
    ]

    def right(speaker: str | None, last: int) -> float:
        statements = [{"content": [[start, last]], "speaker": speaker}]
        with nlp.memory_zone():
            return score_article({"entities": entities, "statements": statements}, nlp(text))["statements"].right_given

    assert right("E1", end) == 1
    assert right("E2", end) == right(None, end) == right("E1", start + 5) == 0


def test_speaker_without_a_name_is_right_by_the_words_of_the_source(nlp: Language) -> None:
    text = "A clerk said the bridge was safe. Mrs. Ama Osei left."
    start, end = text.index("the bridge"), text.index(". Mrs")
    entities = [
        {"id": "E1", "type": "PERSON", "mentions": [[0, 7, "description"]]},
        {"id": "E2", "type": "PERSON", "mentions": [[0, 7, "description"], [text.index("Ama"), end + 15, "name"]]},
    ]

    def right(speaker: str) -> float:
        row = {"entities": entities, "statements": [{"content": [[start, end]], "speaker": speaker}]}
        with nlp.memory_zone():
            return score_article(row, nlp(text))["statements"].right_given

    assert right("E1") == 1
    assert right("E2") == 0


@pytest.mark.parametrize(("right", "expected"), [("a", (1, 1, 1, 1)), ("b", (0, 1, 0, 1)), (None, (0, 1, 0, 0))])
def test_pronoun_of_gap_is_right_if_its_entity_has_the_name(
    nlp: Language, right: str | None, expected: tuple[int, ...]
) -> None:
    text = "Mr. Kofi Mensah met Mrs. Ama Osei. He left his house."
    row = {"pronoun": [35, 37], "a": [4, 15], "b": [25, 33], "right": right}
    with nlp.memory_zone():
        assert score_gap(row, nlp(text)) == Counts(*expected)


def test_interval_contains_the_measure_and_is_a_point_for_equal_articles() -> None:
    mixed = [Counts(1, 1, 1, 1), Counts(0, 1, 0, 1)] * 10
    low, high = interval(mixed, lambda each: each.f1)
    assert low < total(mixed).f1 < high
    assert interval([Counts(1, 2, 1, 2)] * 5, lambda each: each.f1) == (0.5, 0.5)


def test_agreement_compares_speakers_and_stances_by_aligned_entities() -> None:
    first = {
        "entities": [{"id": "E1", "mentions": [[0, 1, "name"]]}, {"id": "E2", "mentions": [[2, 3, "name"]]}],
        "statements": [{"gold": 0, "speaker": "E1"}, {"gold": 1, "speaker": None}],
        "stances": [{"holder": "E1", "side": "oppose", "target": "E2"}],
    }
    second = {
        "entities": [{"id": "X", "mentions": [[2, 3, "name"]]}, {"id": "Y", "mentions": [[0, 1, "name"]]}],
        "statements": [{"gold": 0, "speaker": "Y"}, {"gold": 1, "speaker": "X"}],
        "stances": [{"holder": "X", "side": "oppose", "target": "Y"}],
    }
    counts = compare(first, second)
    assert counts["mentions"].f1 == counts["b3"].f1 == 1
    assert counts["speakers"].f1 == 0.5
    assert counts["stances"].f1 == 0
