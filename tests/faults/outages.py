"""Faults that last for a while and end: each is a context in which something is broken."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from services.contracts import JobState
from tests.faults.deployment import RESTART_BOUND_S, Deployment
from tests.faults.ledger_audit import LedgerAudit
from tests.faults.load import Load
from tests.faults.recovery import Recovery, expect_restart, measure_next_start, workers_frozen

Broken = Callable[[Deployment], contextlib.AbstractContextManager[None]]
Inflict = Callable[[Deployment, Load], Recovery]


def assert_none_dead(audit: LedgerAudit) -> None:
    """The articles were good, so what is wrong elsewhere must not cost them their attempts."""
    assert audit.states[JobState.DEAD] == 0, audit


def outage(broken: Broken) -> Inflict:
    """Break something that stops all work; measure when work goes on after the repair."""

    def inflict(deployment: Deployment, _load: Load) -> Recovery:
        with workers_frozen(deployment) as interrupted:
            pass  # the fault meets workers in the middle of an article
        _sleep_while(deployment, broken)
        return measure_next_start(deployment, expect_restart(deployment, interrupted, assert_none_dead))

    return inflict


def disturbance(broken: Broken) -> Inflict:
    """Break something without which work goes on, if slowly."""

    def inflict(deployment: Deployment, _load: Load) -> Recovery:
        _sleep_while(deployment, broken)
        return Recovery(RESTART_BOUND_S, check=assert_none_dead)

    return inflict


def _sleep_while(deployment: Deployment, broken: Broken) -> None:
    deployment.broken_at = time.monotonic()
    with broken(deployment):
        time.sleep(deployment.pace.outage_s)
        deployment.wait_told()
