"""Measures how soon the jobs hit by a fault run again."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from services.database.engine import Database
from tests.faults import ledger_audit
from tests.faults.deployment import REDELIVERY_BOUND_S, RESTART_BOUND_S, Deployment, suspended, wait_until
from tests.faults.ledger_audit import LedgerAudit
from tests.faults.load import Load, story

_START_TIMEOUT_S = 120  # generous, as the machine may be busy

Check = Callable[[LedgerAudit], None]


def no_check(_audit: LedgerAudit) -> None:
    """Check nothing beyond the audit itself."""


@dataclass
class Recovery:
    """The jobs hit by a fault. They must start again within ``bound_s`` after ``since_ms``, by the ledger's clock.

    A job with fewer than ``min_attempts`` attempts was not hit after all. ``seconds`` is the measured time; None if
    the fault stops nothing. ``check`` makes further assertions about the audit after the fault.
    """

    bound_s: float
    since_ms: int = 0
    jobs: frozenset[UUID] = frozenset()
    min_attempts: int = 1
    seconds: float | None = None
    check: Check = no_check

    def measure(self, database: Database) -> None:
        """Set ``seconds`` to the time until the last of the jobs started again."""
        if self.jobs:
            started = ledger_audit.last_start_ms(database, self.jobs, self.min_attempts)
            self.seconds = max(self.seconds or 0.0, 0.0 if started is None else (started - self.since_ms) / 1000)


def expect_restart(deployment: Deployment, jobs: Iterable[UUID], check: Check = no_check) -> Recovery:
    """Expect killed jobs to run again once their leases have expired."""
    since = ledger_audit.clock_ms(deployment.database)
    return Recovery(RESTART_BOUND_S, since, frozenset(jobs), min_attempts=2, check=check)


def expect_redelivery(deployment: Deployment, jobs: Iterable[UUID]) -> Recovery:
    """Expect the jobs of lost messages to be dispatched again."""
    return Recovery(REDELIVERY_BOUND_S, ledger_audit.clock_ms(deployment.database), frozenset(jobs))


def measure_next_start(deployment: Deployment, recovery: Recovery) -> Recovery:
    """Wait for the next job to start and measure that, for faults that stop all work but may interrupt no job."""
    began, since = time.monotonic(), ledger_audit.clock_ms(deployment.database)
    wait_until(
        lambda: ledger_audit.any_started_since(deployment.database, since), recovery.bound_s + 5, "work continues"
    )
    recovery.seconds = time.monotonic() - began
    return recovery


def measure_new_start(deployment: Deployment, load: Load, recovery: Recovery) -> Recovery:
    """Push another article and measure when the next job starts, for faults that may outlast the whole load."""
    began, since = time.monotonic(), ledger_audit.clock_ms(deployment.database)
    load.push_until_accepted(f"{load.feed}-after", story(load.count))
    wait_until(
        lambda: ledger_audit.any_started_since(deployment.database, since), recovery.bound_s + 5, "work continues"
    )
    recovery.seconds = time.monotonic() - began
    return recovery


@contextlib.contextmanager
def workers_frozen(deployment: Deployment) -> Iterator[dict[UUID, UUID]]:
    """Freeze the worker's children while each runs a message; yield the running jobs with their lease tokens.

    A fault inflicted inside this context hits every child in the middle of an article, without races.
    """
    end = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < end:
        children = deployment.children()
        with suspended(children):
            leases = ledger_audit.running_jobs(deployment.database)
            if len(set(leases.values())) == len(children) == deployment.slots:
                yield leases
                return
        time.sleep(0.02)
    raise AssertionError(f"not every worker process had a message within {_START_TIMEOUT_S} s")


def start_load(deployment: Deployment, load: Load) -> int:
    """Start a load and wait until its articles are being analysed; return the number of unfinished jobs."""
    load.start()
    load.wait_accepted(load.count // 3, _START_TIMEOUT_S)
    wait_until(
        lambda: ledger_audit.count_finished(deployment.database, load.feed) >= load.count // 50,
        _START_TIMEOUT_S,
        "the first articles are analysed",
    )
    return ledger_audit.count_unfinished(deployment.database, load.feed)
