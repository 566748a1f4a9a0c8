from __future__ import annotations

from workers.evaluation.entity_alignment import align_entities


def test_entity_refers_to_the_one_with_which_it_shares_most_mentions() -> None:
    shared = [("a", "E2", False), ("a", "E1", False), ("a", "E1", False), ("b", "E1", False)]
    assert align_entities(shared) == {"a": "E1", "b": "E1"}


def test_shared_name_outweighs_shared_pronouns() -> None:
    assert align_entities([("a", "E1", False), ("a", "E1", False), ("a", "E2", True)]) == {"a": "E2"}


def test_first_of_equal_entities_is_kept() -> None:
    assert align_entities([("a", "E2", True), ("a", "E1", True)]) == {"a": "E2"}
