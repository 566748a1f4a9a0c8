"""`stancewire doctor` on containers whose limits do and do not fit the worker processes."""

from __future__ import annotations

import os

import pytest

from services.container_limits import ContainerLimits
from services.maintenance.diagnostics.container import check_container
from services.maintenance.diagnostics.findings import Level
from services.settings import Settings


@pytest.fixture(autouse=True)
def eight_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: set(range(8)))


def test_more_processes_than_the_quota_are_a_warning_with_the_number_to_set() -> None:
    [finding] = check_container(Settings(worker={"processes": 8}), ContainerLimits(cores=2.0))
    assert finding.level is Level.WARN
    assert "8 worker processes share 2 cores" in finding.said
    assert "STANCEWIRE_WORKER__PROCESSES=2" in finding.fix


def test_memory_for_fewer_processes_is_a_warning_with_the_number_that_fits() -> None:
    [finding] = check_container(Settings(worker={"processes": 4}), ContainerLimits(memory_bytes=800_000_000))
    assert finding.level is Level.WARN
    assert "STANCEWIRE_WORKER__PROCESSES=2" in finding.fix
    [finding] = check_container(Settings(worker={"processes": 1}), ContainerLimits(memory_bytes=200_000_000))
    assert finding.fix == "allow 450 MB"


def test_default_number_follows_the_quota_so_that_nothing_is_wrong() -> None:
    [finding] = check_container(Settings(), ContainerLimits(cores=2.0, memory_bytes=1_000_000_000))
    assert (finding.level, finding.said) == (Level.OK, "2 cores, 1000 MB: room for 2 worker processes")
    [finding] = check_container(Settings(), ContainerLimits())
    assert finding.said == "no limit of processor time, no limit of memory: room for 8 worker processes"
