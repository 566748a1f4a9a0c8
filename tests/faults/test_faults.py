"""Nothing accepted is lost, nothing is stored twice, whatever is killed. Every fault under load; then the books are balanced."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.faults import ledger_audit, recovery, report
from tests.faults.catalogue import FAULTS, SIXTEEN, Fault
from tests.faults.conftest import Deploy
from tests.faults.deployment import AS_IN_PRODUCTION, SHORT, Deployment
from tests.faults.load import Load

AddLine = Callable[[report.Line], None]
ARTICLES = int(os.environ.get("FAULTS_ARTICLES", "2000"))


def _short_forms() -> list[pytest.ParameterSet]:
    """Each fault once, on one database and the other in turn."""
    chosen = [
        (fault, fault.short or fault.databases[place % len(fault.databases)]) for place, fault in enumerate(FAULTS)
    ]
    return [pytest.param(fault, kind, id=f"{fault.name}-{kind}") for fault, kind in chosen]


def _long_forms() -> list[pytest.ParameterSet]:
    """Each fault on both databases, and some with the trained model as well."""
    return [
        pytest.param(
            fault, kind, model, id=f"{fault.name}-{kind}-{model}", marks=pytest.mark.faults(fault.name, kind, model)
        )
        for fault in FAULTS
        for kind in fault.databases
        for model in ("rules", "trained")
        if model == "rules" or fault.trained
    ]


@pytest.mark.parametrize(("fault", "kind"), _short_forms())
def test_a_fault_under_a_short_load(fault: Fault, kind: str, shared: Deploy, add_line: AddLine) -> None:
    _try(fault, shared(kind, SHORT, **SIXTEEN), "short", "rules", add_line)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("fault", "kind", "model"), _long_forms())
def test_a_fault_as_in_production(fault: Fault, kind: str, model: str, deploy: Deploy, add_line: AddLine) -> None:
    pace = replace(AS_IN_PRODUCTION, articles=ARTICLES)
    settings = {"STANCEWIRE_PIPELINE__MODEL": model, **fault.settings}
    _try(fault, deploy(kind, pace, small=fault.name == "disk", **settings), "long", model, add_line)


def _try(fault: Fault, deployment: Deployment, pace_name: str, model: str, add_line: AddLine) -> None:
    pace, began = deployment.pace, time.monotonic()
    load = Load(deployment.url, fault.name, pace.articles, fault.spread_s(pace))
    kept, after, in_flight, passed = ledger_audit.Books(lost=-1, doubled=-1), recovery.Recovery(0), -1, False
    try:
        in_flight = recovery.begin(deployment, load)
        after = fault.inflict(deployment, load)
        ledger_audit.wait_all_final(deployment.database, load, pace.patience_s)
        kept = ledger_audit.balance(deployment.database, load)
        after.measure(deployment.database)
        after.check(kept)
        kept.check(load)
        assert after.seconds is None or after.seconds <= after.bound_s
        passed = True
    finally:
        load.stop()
        add_line(
            report.Line(
                commit=report.commit(),
                pace=pace_name,
                fault=fault.name,
                shown_as=fault.shown_as,
                database=deployment.kind,
                pipeline=model,
                articles=load.count,
                in_flight=in_flight,
                lost=kept.lost,
                doubled=kept.doubled,
                recovery_s=after.seconds,
                bound_s=after.bound_s,
                states=dict(kept.states),
                attempts=kept.attempts,
                passed=passed,
                seconds=time.monotonic() - began,
            )
        )
