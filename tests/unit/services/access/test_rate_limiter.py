from __future__ import annotations

import pytest

from services.access import rate_limiter
from services.access.rate_limiter import RateLimiter


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    ticking = Clock()
    monkeypatch.setattr(rate_limiter, "time", ticking)
    return ticking


def test_a_bucket_empties_and_fills(clock: Clock) -> None:
    limit = RateLimiter(burst_s=2)
    assert [limit.take("a", 5) for _ in range(10)] == [0] * 10
    assert limit.take("a", 5) == pytest.approx(0.2)
    assert limit.take("b", 5) == 0, "each name has its own"
    clock.now += 0.2
    assert limit.take("a", 5) == 0
    assert limit.take("a", 5) == pytest.approx(0.2)
    clock.now += 3600
    assert [limit.take("a", 5) > 0 for _ in range(11)] == [False] * 10 + [True], "no more than the burst gathers"


def test_a_refusal_costs_nothing(clock: Clock) -> None:
    limit = RateLimiter(burst_s=1)
    limit.take("a", 1)
    for _ in range(100):
        assert limit.take("a", 1) > 0
    clock.now += 1
    assert limit.take("a", 1) == 0


def test_less_than_one_a_second_lets_one_through(clock: Clock) -> None:
    limit = RateLimiter(burst_s=1)
    assert limit.take("a", 0.1) == 0
    assert limit.take("a", 0.1) == pytest.approx(10)


def test_no_rate_is_no_limit_and_names_do_not_gather() -> None:
    limit = RateLimiter(burst_s=1)
    assert not any(limit.take("a", 0) for _ in range(1000))
    for number in range(20_000):
        limit.take(str(number), 1)
    assert len(limit._buckets) <= 10_000


def test_wait_tells_when_the_next_token_comes_without_taking_one(clock: Clock) -> None:
    limit = RateLimiter(burst_s=60)
    assert [limit.wait_s("a", 1 / 30) for _ in range(10)] == [0] * 10
    assert [limit.take("a", 1 / 30) for _ in range(2)] == [0, 0]
    assert limit.wait_s("a", 1 / 30) == pytest.approx(30)
    clock.now += 30
    assert limit.wait_s("a", 1 / 30) == 0
    assert limit.wait_s("a", 0) == 0
