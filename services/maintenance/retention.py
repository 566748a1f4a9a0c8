"""Retention: what is no longer kept, and how a ledger is relieved of it while others work on it.

Each step goes in batches, each a short transaction, and writes down how far it came, so that a run that is broken off loses
nothing and the next one goes on. One process prunes at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from functools import partial
from typing import Final

import structlog
from sqlalchemy import Connection, select

from services.database import locks
from services.database.counters import CounterName, increment
from services.database.engine import Database, now_ms
from services.errors import StancewireError, StoreUnavailable
from services.maintenance import retention_steps
from services.maintenance.retention_steps import Cutoffs
from services.settings import Retention

log = structlog.get_logger(__name__)

_TURN: Final = "prune"
_TRIES: Final = 5
_DAY_MS: Final = 86_400_000
_SETTLED_MS: Final = (
    60_000  # a job's end is written before it is committed: the walk must not pass one that it cannot see yet
)


class PrunedElsewhere(StancewireError):
    """Another process prunes at this moment."""

    code = "pruning_elsewhere"


@dataclass(slots=True)
class Pruned:
    """How much went, or would go, by kind."""

    bodies: int = 0
    superseded: int = 0
    results: int = 0
    articles: int = 0
    keys: int = 0
    erased: int = 0

    def total(self) -> int:
        """All of it."""
        return sum(asdict(self).values())

    def kinds(self) -> Iterator[tuple[str, int]]:
        """Each kind and its number."""
        return ((field.name, getattr(self, field.name)) for field in fields(self))


_Batch = Callable[[Connection, Database, Cutoffs, int], retention_steps.Done]
_BATCHES: Final[tuple[tuple[str, _Batch], ...]] = (
    ("bodies", retention_steps.bodies),
    ("superseded", retention_steps.superseded),
    ("results", retention_steps.results_by_age),
    ("articles", retention_steps.old_articles),
    ("keys", retention_steps.keys),
    ("erased", retention_steps.tombstones),
)


class RetentionRunner:
    """Prunes a ledger by the ages in the settings."""

    def __init__(self, database: Database, settings: Retention) -> None:
        """Bind the ledger; nothing is read yet."""
        self._database = database
        self._settings = settings

    def plan(self) -> Pruned:
        """What :meth:`run` would remove now; changes nothing."""
        with self._database.read() as connection:
            cutoffs = self._cutoffs(connection)
            return Pruned(**{kind: count(connection, cutoffs) for kind, count in retention_steps.COUNTS.items()})

    def run(self, stopping: threading.Event, report: Callable[[Pruned], None] | None = None) -> Pruned:
        """Remove what is old enough, until all is done or ``stopping`` is set; ``report`` hears of each batch.

        Raises :class:`PrunedElsewhere` and StoreUnavailable; what was done by then stays done.
        """
        turn = locks.acquire(self._database, _TURN)
        if turn is None:
            raise PrunedElsewhere("another process prunes now; it holds its turn for a minute after its last step")
        pruned = Pruned()
        try:
            with self._database.read() as connection:
                cutoffs = self._cutoffs(connection)
            for kind, batch in _BATCHES:
                more = True
                while more and not stopping.is_set():
                    done = self._patiently(partial(self._batch, turn, kind, batch, cutoffs), stopping)
                    setattr(pruned, kind, getattr(pruned, kind) + done.rows)
                    more = done.more
                    if report is not None:
                        report(pruned)
                    if more:
                        stopping.wait(self._settings.pause_s)  # others may write
        finally:
            locks.release(self._database, turn)
        return pruned

    def _batch(self, turn: locks.DatabaseLock, kind: str, batch: _Batch, cutoffs: Cutoffs) -> retention_steps.Done:
        with self._database.write() as connection:
            if not locks.extend(connection, turn):
                raise PrunedElsewhere("another process took over, because this one did not stir for a minute")
            done = batch(connection, self._database, cutoffs, self._settings.batch)
            if done.rows:
                increment(connection, self._database, {(CounterName.PRUNED, kind): done.rows})
            return done

    def _patiently(self, act: Callable[[], retention_steps.Done], stopping: threading.Event) -> retention_steps.Done:
        """Give way to a database that is busy: pruning can wait, and a batch that failed has changed nothing."""
        for left in reversed(range(_TRIES)):
            try:
                return act()
            except StoreUnavailable:
                if not left or stopping.wait(1):
                    raise
        raise AssertionError("unreachable: the last try returns or raises")

    def _cutoffs(self, connection: Connection) -> Cutoffs:
        now: int = connection.execute(select(now_ms())).scalar_one()

        def ago(days: float) -> int:
            return now - max(_SETTLED_MS, int(days * _DAY_MS))

        kept = self._settings
        return Cutoffs(
            bodies=ago(kept.bodies_days),
            superseded=ago(kept.superseded_days),
            results=ago(kept.results_days),
            articles=ago(kept.articles_days),
            keys=ago(kept.keys_days),
        )


class RetentionThread:
    """Prunes on a schedule, beside whatever else its process does."""

    def __init__(self, database: Database, settings: Retention, stopping: threading.Event) -> None:
        """Prepare the thread; it ends when ``stopping`` is set. ``every_s`` of 0 means that nothing is pruned by itself."""
        self._pruner = RetentionRunner(database, settings)
        self._every_s = settings.every_s
        self._stopping = stopping
        self._thread = threading.Thread(target=self._run, name="prune", daemon=True)

    def start(self) -> None:
        """Begin with a run at once."""
        if self._every_s:
            self._thread.start()

    def join(self) -> None:
        """Wait for the batch at hand, once ``stopping`` is set."""
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                pruned = self._pruner.run(self._stopping)
                if pruned.total():
                    log.info("pruned", **asdict(pruned))
            except PrunedElsewhere:
                pass  # as it should be with several sweepers
            except StancewireError as error:
                log.warning("prune_postponed", code=error.code, reason=error.detail)
            except Exception:  # the sweeper must outlive a defect here
                log.exception("prune_defect")
            self._stopping.wait(self._every_s)
