"""Faults caused by an article that kills its process or never ends."""

from __future__ import annotations

import time
from uuid import UUID

import psutil

from services.contracts import JobState
from services.jobs import queries
from tests.faults import ledger_audit
from tests.faults.deployment import Deployment, wait_until
from tests.faults.fault_injection import Trigger
from tests.faults.ledger_audit import LedgerAudit
from tests.faults.load import Load, story
from tests.faults.recovery import Recovery, expect_restart

_MAX_ATTEMPTS = 3
_START_TIMEOUT_S = 120


def kill_its_process(deployment: Deployment, load: Load) -> Recovery:
    """An article among 16 good ones kills its process: it is dead after three attempts; they lose at most one."""
    jobs = load.push_batch(_among_good_articles(load.feed, "poison", story(8, Trigger.KILL)))
    bad_job = jobs.pop(f"{load.feed}-poison")
    interrupted = _wait_running_with(deployment, bad_job)

    def check(audit: LedgerAudit) -> None:
        _assert_dead(deployment, bad_job, "worker_lost")
        assert audit.states == {JobState.SUCCEEDED: load.count - 1, JobState.DEAD: 1}
        assert max(ledger_audit.attempts_by_job(deployment.database, jobs.values()).values()) <= 2

    return expect_restart(deployment, interrupted, check)


def pass_soft_limit(deployment: Deployment, load: Load) -> Recovery:
    """An article runs too long: it is stopped between two components, three times; its process survives."""
    children = {child.pid for child in deployment.children()}
    guid = f"{load.feed}-slow"
    bad_job = load.push_batch({guid: story(7, Trigger.SOFT)})[guid]

    def check(audit: LedgerAudit) -> None:
        _assert_dead(deployment, bad_job, "deadline_exceeded")
        assert audit.states == {JobState.SUCCEEDED: load.count - 1, JobState.DEAD: 1}
        assert audit.attempts == load.count + _MAX_ATTEMPTS - 1
        assert {child.pid for child in deployment.children()} == children

    return Recovery(0, check=check)


def pass_hard_limit(deployment: Deployment, load: Load) -> Recovery:
    """An article hangs in C code, which no exception can interrupt: its process is killed; the others run again."""
    jobs = load.push_batch(_among_good_articles(load.feed, "hung", story(8, Trigger.HARD)))
    bad_job = jobs.pop(f"{load.feed}-hung")
    children = deployment.children()
    interrupted = _wait_running_with(deployment, bad_job)
    wait_until(
        lambda: not all(map(_is_alive, children)),
        2 * deployment.pace.hard_limit_s + 20,
        "the hard limit ends the process",
    )

    def check(audit: LedgerAudit) -> None:
        _assert_dead(deployment, bad_job, "worker_lost")
        assert audit.states == {JobState.SUCCEEDED: load.count - 1, JobState.DEAD: 1}
        assert max(ledger_audit.attempts_by_job(deployment.database, jobs.values()).values()) <= 2

    return expect_restart(deployment, interrupted, check)


def _is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def _among_good_articles(feed: str, name: str, bad_body: str) -> dict[str, str]:
    """Return the bodies of 16 good articles by guid, with a bad one in their middle."""
    good = {f"{feed}-beside-{number}": story(number, "It is the talk of the town.") for number in range(16)}
    first_half = dict(list(good.items())[:8])
    return first_half | {f"{feed}-{name}": bad_body} | good


def _wait_running_with(deployment: Deployment, bad_job: UUID) -> set[UUID]:
    """Wait until a job is running; return the other running jobs of its message."""
    leases: dict[UUID, UUID] = {}
    end = time.monotonic() + _START_TIMEOUT_S
    while bad_job not in leases:
        assert time.monotonic() < end, "the bad article was never started"
        leases = ledger_audit.running_jobs(deployment.database)
    return {job_id for job_id, token in leases.items() if token == leases[bad_job] and job_id != bad_job}


def _assert_dead(deployment: Deployment, job_id: UUID, code: str) -> None:
    record = queries.job(deployment.database, job_id)
    assert (record.state, record.attempts, record.reason_code) == (JobState.DEAD, _MAX_ATTEMPTS, code), record
