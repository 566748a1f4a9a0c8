from __future__ import annotations

from typing import Any

import pytest

from workers.evaluation.article_stances import ArticleScore, by_threshold, score_triples, shared_mentions

GOLD: dict[str, Any] = {
    "entities": [
        {"id": "E1", "type": "PERSON", "mentions": [[0, 12, "name"], [50, 53, "pronoun"]]},
        {"id": "E2", "type": "PERSON", "mentions": [[21, 31, "name"]]},
        {"id": "E3", "type": "ISSUE", "mentions": [[60, 74, "name"]]},
    ],
    "stances": [
        {"holder": "E1", "side": "oppose", "target": "E2"},
        {"holder": "E1", "side": "support", "target": "E3"},
    ],
}
GIVEN = {"e1": [(0, 12, "name")], "e2": [(16, 31, "name")], "e3": [(60, 74, "name")], "e4": [(80, 84, "name")]}


def test_mentions_that_end_together_are_the_same() -> None:
    gold, given = {"E2": [(21, 31, "name")]}, {"e2": [(16, 31, "name"), (40, 45, "name")]}
    assert list(shared_mentions(gold, given)) == [("e2", "E2", True)]


def test_mention_that_is_a_name_on_one_side_only_is_not_shared_as_a_name() -> None:
    gold, given = {"E1": [(0, 5, "name"), (30, 33, "pronoun")]}, {"a": [(0, 5, "description"), (30, 33, "pronoun")]}
    assert list(shared_mentions(gold, given)) == [("a", "E1", False)] * 2


def test_wrong_side_counts_as_wrong_and_repetition_once() -> None:
    stances = [("e1", "oppose", "e2", 0.9), ("e1", "oppose", "e2", 0.6), ("e1", "support", "e2", 0.7)]
    assert score_triples(GOLD, GIVEN, stances, "named", {"e3"}) == ArticleScore(1, ((0.9, True), (0.7, False)))


def test_named_parties_leave_out_issues_and_the_article_itself_and_issues_the_parties() -> None:
    stances = [("e1", "support", "e3", 0.9), (None, "oppose", "e2", 0.8)]
    assert score_triples(GOLD, GIVEN, stances, "named", {"e3"}) == ArticleScore(1, ())
    assert score_triples(GOLD, GIVEN, stances, "issue", {"e3"}) == ArticleScore(1, ((0.9, True),))


def test_entity_unknown_to_the_gold_makes_a_stance_wrong() -> None:
    assert score_triples(GOLD, GIVEN, [("e1", "oppose", "e4", 0.9)], "named").given == ((0.9, False),)


def test_threshold_buys_precision_with_recall() -> None:
    articles = [ArticleScore(2, ((0.9, True), (0.4, True))), ArticleScore(2, ((0.4, False),))]
    low, high = by_threshold(articles, (0.3, 0.8))
    assert low.precision == pytest.approx(2 / 3)
    assert low.recall == pytest.approx(0.5)
    assert (high.precision, high.recall) == (1.0, 0.25)
    assert low.precision_interval[0] <= low.precision <= low.precision_interval[1]
