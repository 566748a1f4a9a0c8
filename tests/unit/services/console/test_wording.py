from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import services
from services.console import wording
from services.contracts import Act, EntityType, JobState, Kind, StanceLabel

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (185, "3 min 5 s"),
        (700, "11 min"),
        (7_500, "2 h 5 min"),
        (400_000, "4 d 15 h"),
    ],
)
def test_spans_of_time(seconds: float, said: str) -> None:
    assert wording.span(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "just now"),
        (-5, "just now"),
        (42, "42 s ago"),
        (125, "2 min ago"),
        (7_500, "2 h ago"),
        (200_000, "2 d ago"),
    ],
)
def test_how_long_ago(seconds: float, said: str) -> None:
    assert wording.ago(NOW - timedelta(seconds=seconds), NOW) == said


@pytest.mark.parametrize(
    ("value", "said"), [(0, "0"), (3.25, "3.2"), (3.0, "3"), (12.4, "12"), (1234567, "1\u202f234\u202f567")]
)
def test_numbers(value: float, said: str) -> None:
    assert wording.number(value) == said


@pytest.mark.parametrize(("value", "said"), [(0, "0 %"), (0.944, "94 %"), (0.999, "99 %"), (1, "100 %")])
def test_a_probability_is_100_only_when_it_is(value: float, said: str) -> None:
    assert wording.percent(value) == said


def test_every_value_of_a_contract_has_its_words() -> None:
    assert set(wording.STATES) == set(wording.STATE_MEANING) == set(JobState)
    assert set(wording.ACTS) == set(Act)
    assert set(wording.KINDS) == set(Kind)
    assert set(wording.TYPES) == set(EntityType)
    assert set(StanceLabel) <= set(wording.STANCES)


def test_no_two_states_or_sides_share_a_sign() -> None:
    for signs in (wording.STATES, wording.STANCES):
        assert len({sign for sign, _ in signs.values()}) == len(signs)


def test_every_act_that_is_noted_has_its_words() -> None:
    code = "\n".join(file.read_text() for file in Path(services.__file__).parent.rglob("*.py"))
    noted = re.findall(r'(?:\brecord|_state)\([^"]*"([a-z]+\.[a-z]+)"', code)
    assert set(noted) == set(wording.ACTIONS)
