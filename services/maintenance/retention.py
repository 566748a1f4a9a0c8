"""Retention: remove old data from a ledger that is in use.

Data is removed kind by kind, in batches. Each batch is a short transaction that also stores its progress, so that an
interrupted run is continued by the next one. One process prunes at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Final

import structlog
from sqlalchemy import Connection, select

from services.database import locks
from services.database.counters import CounterName, increment
from services.database.engine import Database, now_ms
from services.errors import StancewireError, StoreUnavailable
from services.maintenance.retention_steps import KINDS, BatchOutcome, Cutoffs, RetentionKind
from services.settings import Retention

log = structlog.get_logger(__name__)

_LOCK: Final = "prune"
_ATTEMPTS: Final = 5
_DAY_MS: Final = 86_400_000
# The least age of what is removed. The time at which a job finished is written before it is committed, and the walk
# must not pass a job that it cannot see yet.
_SETTLED_MS: Final = 60_000


class PrunedElsewhere(StancewireError):
    """Another process is pruning."""

    code = "pruning_elsewhere"


Pruned = dict[str, int]  # number of rows, removed or to be removed, by the name of their kind


class RetentionRunner:
    """Removes what is older than the settings allow."""

    def __init__(self, database: Database, settings: Retention) -> None:
        """Bind the ledger. Nothing is read yet."""
        self._database = database
        self._settings = settings

    def plan(self) -> Pruned:
        """Count what :meth:`run` would remove now."""
        with self._database.read(long=True) as connection:
            cutoffs = self._cutoffs(connection)
            return {kind.name: kind.count(connection, cutoffs) for kind in KINDS}

    def run(self, stopping: threading.Event, report: Callable[[Pruned], None] | None = None) -> Pruned:
        """Remove old data until all of it is removed or ``stopping`` is set. ``report`` is called after each batch.

        Raises `PrunedElsewhere` and `StoreUnavailable`; batches before that stay committed.
        """
        lock = locks.acquire(self._database, _LOCK)
        if lock is None:
            raise PrunedElsewhere("another process is pruning; its lock expires a minute after its last batch")
        pruned = {kind.name: 0 for kind in KINDS}
        try:
            with self._database.read() as connection:
                cutoffs = self._cutoffs(connection)
            for kind in KINDS:
                more = True
                while more and not stopping.is_set():
                    outcome = self._retry_if_busy(partial(self._remove_batch, lock, kind, cutoffs[kind.name]), stopping)
                    pruned[kind.name] += outcome.rows
                    more = outcome.more
                    if report is not None:
                        report(pruned)
                    if more:
                        stopping.wait(self._settings.pause_s)  # lets other processes write
        finally:
            locks.release(self._database, lock)
        return pruned

    def _remove_batch(self, lock: locks.DatabaseLock, kind: RetentionKind, cutoff: int) -> BatchOutcome:
        with self._database.write() as connection:
            if not locks.extend(connection, lock):
                raise PrunedElsewhere("another process took over, as this one did nothing for a minute")
            outcome = kind.remove(connection, self._database, cutoff, self._settings.batch)
            if outcome.rows:
                increment(connection, self._database, {(CounterName.PRUNED, kind.name): outcome.rows})
            return outcome

    def _retry_if_busy(self, remove_batch: Callable[[], BatchOutcome], stopping: threading.Event) -> BatchOutcome:
        """Repeat a batch while the database is busy. A failed batch has changed nothing."""
        for tries_left in reversed(range(_ATTEMPTS)):
            try:
                return remove_batch()
            except StoreUnavailable:
                if not tries_left or stopping.wait(1):
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _cutoffs(self, connection: Connection) -> Cutoffs:
        now: int = connection.execute(select(now_ms())).scalar_one()

        def days_ago(days: float) -> int:
            return now - max(_SETTLED_MS, int(days * _DAY_MS))

        return {kind.name: days_ago(getattr(self._settings, kind.setting)) for kind in KINDS}


class RetentionThread:
    """Prunes on a schedule, in a thread of a process that also does other work."""

    def __init__(self, database: Database, settings: Retention, stopping: threading.Event) -> None:
        """Create the thread, which ends when ``stopping`` is set.

        With ``every_s`` 0 it is never started.
        """
        self._runner = RetentionRunner(database, settings)
        self._every_s = settings.every_s
        self._stopping = stopping
        self._thread = threading.Thread(target=self._run, name="prune", daemon=True)

    def start(self) -> None:
        """Start with a run at once."""
        if self._every_s:
            self._thread.start()

    def join(self) -> None:
        """Wait for the current batch, once ``stopping`` is set."""
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                pruned = self._runner.run(self._stopping)
                if any(pruned.values()):
                    log.info("pruned", **pruned)
            except PrunedElsewhere:
                pass  # normal with several sweepers
            except StancewireError as error:
                log.warning(
                    "prune_postponed", code=error.code, fault=getattr(error, "fault", None), reason=error.detail
                )
            except Exception:  # an error in pruning must not end the sweeper
                log.exception("prune_defect")
            self._stopping.wait(self._every_s)
