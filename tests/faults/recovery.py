"""What a fault hit, and how soon that runs again."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from services.database.engine import Database
from tests.faults import ledger_audit
from tests.faults.deployment import AGAIN_S, FOUND_S, Deployment, until
from tests.faults.ledger_audit import Books
from tests.faults.load import Load

_CATCH_S = 120  # a machine may be busy with other things


@dataclass
class Recovery:
    """``jobs`` were hit and have to begin again within ``bound_s`` of ``since_ms`` (the ledger's clock).

    A job that was tried less than ``least_attempts`` times was not hit after all. ``seconds`` is what was measured already.
    """

    bound_s: float
    since_ms: int = 0
    jobs: frozenset[UUID] = frozenset()
    least_attempts: int = 1
    seconds: float | None = None
    check: Callable[[Books], None] = lambda _books: None

    def measure(self, database: Database) -> float | None:
        """Seconds until the last of the jobs began again; None where the fault stops nothing."""
        if self.jobs:
            last = ledger_audit.last_start_ms(database, self.jobs, self.least_attempts)
            self.seconds = max(self.seconds or 0.0, 0.0 if last is None else (last - self.since_ms) / 1000)
        return self.seconds


def again(
    deployment: Deployment, jobs: Iterable[UUID], check: Callable[[Books], None] = lambda _books: None
) -> Recovery:
    """Killed work: has to run again once its lease has ended."""
    since = ledger_audit.clock_ms(deployment.database)
    return Recovery(AGAIN_S, since, frozenset(jobs), least_attempts=2, check=check)


def found(deployment: Deployment, jobs: Iterable[UUID]) -> Recovery:
    """Lost messages: have to be missed, and their jobs to run."""
    return Recovery(FOUND_S, ledger_audit.clock_ms(deployment.database), frozenset(jobs))


def after_work_goes_on(deployment: Deployment, recovery: Recovery) -> Recovery:
    """Measure until the next job begins, for faults that stop all work and may leave nothing to be done again."""
    began, since = time.monotonic(), ledger_audit.clock_ms(deployment.database)
    until(lambda: ledger_audit.begun_since(deployment.database, since), recovery.bound_s + 5, "work goes on")
    recovery.seconds = time.monotonic() - began
    return recovery


@contextlib.contextmanager
def caught(deployment: Deployment) -> Iterator[dict[UUID, UUID]]:
    """The worker's children frozen while each holds a message; yields the jobs in their hands, with their leases.

    Whatever is done then is done in the middle of an article, with no need to hit the moment.
    """
    end = time.monotonic() + _CATCH_S
    while time.monotonic() < end:
        children = deployment.children()
        with deployment.frozen(children):
            held = ledger_audit.running(deployment.database)
            if len(set(held.values())) == len(children) == deployment.slots:
                yield held
                return
        time.sleep(0.02)
    raise AssertionError(f"the workers did not all hold a message within {_CATCH_S} s")


def begin(deployment: Deployment, load: Load) -> int:
    """Wait until the load runs well; returns how many articles are in flight."""
    load.start()
    load.wait_taken(load.count // 3, _CATCH_S)
    until(lambda: ledger_audit.finished(deployment.database, load.feed) >= load.count // 50, _CATCH_S, "the load runs")
    return ledger_audit.unfinished(deployment.database, load.feed)
