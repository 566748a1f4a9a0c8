from __future__ import annotations

import random

import pytest

from services.ingest.expected_waits import expected_waits


def _simulate_turns(queued: dict[str, int], feed: str) -> int:
    """Return how many articles are served until ``feed`` has none left, if it has the last turn of each round."""
    remaining, served = dict(queued), 0
    while remaining[feed]:
        for name in sorted(remaining, key=lambda name: name == feed):
            if remaining[name]:
                remaining[name] -= 1
                served += 1
    return served


@pytest.mark.parametrize("seed", range(20))
def test_waits_match_a_simulation_of_the_turns(seed: int) -> None:
    generator = random.Random(seed)  # noqa: S311 -- not for security
    queued = {f"feed-{number}": generator.choice([0, 1, 2, 5, 40, 300]) for number in range(generator.randint(1, 8))}
    expected = {feed: _simulate_turns(queued, feed) / 4 for feed in queued}
    assert expected_waits(queued, per_s=4) == pytest.approx(expected)


def test_flood_delays_only_the_flooding_feed() -> None:
    waits = expected_waits({"flood": 100_000, "quiet": 1}, per_s=10)
    assert waits["flood"] == pytest.approx(10_000.1)
    assert waits["quiet"] == pytest.approx(0.2)


def test_feed_without_queued_articles_has_no_wait() -> None:
    assert expected_waits({}, per_s=1) == {}
    assert expected_waits({"a": 0, "b": 7}, per_s=1)["a"] == 0
