"""Ten times the capacity: the service refuses properly, keeps what it accepted, and recovers quickly."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from services.settings import Worker
from tests.faults import overload
from tests.faults.conftest import Deploy
from tests.faults.deployment import AS_IN_PRODUCTION
from tests.faults.fault_injection import Trigger

ShowFigures = Callable[[str, list[tuple[str, str]]], None]
MINUTES = float(os.environ.get("OVERLOAD_MINUTES", "10"))
MODEL = os.environ.get("OVERLOAD_MODEL", "trained")
FACTOR = 10  # the offered rate as a multiple of the capacity
WAIT_S = 45  # longest wait of an article, so short that the limit is reached within the first minute
_FIRST_LIMIT = 20  # queued articles of the first feed, so that it reaches its own limit


@pytest.mark.overload
def test_service_recovers_from_a_short_overload(deploy: Deploy, show_figures: ShowFigures) -> None:
    """Each article sleeps for a tenth of a second, which leaves the processor time for ten times as many pushes."""
    pace = replace(AS_IN_PRODUCTION, timeout_s=60)
    deployment = deploy("sqlite", pace, STANCEWIRE_LIMITS__QUEUED_PER_FEED="15")
    result = overload.run(deployment, seconds=8, factor=FACTOR, articles=80, after_s=2, extra=Trigger.STEADY)
    show_figures("overload (short)", result.rows())
    result.assert_within(factor=FACTOR, latency_ms=5000, growth_mb=60)


@pytest.mark.overload
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_service_recovers_from_an_overload_of_minutes(kind: str, deploy: Deploy, show_figures: ShowFigures) -> None:
    pace = replace(AS_IN_PRODUCTION, timeout_s=3600)
    settings = {"STANCEWIRE_LIMITS__WAIT_S": str(WAIT_S), "STANCEWIRE_PIPELINE__MODEL": MODEL}
    settings["STANCEWIRE_WORKER__NICENESS"] = str(Worker().niceness)  # intake has priority over analysis
    deployment = deploy(kind, pace, **settings)
    result = overload.run(
        deployment, seconds=60 * MINUTES, factor=FACTOR, articles=300, after_s=20, first_limit=_FIRST_LIMIT
    )
    show_figures(f"overload ({kind}, {MODEL})", result.rows())
    result.assert_within(factor=FACTOR, latency_ms=1000, growth_mb=40)
