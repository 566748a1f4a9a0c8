"""The throughput of the queue: the number of waiting jobs, the age of the oldest, and the rate at which jobs finish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, ScalarSelect, func, select

from services.contracts import JobState
from services.database.engine import Database
from services.database.tables import jobs
from services.jobs.queue_counts import OldestQueued, live_by_feed, read_oldest_queued

# The higher of the two rates counts, so an outage a minute ago does not lower the rate for long.
_SPANS_S: Final = (10, 60)


@dataclass(frozen=True, slots=True)
class Throughput:
    """The live jobs queued by feed, the age of the oldest, and the rate of the workers. The last two omit paused feeds.

    ``per_s`` is the number of jobs finished a second while others were waiting, which is the capacity of the workers.
    It is 0 if no job finishes, and None if no job has waited long enough to measure it.
    """

    queued: Mapping[str, int]
    oldest_s: float
    per_s: float | None


def measure_throughput(database: Database) -> Throughput:
    """Measure the throughput in one transaction; the cost is an index scan over the queued jobs.

    Raises `StoreUnavailable`.
    """
    with database.read() as connection:
        oldest = read_oldest_queued(connection)
        return Throughput(
            queued=live_by_feed(connection),
            oldest_s=0.0 if oldest.of_all is None else max(0.0, (oldest.now - oldest.of_all) / 1000),
            per_s=_finished_per_s(connection, oldest),
        )


def _finished_per_s(connection: Connection, oldest: OldestQueued) -> float | None:
    """Return finished jobs per second. Jobs delayed after a failed attempt do not count as waiting for a worker."""
    waited_s = 0.0 if oldest.due is None else (oldest.now - oldest.due) / 1000
    if waited_s < _SPANS_S[0]:
        return None
    lasted_s = [min(waited_s, span_s) for span_s in _SPANS_S]
    counts = [_finished_since(oldest.now - int(seconds * 1000)) for seconds in lasted_s]
    finished = connection.execute(select(*counts)).one()
    return max(int(count) / seconds for count, seconds in zip(finished, lasted_s, strict=True))


def _finished_since(since: int) -> ScalarSelect[int]:
    finished = select(func.count()).select_from(jobs)
    return finished.where(jobs.c.finished_at > since, jobs.c.state != JobState.CANCELED).scalar_subquery()
