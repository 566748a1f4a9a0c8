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
    fake_clock = Clock()
    monkeypatch.setattr(rate_limiter, "time", fake_clock)
    return fake_clock


def test_bucket_empties_and_refills_up_to_the_burst(clock: Clock) -> None:
    limiter = RateLimiter(burst_s=2)
    assert [limiter.take("a", 5) for _ in range(10)] == [0] * 10
    assert limiter.take("a", 5) == pytest.approx(0.2)
    assert limiter.take("b", 5) == 0, "each name has its own bucket"
    clock.now += 0.2
    assert limiter.take("a", 5) == 0
    assert limiter.take("a", 5) == pytest.approx(0.2)
    clock.now += 3600
    assert [limiter.take("a", 5) > 0 for _ in range(11)] == [False] * 10 + [True], "a bucket holds at most the burst"


def test_refusal_takes_no_token(clock: Clock) -> None:
    limiter = RateLimiter(burst_s=1)
    limiter.take("a", 1)
    for _ in range(100):
        assert limiter.take("a", 1) > 0
    clock.now += 1
    assert limiter.take("a", 1) == 0


def test_rate_below_one_per_second_allows_one_at_first(clock: Clock) -> None:
    limiter = RateLimiter(burst_s=1)
    assert limiter.take("a", 0.1) == 0
    assert limiter.take("a", 0.1) == pytest.approx(10)


def test_rate_of_zero_is_unlimited_and_buckets_are_bounded() -> None:
    limiter = RateLimiter(burst_s=1)
    assert not any(limiter.take("a", 0) for _ in range(1000))
    for number in range(20_000):
        limiter.take(str(number), 1)
    assert len(limiter._buckets) <= 10_000


def test_wait_returns_the_time_to_the_next_token_without_taking_it(clock: Clock) -> None:
    limiter = RateLimiter(burst_s=60)
    assert [limiter.wait_s("a", 1 / 30) for _ in range(10)] == [0] * 10
    assert [limiter.take("a", 1 / 30) for _ in range(2)] == [0, 0]
    assert limiter.wait_s("a", 1 / 30) == pytest.approx(30)
    clock.now += 30
    assert limiter.wait_s("a", 1 / 30) == 0
    assert limiter.wait_s("a", 0) == 0
