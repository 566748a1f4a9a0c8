"""Hosts of a network: the short form of `make hosts`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.deployment import SHORT
from tests.hosts import network, report, scenarios
from tests.hosts.cluster import Cluster
from tests.support.postgres import find_programs

ShowFigures = Callable[[str, list[tuple[str, str]]], None]
PLAN = scenarios.Plan(SHORT, articles=60, spread_s=4, cut_s=4, bound_s=60)
# A host that is cut off in the middle of a transaction holds its locks for four times as long.
SETTINGS = {**SHORT.settings(), "STANCEWIRE_DATABASE__BUSY_TIMEOUT_S": "2"}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    lacking, programs = network.missing(), find_programs()
    if programs is None:
        pytest.skip("PostgreSQL's programs (initdb, postgres) are not installed")
    if lacking:
        pytest.skip(lacking)
    with Cluster(tmp_path, programs, SETTINGS) as started:
        started.start()
        yield started


@pytest.mark.privileged
def test_nothing_is_lost_when_a_host_is_cut_off_and_joined_again(cluster: Cluster, show_figures: ShowFigures) -> None:
    outcome = scenarios.run(cluster, "cut off", PLAN)
    show_figures("a host cut off (short)", report.lines(outcome))
    assert outcome.violations == []
    assert outcome.interrupted > 0
    assert set(outcome.readyz) == {"ok"}
