from __future__ import annotations

from typing import Any

import pytest

from workers.evaluation.analysis import analyse, calibration_table, error_kind, quotations
from workers.evaluation.dev_sets import Evaluation, bootstrap_intervals, evaluate_predictions
from workers.evaluation.metrics import Count, DocumentScore
from workers.training.model_card import Card, metrics_table, render

TEXT = "“It stays,” Ama Osei promised. Kofi Mensah doubted that it could."


def span_of(part: str) -> list[int]:
    return [TEXT.index(part), TEXT.index(part) + len(part)]


def attribution(source: str, cue: str, content: str) -> dict[str, Any]:
    return {"source": [span_of(source)], "cue": [span_of(cue)], "content": [span_of(content)], "score": 0.9}


PROMISED = attribution("Ama Osei", "promised", "“It stays,”")
DOUBTED = attribution("Kofi Mensah", "doubted", "that it could")


def evaluation() -> Evaluation:
    return evaluate_predictions(
        "attributions",
        [{"id": "x", "publisher": "The Anvil", "text": TEXT, "attributions": [PROMISED, DOUBTED]}] * 2,
        [{"attributions": [PROMISED]}, {"attributions": [PROMISED, DOUBTED]}],
    )


def test_attributions_are_counted_by_publisher_and_kind_and_missed_cues_are_listed() -> None:
    publishers, kinds, outcomes, _ = analyse(evaluation())
    assert publishers.rows == [("The Anvil", "2", "4", "0.857", "0.857", "0.857", "0.857")]
    assert [row[:3] for row in kinds.rows] == [
        ("direct", "2", "2"),
        ("indirect", "2", "1"),
        ("with a source", "4", "3"),
    ]
    assert [row[:2] for row in outcomes.rows] == [("right", "3"), ("missed", "1"), ("spurious", "0")]
    missed_twice = evaluate_predictions("attributions", evaluation().rows, [{"attributions": [PROMISED]}] * 2)
    assert analyse(missed_twice)[3].rows == [("doubted", "2")]


@pytest.mark.parametrize(
    ("predicted", "error"),
    [
        ([], "missed"),
        ([({1}, {2}, {3}), ({9}, {8}, {7})], "content with other bounds"),
        ([({9}, {2}, {3, 4, 5}), ({1}, {8}, {7})], "source linked wrongly"),
        ([(set(), {2}, {3, 4, 5})], "source not found"),
        ([({1}, {2}, {3, 4, 5})], "merged with another"),
    ],
)
def test_error_kind_is_judged_by_the_closest_prediction(predicted: list[tuple[set[int], ...]], error: str) -> None:
    gold = [frozenset({1}), frozenset({2}), frozenset({3, 4, 5})]
    assert error_kind(gold, [tuple(frozenset(words) for words in roles) for roles in predicted]) == error


def test_quotation_without_closing_mark_ends_with_its_paragraph() -> None:
    assert quotations('“a\nb "c" “d') == [(0, 3), (5, 8), (9, 11)]


def test_entity_table_counts_wrong_types_other_bounds_and_missed_entities() -> None:
    text = "Osei Bank Accra Volta"
    gold = [{"start": 0, "end": 9, "label": "Organization"}, {"start": 10, "end": 15, "label": "Location"}]
    predicted = [
        {"start": 0, "end": 4, "label": "Person"},
        {"start": 10, "end": 15, "label": "Person"},
        {"start": 16, "end": 21, "label": "Person"},
    ]
    regions, confusion = analyse(
        evaluate_predictions("entities", [{"region": "af", "text": text, "entities": gold}], [{"entities": predicted}])
    )
    assert regions.rows == [("af", "1", "0.000", "0.000", "0.000", "0.000")]
    assert confusion.head == ("", "Location", "Organization", "Person", "other bounds", "missed")
    assert confusion.rows == [
        ("Location", "0", "0", "1", "0", "0"),
        ("Organization", "0", "0", "0", "1", "0"),
        ("Person", "0", "0", "0", "0", "0"),
        ("spurious", "0", "0", "1", "0", "0"),
    ]


def test_coreference_is_grouped_by_the_genre_in_the_id() -> None:
    row = {"id": "GUM_news_bridge", "text": "He left.", "mentions": []}
    (table,) = analyse(evaluate_predictions("coreference", [row], [{"mentions": []}]))
    assert table.rows[0][:3] == ("news", "1", "0")


def test_bootstrap_draws_rows_of_one_text_together() -> None:
    correct, wrong = (DocumentScore({"none": Count(number, 1, 1)}) for number in (1, 0))
    apart = bootstrap_intervals("target_sentiment", [correct, wrong] * 20, [str(number) for number in range(40)])
    assert 0.3 < apart["accuracy"].low < 0.45
    assert 0.55 < apart["accuracy"].high < 0.7
    together = bootstrap_intervals(
        "target_sentiment", [correct, wrong] * 20, [str(number // 2) for number in range(40)]
    )
    assert together["accuracy"] == (0.5, 0.5)


def test_card_has_recipe_metrics_calibration_and_errors() -> None:
    result = evaluation()
    folds = {"entities": 0.0123}
    card = render(Card("tiny-1", 23.4, {"epochs": 7}, folds, "make eval CORPORA=…", "2026-11-24", [result]))
    assert card.startswith("# Model card: tiny-1\n")
    for part in (
        "23.4 MB",
        "| epochs | 7 |",
        "2026-11-24, by `make eval CORPORA=…`",
        "PolNeAR",
        "entities 0.0123",
        "| The Anvil | 2 | 4 |",
    ):
        assert part in card
    assert metrics_table(result).markdown() in card
    assert "| 0.87 to 0.93 | 3 | 0.900 | 1.000 |" in calibration_table(result).markdown()
    assert len(calibration_table(result).rows) == 1  # empty bins are left out
    assert calibration_table(result).markdown() in card
