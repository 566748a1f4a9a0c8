"""The memory of a worker process does not grow with articles, nor with new words."""

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
from tests.faults.sampling import Sample

ShowFigures = Callable[[str, list[tuple[str, str]]], None]
ARTICLES = int(os.environ.get("SOAK_ARTICLES", "100000"))
MODEL = os.environ.get("SOAK_MODEL", "rules")
SETTLED = 5_000  # articles after which memory must be flat
_NEVER_RECYCLED = {"STANCEWIRE_WORKER__RECYCLE_MESSAGES": "1000000000"}
_RECYCLED_OFTEN = {"STANCEWIRE_WORKER__RECYCLE_MESSAGES": "100"}  # after about 800 articles


def _deploy_one_process(deploy: Deploy, **settings: str) -> Deployment:
    return deploy("sqlite", replace(AS_IN_PRODUCTION, timeout_s=600), slots="1", **settings)


def test_worker_process_does_not_grow_in_a_short_soak(deploy: Deploy, show_figures: ShowFigures) -> None:
    run = soak.run(_deploy_one_process(deploy, **_NEVER_RECYCLED), "short", 400, every_s=0.2)
    show_figures("soak (short)", run.rows(100))
    assert (run.lost, run.doubled, run.processes()) == (0, 0, 1)
    assert run.growth_mb(100) < 40


@pytest.mark.soak
@pytest.mark.timeout(6 * 3600)
def test_worker_process_does_not_grow_in_a_long_soak(deploy: Deploy, show_figures: ShowFigures) -> None:
    """The long run is one process without recycling; shorter runs show the effects of memory zone and recycling."""
    shorter = max(SETTLED + 1_000, ARTICLES // 5)
    model = {"STANCEWIRE_PIPELINE__MODEL": MODEL}
    deployment = _deploy_one_process(deploy, **model, **_NEVER_RECYCLED)
    normal = soak.run(deployment, "as it is", ARTICLES, every_s=1)
    show_figures("soak", normal.rows(SETTLED))
    deployment = _deploy_one_process(deploy, **model, FAULTS_NO_ZONE="1", **_NEVER_RECYCLED)
    no_zone = soak.run(deployment, "without memory zone", shorter, every_s=1)
    deployment = _deploy_one_process(deploy, **model, FAULTS_NO_ZONE="1", **_RECYCLED_OFTEN)
    recycled = soak.run(deployment, "without it, recycled", shorter, every_s=1)
    show_figures("soak", [*normal.rows(SETTLED), *no_zone.rows(SETTLED), *recycled.rows(SETTLED)])
    lines = {run.name: run.line() for run in (normal, no_zone, recycled)}
    drawn = plot.chart("Memory of one worker process", lines, x_label="articles", y_label="MB")
    Path("docs/soak.svg").write_text(drawn, encoding="utf-8")
    assert normal.growth_mb(SETTLED) < 10
    assert normal.leaks(SETTLED) == {}
    assert normal.processes() == 1
    assert no_zone.growth_mb(SETTLED) > normal.growth_mb(SETTLED)
    assert recycled.processes() > 1


def test_chart_is_well_formed_and_has_every_line() -> None:
    drawn = plot.chart("a & b", {"one": [(0, 1), (10, 2)], "<two>": [(0, 3), (5, 0)]}, x_label="articles", y_label="MB")
    root = ET.fromstring(drawn)  # noqa: S314 -- our own output
    texts = ["".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"a & b", "one", "<two>"} <= set(texts)
    assert len(list(root.iter("{http://www.w3.org/2000/svg}polyline"))) == 3


def test_growth_and_leaks_are_distinguished_from_noise() -> None:
    flat = [Sample("child 0", 1, number, 100 + number % 3, 10, 4, 2) for number in range(1000)]
    rising = [
        Sample("child 0", 1, number, 100 + number / 10, 10 + number // 100 if number < 550 else 19, 4, 2)
        for number in range(1000)
    ]
    assert abs(soak.SoakRun("flat", 1000, flat, 0, 0).growth_mb(100)) <= 1
    assert soak.SoakRun("flat", 1000, flat, 0, 0).leaks(100) == {}
    assert soak.SoakRun("rising", 1000, rising, 0, 0).growth_mb(100) > 50
    assert soak.SoakRun("rising", 1000, rising, 0, 0).leaks(100) == {"files": (15, 19)}
