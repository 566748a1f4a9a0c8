from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.long_poll import requested_wait_s


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("wait=5", 5),
        ("WAIT=5", 5),
        ('wait="5"', 5),
        (" wait = 5 ", 5),
        ("respond-async, wait=5", 5),
        ("wait=5, respond-async", 5),
        ("respond-async;wait=5;foo=bar", 5),
        ("wait=0", 0),
        ("wait=999999", 30),
        ("wait=3, wait=7", 3),  # RFC 7240, section 2: the first counts
    ],
)
def test_requested_wait_is_granted_up_to_the_limit(prefer: str, seconds: float) -> None:
    assert requested_wait_s(prefer, 30) == seconds


@pytest.mark.parametrize(
    "prefer",
    [
        None,
        "",
        "wait",
        "wait=",
        "wait=-5",
        "wait=1.5",
        "wait=5s",
        "await=5",
        "waiting=5",
        "x wait=5",
        "wait=1 2",
        "wait=1e3",
    ],
)
def test_invalid_preference_is_ignored(prefer: str | None) -> None:
    assert requested_wait_s(prefer, 30) == 0


@given(st.text(), st.floats(min_value=0.1, max_value=60))
def test_wait_never_exceeds_the_limit(prefer: str, limit: float) -> None:
    assert 0 <= requested_wait_s(prefer, limit) <= limit


@given(
    st.integers(min_value=0, max_value=999_999),
    st.sampled_from(["", "return=minimal, ", "a;b,"]),
    st.sampled_from(["", ", c", ";d=e"]),
)
def test_wait_is_read_among_other_preferences(seconds: int, before: str, after: str) -> None:
    assert requested_wait_s(f"{before}wait={seconds}{after}", 1_000_000) == seconds
