from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from workers.evaluation.analysis import analyse, calibration_table, error_of, quotations
from workers.evaluation.dev_sets import Evaluated, intervals, scored
from workers.evaluation.scoring import Count, DocumentScore
from workers.training.model_card import Card, figures_table, render

TEXT = "“It stays,” Ama Osei promised. Kofi Mensah doubted that it could."


def at(part: str) -> list[int]:
    return [TEXT.index(part), TEXT.index(part) + len(part)]


def said(source: str, cue: str, content: str) -> dict[str, Any]:
    return {"source": [at(source)], "cue": [at(cue)], "content": [at(content)], "score": 0.9}


PROMISED = said("Ama Osei", "promised", "“It stays,”")
DOUBTED = said("Kofi Mensah", "doubted", "that it could")


def evaluated() -> Evaluated:
    return scored(
        "attributions",
        [{"id": "x", "publisher": "The Anvil", "text": TEXT, "attributions": [PROMISED, DOUBTED]}] * 2,
        [{"attributions": [PROMISED]}, {"attributions": [PROMISED, DOUBTED]}],
    )


def test_attributions_are_counted_by_publisher_and_kind_and_missed_cues_named() -> None:
    publishers, kinds, outcomes, _ = analyse(evaluated())
    assert publishers.rows == [("The Anvil", "2", "4", "0.857", "0.857", "0.857", "0.857")]
    assert [row[:3] for row in kinds.rows] == [
        ("direct", "2", "2"),
        ("indirect", "2", "1"),
        ("with a source", "4", "3"),
    ]
    assert [row[:2] for row in outcomes.rows] == [("right", "3"), ("missed", "1"), ("spurious", "0")]
    twice = scored("attributions", evaluated().rows, [{"attributions": [PROMISED]}] * 2)
    assert analyse(twice)[3].rows == [("doubted", "2")]


@pytest.mark.parametrize(
    ("found", "error"),
    [
        ([], "missed"),
        ([({1}, {2}, {3}), ({9}, {8}, {7})], "content with other bounds"),
        ([({9}, {2}, {3, 4, 5}), ({1}, {8}, {7})], "source linked wrongly"),
        ([(set(), {2}, {3, 4, 5})], "source not found"),
        ([({1}, {2}, {3, 4, 5})], "merged with another"),
    ],
)
def test_an_error_is_named_by_the_closest_answer(found: list[tuple[set[int], ...]], error: str) -> None:
    assert (
        error_of([frozenset({1}), frozenset({2}), frozenset({3, 4, 5})], [tuple(map(frozenset, one)) for one in found])
        == error
    )


def test_a_quotation_left_open_ends_with_its_paragraph() -> None:
    assert quotations('“a\nb "c" “d') == [(0, 3), (5, 8), (9, 11)]


def test_entities_are_confused_by_type_bounds_and_absence() -> None:
    text = "Osei Bank Accra Volta"
    gold = [{"start": 0, "end": 9, "label": "Organization"}, {"start": 10, "end": 15, "label": "Location"}]
    found = [
        {"start": 0, "end": 4, "label": "Person"},
        {"start": 10, "end": 15, "label": "Person"},
        {"start": 16, "end": 21, "label": "Person"},
    ]
    regions, confusion = analyse(
        scored("entities", [{"region": "af", "text": text, "entities": gold}], [{"entities": found}])
    )
    assert regions.rows == [("af", "1", "0.000", "0.000", "0.000", "0.000")]
    assert confusion.head == ("", "Location", "Organization", "Person", "other bounds", "missed")
    assert confusion.rows == [
        ("Location", "0", "0", "1", "0", "0"),
        ("Organization", "0", "0", "0", "1", "0"),
        ("Person", "0", "0", "0", "0", "0"),
        ("spurious", "0", "0", "1", "0", "0"),
    ]


def test_coreference_goes_by_the_genre_of_the_id() -> None:
    row = {"id": "GUM_news_bridge", "text": "He left.", "mentions": []}
    assert analyse(scored("coreference", [row], [{"mentions": []}]))[0].rows[0][:3] == ("news", "1", "0")


def test_a_resample_takes_rows_of_one_text_together() -> None:
    right, wrong = (DocumentScore({"none": Count(one, 1, 1)}) for one in (1, 0))
    apart = intervals("target_sentiment", [right, wrong] * 20, [str(number) for number in range(40)])
    assert 0.3 < apart["accuracy"].low < 0.45
    assert 0.55 < apart["accuracy"].high < 0.7
    together = intervals("target_sentiment", [right, wrong] * 20, [str(number // 2) for number in range(40)])
    assert together["accuracy"] == (0.5, 0.5)


def test_the_card_holds_recipe_figures_calibration_and_errors() -> None:
    one = evaluated()
    card = render(Card("tiny-1", 23.4, {"epochs": 7}, {"entities": 0.0123}, "make eval CORPORA=…", "2026-11-24", [one]))
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
    assert figures_table(one).markdown() in card
    assert "| 0.87 to 0.93 | 3 | 0.900 | 1.000 |" in calibration_table(one).markdown()
    assert len(calibration_table(one).rows) == 1  # empty bins are left out
    assert calibration_table(one).markdown() in card


def test_evaluation_needs_no_pytorch() -> None:
    check = "import sys; sys.modules['torch'] = None; import workers.training.evaluate"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0
