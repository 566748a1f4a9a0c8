from __future__ import annotations

import pytest

from services.api.body_budget import BodyBudget
from services.errors import Refused
from services.settings import Limits

LIMITS = Limits(body_bytes=10, batch_bytes=10, held_bytes=25, held_bytes_per_key=15)


def test_bytes_are_given_back_with_the_answer() -> None:
    budget = BodyBudget(LIMITS)
    with budget.body("a") as first, budget.body("b") as second:
        first.grow(10)
        second.grow(10)
        assert budget.total == 20
    assert budget.total == 0


def test_sender_over_its_share_is_refused_with_429_and_others_are_not() -> None:
    budget = BodyBudget(LIMITS)
    with budget.body("a") as first, budget.body("a") as second, budget.body("b") as other:
        first.grow(10)
        with pytest.raises(Refused, match="more than 15 bytes") as raised:
            second.grow(6)
        assert (raised.value.status, raised.value.code) == (429, "key_bodies_too_large")
        assert raised.value.retry_after > 0
        second.grow(5)
        other.grow(10)


def test_all_senders_together_are_refused_with_503_until_one_is_answered() -> None:
    budget = BodyBudget(LIMITS)
    with budget.body("a") as first:
        first.grow(15)
        with budget.body("b") as second:
            second.grow(10)
            with budget.body("c") as third:
                with pytest.raises(Refused) as raised:
                    third.grow(1)
                assert (raised.value.status, raised.value.code) == (503, "bodies_too_large")
        with budget.body("c") as later:
            later.grow(10)


def test_limits_that_no_batch_can_meet_are_refused() -> None:
    with pytest.raises(ValueError, match="held_bytes_per_key"):
        Limits(batch_bytes=10, body_bytes=10, held_bytes_per_key=9)
