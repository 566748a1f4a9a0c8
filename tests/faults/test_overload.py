"""Ten times as many articles as can be read: the service refuses in order, keeps what it accepted, and recovers at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.faults import overload
from tests.faults.conftest import Deploy
from tests.faults.deployment import AS_IN_PRODUCTION
from tests.faults.entry import Trigger

Show = Callable[[str, list[tuple[str, str]]], None]
MINUTES = float(os.environ.get("OVERLOAD_MINUTES", "10"))
MODEL = os.environ.get("OVERLOAD_MODEL", "trained")
TIMES = 10
_FEED_LIMIT = 1500


@pytest.mark.overload
def test_a_short_overload(deploy: Deploy, show: Show) -> None:
    """Each article takes a tenth of a second without using the processor, so that the machine can make ten times as many."""
    pace = replace(AS_IN_PRODUCTION, patience_s=60)
    deployment = deploy("sqlite", pace, STANCEWIRE_LIMITS__QUEUED_PER_FEED="10")
    figures = overload.run(deployment, seconds=5, times=TIMES, articles=60, after_s=2, extra=Trigger.STEADY)
    show("overload (short)", figures.rows())
    figures.check(latency_ms=5000, growth_mb=60)


@pytest.mark.overload
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_an_overload_of_minutes(kind: str, deploy: Deploy, show: Show) -> None:
    pace = replace(AS_IN_PRODUCTION, patience_s=3600)
    settings = {"STANCEWIRE_LIMITS__QUEUED_PER_FEED": str(_FEED_LIMIT), "STANCEWIRE_PIPELINE__MODEL": MODEL}
    deployment = deploy(kind, pace, **settings)
    figures = overload.run(deployment, seconds=60 * MINUTES, times=TIMES, articles=300, after_s=20)
    show(f"overload ({kind}, {MODEL})", figures.rows())
    figures.check(latency_ms=1000, growth_mb=40)
