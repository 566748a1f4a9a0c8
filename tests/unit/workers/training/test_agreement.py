from __future__ import annotations

from typing import Any

import pytest

from workers.training.agreement import REREAD_ARTICLES, measure, reread_ids
from workers.training.annotated_articles import SECOND_FILE, read_annotations


def _reading(name: str, *stances: tuple[str, str, str]) -> dict[str, Any]:
    entities = [
        {"id": "E1", "type": "PERSON", "mentions": [[0, 4, "name"]]},
        {"id": "E2", "type": "ORG", "mentions": [[10, 16, "name"]]},
    ]
    rows = [{"holder": holder, "side": side, "target": target} for holder, side, target in stances]
    return {"id": name, "entities": entities, "statements": [{"gold": 0, "speaker": "E1"}], "stances": rows}


def test_reread_articles_are_of_the_gold_and_have_no_other_reading() -> None:
    ids = reread_ids()
    assert len(set(ids)) == REREAD_ARTICLES
    assert set(ids) <= {row["id"] for row in read_annotations()}
    assert not set(ids) & {row["id"] for row in read_annotations(SECOND_FILE)}


def test_measure_compares_readings_of_the_same_article_only() -> None:
    firsts = [_reading("a", ("E1", "oppose", "E2")), _reading("b"), _reading("c", ("E1", "support", "E2"))]
    seconds = [_reading("c", ("E1", "support", "E2"), ("E2", "oppose", "E1")), _reading("a", ("E1", "oppose", "E2"))]
    results = measure(firsts, seconds)
    assert results["stances"][0] == pytest.approx(0.8)  # two of two wanted, two of three given
    assert results["mentions"][0] == 1.0
    assert results["speakers"][0] == 1.0


def test_measure_refuses_a_second_reading_without_a_first() -> None:
    with pytest.raises(KeyError):
        measure([_reading("a")], [_reading("b")])
