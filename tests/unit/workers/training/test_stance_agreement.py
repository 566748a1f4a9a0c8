from __future__ import annotations

from typing import Any

from workers.evaluation.whole_articles import Counts
from workers.training.stance_agreement import compare, is_between_parties, is_on_issue, pairs_of_readings

FIRST: dict[str, Any] = {
    "entities": [
        {"id": "E1", "type": "PERSON", "mentions": [[0, 9, "name"]]},
        {"id": "E2", "type": "PERSON", "mentions": [[20, 29, "name"]]},
        {"id": "E3", "type": "ISSUE", "mentions": [[40, 48, "description"]]},
    ],
    "stances": [
        {"holder": "E1", "side": "oppose", "target": "E2"},
        {"holder": "E1", "side": "support", "target": "E3"},
    ],
}
# Other IDs, overlapping mentions, and the other side on the issue.
SECOND: dict[str, Any] = {
    "entities": [
        {"id": "E7", "type": "PERSON", "mentions": [[4, 9, "name"]]},
        {"id": "E8", "type": "ORG", "mentions": [[18, 29, "description"]]},
        {"id": "E9", "type": "ISSUE", "mentions": [[40, 60, "description"]]},
    ],
    "stances": [
        {"holder": "E7", "side": "oppose", "target": "E8"},
        {"holder": "E7", "side": "oppose", "target": "E9"},
    ],
}


def test_parties_are_the_same_if_their_mentions_overlap() -> None:
    assert compare(FIRST, SECOND, is_between_parties) == Counts(1, 1, 1, 1)


def test_the_other_side_does_not_agree() -> None:
    assert compare(FIRST, SECOND, is_on_issue) == Counts(0, 1, 0, 1)


def test_every_further_reading_has_a_first_one() -> None:
    pairs = pairs_of_readings()
    assert all(first["id"] == second["id"] for of_kind in pairs.values() for first, second in of_kind)
    assert len(pairs["dev, two further readers"]) == 60
