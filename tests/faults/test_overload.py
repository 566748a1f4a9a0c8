"""Ten times as many articles as can be read: the service refuses in order, keeps what it accepted, and recovers at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from services.settings import Worker
from tests.faults import overload
from tests.faults.conftest import Deploy
from tests.faults.deployment import AS_IN_PRODUCTION
from tests.faults.entry import Trigger

Show = Callable[[str, list[tuple[str, str]]], None]
MINUTES = float(os.environ.get("OVERLOAD_MINUTES", "10"))
MODEL = os.environ.get("OVERLOAD_MODEL", "trained")
TIMES = 10
WAIT_S = 45  # so long may an article wait here, that the limit is reached within the first minute
_FIRST_LIMIT = 20  # articles of the first feed, which is to meet its own limit


@pytest.mark.overload
def test_a_short_overload(deploy: Deploy, show: Show) -> None:
    """Each article takes a tenth of a second without using the processor, so that the machine can make ten times as many."""
    pace = replace(AS_IN_PRODUCTION, patience_s=60)
    deployment = deploy("sqlite", pace, STANCEWIRE_LIMITS__QUEUED_PER_FEED="15")
    figures = overload.run(deployment, seconds=8, times=TIMES, articles=80, after_s=2, extra=Trigger.STEADY)
    show("overload (short)", figures.rows())
    figures.check(times=TIMES, latency_ms=5000, growth_mb=60)


@pytest.mark.overload
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_an_overload_of_minutes(kind: str, deploy: Deploy, show: Show) -> None:
    pace = replace(AS_IN_PRODUCTION, patience_s=3600)
    settings = {"STANCEWIRE_LIMITS__WAIT_S": str(WAIT_S), "STANCEWIRE_PIPELINE__MODEL": MODEL}
    settings["STANCEWIRE_WORKER__NICENESS"] = str(Worker().niceness)  # that accepting goes before reading is part of it
    deployment = deploy(kind, pace, **settings)
    figures = overload.run(
        deployment, seconds=60 * MINUTES, times=TIMES, articles=300, after_s=20, first_limit=_FIRST_LIMIT
    )
    show(f"overload ({kind}, {MODEL})", figures.rows())
    figures.check(times=TIMES, latency_ms=1000, growth_mb=40)
