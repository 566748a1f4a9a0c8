from __future__ import annotations

import random

import pytest

from services.ingest.expected_waits import expected_waits


def _served_in_turn(queued: dict[str, int], feed: str) -> int:
    """Articles of all feeds that are through when the last one of ``feed`` is, where that feed's turn comes last."""
    left, served = dict(queued), 0
    while left[feed]:
        for other in sorted(left, key=lambda name: name == feed):
            if left[other]:
                left[other] -= 1
                served += 1
    return served


@pytest.mark.parametrize("seed", range(20))
def test_a_feed_waits_for_its_turns(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 -- a test's numbers
    queued = {f"feed-{number}": chance.choice([0, 1, 2, 5, 40, 300]) for number in range(chance.randint(1, 8))}
    expected = {feed: _served_in_turn(queued, feed) / 4 for feed in queued}
    assert expected_waits(queued, per_s=4) == pytest.approx(expected)


def test_a_flood_is_the_flooding_feed_s_own_wait() -> None:
    waits = expected_waits({"flood": 100_000, "quiet": 1}, per_s=10)
    assert waits["flood"] == pytest.approx(10_000.1)
    assert waits["quiet"] == pytest.approx(0.2)


def test_nothing_queued_is_no_wait() -> None:
    assert expected_waits({}, per_s=1) == {}
    assert expected_waits({"a": 0, "b": 7}, per_s=1)["a"] == 0
