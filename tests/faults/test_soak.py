"""A worker process does not grow: not by articles, not by words it has never seen."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.faults import plot, soak
from tests.faults.conftest import Deploy
from tests.faults.deployment import AS_IN_PRODUCTION, Deployment

Show = Callable[[str, list[tuple[str, str]]], None]
ARTICLES = int(os.environ.get("SOAK_ARTICLES", "100000"))
MODEL = os.environ.get("SOAK_MODEL", "rules")
SETTLED = 5_000
_NEVER = {"STANCEWIRE_WORKER__RECYCLE_MESSAGES": "1000000000"}
_OFTEN = {"STANCEWIRE_WORKER__RECYCLE_MESSAGES": "100"}  # about 800 articles


def _one_process(deploy: Deploy, **settings: str) -> Deployment:
    return deploy("sqlite", replace(AS_IN_PRODUCTION, patience_s=600), slots="1", **settings)


def test_a_short_soak(deploy: Deploy, show: Show) -> None:
    stretch = soak.run(_one_process(deploy, **_NEVER), "short", 400, every_s=0.2)
    show("soak (short)", stretch.rows(100))
    assert (stretch.lost, stretch.doubled, stretch.processes()) == (0, 0, 1)
    assert stretch.growth_mb(100) < 40


@pytest.mark.soak
@pytest.mark.timeout(6 * 3600)
def test_a_worker_process_stays_as_it_is(deploy: Deploy, show: Show) -> None:
    """The long stretch is one process that is never recycled; shorter ones show what the memory zone and recycling do."""
    shorter = max(SETTLED + 1_000, ARTICLES // 5)
    plain = soak.run(_one_process(deploy, STANCEWIRE_PIPELINE__MODEL=MODEL, **_NEVER), "as it is", ARTICLES, every_s=1)
    show("soak", plain.rows(SETTLED))
    without = _one_process(deploy, STANCEWIRE_PIPELINE__MODEL=MODEL, FAULTS_NO_ZONE="1", **_NEVER)
    no_zone = soak.run(without, "without memory zone", shorter, every_s=1)
    recycled = _one_process(deploy, STANCEWIRE_PIPELINE__MODEL=MODEL, FAULTS_NO_ZONE="1", **_OFTEN)
    often = soak.run(recycled, "without it, recycled", shorter, every_s=1)
    show("soak", [*plain.rows(SETTLED), *no_zone.rows(SETTLED), *often.rows(SETTLED)])
    lines = {stretch.name: stretch.line() for stretch in (plain, no_zone, often)}
    drawn = plot.chart("Memory of one worker process", lines, across="articles", up="MB")
    Path("docs/soak.svg").write_text(drawn, encoding="utf-8")
    assert plain.growth_mb(SETTLED) < 10
    assert plain.leaks(SETTLED) == {}
    assert plain.processes() == 1
    assert no_zone.growth_mb(SETTLED) > plain.growth_mb(SETTLED)
    assert often.processes() > 1


def test_a_chart_is_well_formed_and_holds_every_line() -> None:
    drawn = plot.chart("a & b", {"one": [(0, 1), (10, 2)], "<two>": [(0, 3), (5, 0)]}, across="articles", up="MB")
    root = ET.fromstring(drawn)  # noqa: S314 -- of our own making
    said = ["".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"a & b", "one", "<two>"} <= set(said)
    assert len(list(root.iter("{http://www.w3.org/2000/svg}polyline"))) == 3


def test_growth_is_told_from_noise() -> None:
    from tests.faults.sampling import Sample

    flat = [Sample("child 0", 1, place, 100 + place % 3, 10, 4, 2) for place in range(1000)]
    rising = [
        Sample("child 0", 1, place, 100 + place / 10, 10 + place // 100 if place < 550 else 19, 4, 2)
        for place in range(1000)
    ]
    assert abs(soak.Stretch("flat", 1000, flat, 0, 0).growth_mb(100)) <= 1
    assert soak.Stretch("flat", 1000, flat, 0, 0).leaks(100) == {}
    assert soak.Stretch("rising", 1000, rising, 0, 0).growth_mb(100) > 50
    assert soak.Stretch("rising", 1000, rising, 0, 0).leaks(100) == {"files": (15, 19)}
