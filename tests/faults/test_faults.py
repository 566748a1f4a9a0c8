"""Every fault under load, then an audit of the ledger: no accepted article is lost, and no result is stored twice."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.faults import ledger_audit, recovery, report, told
from tests.faults.catalogue import FAULTS, SIXTEEN_PER_MESSAGE, Fault
from tests.faults.conftest import Deploy
from tests.faults.deployment import AS_IN_PRODUCTION, SHORT, Deployment
from tests.faults.load import Load

RecordRun = Callable[[report.FaultRun], None]
ARTICLES = int(os.environ.get("FAULTS_ARTICLES", "2000"))


def _short_forms() -> list[pytest.ParameterSet]:
    """Return each fault once, on SQLite and PostgreSQL in turn."""
    databases = [
        fault.short_form_database or fault.databases[number % len(fault.databases)]
        for number, fault in enumerate(FAULTS)
    ]
    return [
        pytest.param(
            fault, kind, id=f"{fault.name}-{kind}", marks=() if fault.in_every_run else pytest.mark.short_faults
        )
        for fault, kind in zip(FAULTS, databases, strict=True)
    ]


def _long_forms() -> list[pytest.ParameterSet]:
    """Return each fault on both databases, and some with the trained model, too."""
    return [
        pytest.param(
            fault, kind, model, id=f"{fault.name}-{kind}-{model}", marks=pytest.mark.faults(fault.name, kind, model)
        )
        for fault in FAULTS
        for kind in fault.databases
        for model in ("rules", "trained")
        if model == "rules" or fault.with_trained_model
    ]


def test_every_fault_leads_to_the_runbook_or_nobody_has_to_learn_of_it() -> None:
    assert [fault.name for fault in FAULTS if bool(fault.sections) is bool(fault.untold)] == []
    assert {f"Stancewire{name}" for fault in FAULTS for name in fault.sections} <= told.RUNBOOK_SECTIONS


@pytest.mark.parametrize(("fault", "kind"), _short_forms())
def test_nothing_is_lost_under_a_short_load(
    fault: Fault, kind: str, shared_deployment: Deploy, record_run: RecordRun
) -> None:
    deployment = shared_deployment(kind, SHORT, linked=fault.linked, **SIXTEEN_PER_MESSAGE)
    _inflict_and_audit(fault, deployment, "short", "rules", record_run)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("fault", "kind", "model"), _long_forms())
def test_nothing_is_lost_as_in_production(
    fault: Fault, kind: str, model: str, deploy: Deploy, record_run: RecordRun
) -> None:
    pace = replace(AS_IN_PRODUCTION, articles=ARTICLES)
    settings = {"STANCEWIRE_PIPELINE__MODEL": model, **fault.settings}
    deployment = deploy(kind, pace, small=fault.name == "disk", linked=fault.linked, **settings)
    _inflict_and_audit(fault, deployment, "long", model, record_run)


def _inflict_and_audit(fault: Fault, deployment: Deployment, pace_name: str, model: str, record_run: RecordRun) -> None:
    pace, began = deployment.pace, time.monotonic()
    load = Load(deployment.url, fault.name, pace.articles, fault.spread_s(pace))
    watch = told.Watch(deployment, fault.sections)
    audit, after, in_flight, passed = ledger_audit.LedgerAudit(lost=-1, doubled=-1), recovery.Recovery(0), -1, False
    try:
        deployment.expects_to_be_told = not fault.untold
        with watch:
            in_flight = recovery.start_load(deployment, load)
            deployment.broken_at = time.monotonic()
            after = fault.inflict(deployment, load)
            ledger_audit.wait_all_final(deployment.database, load, pace.timeout_s)
            audit = ledger_audit.audit_ledger(deployment.database, load)
            after.measure(deployment.database)
            after.check(audit)
            audit.assert_clean(load)
            assert after.seconds is None or after.seconds <= after.bound_s
            deployment.wait_told()
        assert watch.by or fault.untold or not deployment.patience_s, "nothing told of the fault"
        passed = True
    finally:
        load.stop()
        record_run(
            report.FaultRun(
                commit=report.current_commit(),
                pace=pace_name,
                fault=fault.name,
                title=fault.title,
                database=deployment.kind,
                pipeline=model,
                articles=load.count,
                in_flight=in_flight,
                lost=audit.lost,
                doubled=audit.doubled,
                recovery_s=after.seconds,
                bound_s=after.bound_s,
                told_by=watch.by or (f"nobody: {fault.untold}" if fault.untold else ""),
                told_s=watch.seconds,
                states=dict(audit.states),
                attempts=audit.attempts,
                passed=passed,
                seconds=time.monotonic() - began,
            )
        )
