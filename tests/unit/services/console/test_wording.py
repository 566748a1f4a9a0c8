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
    ("seconds", "expected"),
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
def test_duration_is_shown_in_one_or_two_units(seconds: float, expected: str) -> None:
    assert wording.duration(seconds) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.2, "just now"),
        (-5, "just now"),
        (42, "42 s ago"),
        (125, "2 min ago"),
        (7_500, "2 h ago"),
        (200_000, "2 d ago"),
    ],
)
def test_age_is_shown_in_one_unit(seconds: float, expected: str) -> None:
    assert wording.ago(NOW - timedelta(seconds=seconds), NOW) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(0, "0"), (3.25, "3.2"), (3.0, "3"), (12.4, "12"), (1234567, "1\u202f234\u202f567")]
)
def test_numbers_are_grouped_and_small_ones_have_a_decimal(value: float, expected: str) -> None:
    assert wording.number(value) == expected


@pytest.mark.parametrize(("value", "expected"), [(0, "0 %"), (0.944, "94 %"), (0.999, "99 %"), (1, "100 %")])
def test_probability_below_one_is_never_100_percent(value: float, expected: str) -> None:
    assert wording.percent(value) == expected


def test_every_enum_value_has_a_label() -> None:
    assert set(wording.STATES) == set(wording.STATE_MEANING) == set(JobState)
    assert set(wording.ACTS) == set(Act)
    assert set(wording.KINDS) == set(Kind)
    assert set(wording.ENTITY_TYPES) == set(EntityType)
    assert set(StanceLabel) <= set(wording.STANCES)


def test_signs_of_states_and_stances_are_distinct() -> None:
    for signs in (wording.STATES, wording.STANCES):
        assert len({sign for sign, _ in signs.values()}) == len(signs)


def test_every_audit_action_has_a_label() -> None:
    code = "\n".join(file.read_text() for file in Path(services.__file__).parent.rglob("*.py"))
    actions = re.findall(r'(?:\brecord|_lock_and_audit)\([^"]*"([a-z]+\.[a-z]+)"', code)
    assert set(actions) == set(wording.AUDIT_ACTIONS)
