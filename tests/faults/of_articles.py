"""Faults that come with an article: one that kills its process, and those that never end."""

from __future__ import annotations

import time
from uuid import UUID

import psutil

from services.contracts import JobState
from services.jobs import queries
from tests.faults import ledger_audit
from tests.faults.deployment import Deployment, until
from tests.faults.entry import Trigger
from tests.faults.ledger_audit import Books
from tests.faults.load import Load, story
from tests.faults.recovery import Recovery, again

_ATTEMPTS = 3


def poison(deployment: Deployment, load: Load) -> Recovery:
    """Among 16 good ones: it is dead after three attempts, they lose one attempt at most."""
    pushed = load.add(_among_good_ones(load.feed, {"poison": story(8, Trigger.KILL)}))
    bad = pushed.pop(f"{load.feed}-poison")
    beside = _beside(deployment, bad)

    def check(kept: Books) -> None:
        _is_dead(deployment, bad, "worker_lost")
        assert kept.states == {JobState.SUCCEEDED: load.count - 1, JobState.DEAD: 1}
        assert max(ledger_audit.attempts_of(deployment.database, pushed.values()).values()) <= 2

    return again(deployment, beside, check)


def past_the_soft_limit(deployment: Deployment, load: Load) -> Recovery:
    """It is stopped between two stages, tried three times, and then dead; its process goes on."""
    children = {child.pid for child in deployment.children()}
    slow = load.add({f"{load.feed}-slow": story(7, Trigger.SOFT)})[f"{load.feed}-slow"]

    def check(kept: Books) -> None:
        _is_dead(deployment, slow, "deadline_exceeded")
        assert kept.states == {JobState.SUCCEEDED: load.count - 1, JobState.DEAD: 1}
        assert kept.attempts == load.count + _ATTEMPTS - 1
        assert {child.pid for child in deployment.children()} == children

    return Recovery(0, check=check)


def past_the_hard_limit(deployment: Deployment, load: Load) -> Recovery:
    """It hangs in C, where no exception reaches it: its process is ended, and those beside it run again."""
    pushed = load.add(_among_good_ones(load.feed, {"hung": story(8, Trigger.HARD)}))
    bad = pushed.pop(f"{load.feed}-hung")
    children = deployment.children()
    beside = _beside(deployment, bad)
    until(
        lambda: not all(map(_lives, children)), 2 * deployment.pace.hard_limit_s + 20, "the hard limit ends the process"
    )

    def check(kept: Books) -> None:
        _is_dead(deployment, bad, "worker_lost")
        assert kept.states == {JobState.SUCCEEDED: load.count - 1, JobState.DEAD: 1}
        assert max(ledger_audit.attempts_of(deployment.database, pushed.values()).values()) <= 2

    return again(deployment, beside, check)


def _lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def _among_good_ones(feed: str, bad: dict[str, str]) -> dict[str, str]:
    good = {f"{feed}-beside-{number}": story(number, "It is the talk of the town.") for number in range(16)}
    first = dict(list(good.items())[:8])
    return first | {f"{feed}-{name}": body for name, body in bad.items()} | good


def _beside(deployment: Deployment, bad: UUID) -> set[UUID]:
    """Wait until the bad article is in hand; returns those that are in the same hand and not yet done."""
    held: dict[UUID, UUID] = {}
    end = time.monotonic() + 120
    while bad not in held:
        assert time.monotonic() < end, "the bad article was never begun"
        held = ledger_audit.running(deployment.database)
    return {job_id for job_id, token in held.items() if token == held[bad] and job_id != bad}


def _is_dead(deployment: Deployment, job_id: UUID, code: str) -> None:
    record = queries.job(deployment.database, job_id)
    assert (record.state, record.attempts, record.reason_code) == (JobState.DEAD, _ATTEMPTS, code), record
