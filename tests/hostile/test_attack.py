"""A sample of `make attack` on the service of the hostile requests."""

from __future__ import annotations

from tests.attack.__main__ import attack, table
from tests.hostile.service import Service

SAMPLE = 61  # each 61st request; a prime, so that each value meets another parameter every time


def test_sample_of_the_attack_comes_to_nothing(service: Service) -> None:
    statuses, faults = attack(service, every=SAMPLE)
    assert faults == []
    assert set(statuses) >= {"keys", "parameters", "fields", "headers", "methods"}
    assert sum(counts.total() for counts in statuses.values()) > 100
    rows = table(statuses, ["keys: x: y"]).splitlines()
    assert [rows[2].endswith("| 1 |"), rows[3].endswith("| 0 |"), rows[-1].endswith("| 1 |")] == [True, True, True]
