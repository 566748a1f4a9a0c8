"""The throughput of the queue: the number of waiting jobs, the age of the oldest, and the rate at which jobs finish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, func, select

from services.contracts import JobState
from services.database.engine import Database, now_ms
from services.database.tables import jobs
from services.jobs.queue_counts import live_by_feed, oldest_queued

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
        now: int = connection.execute(select(now_ms())).scalar_one()
        oldest = oldest_queued(connection)
        return Throughput(
            queued=live_by_feed(connection),
            oldest_s=0.0 if oldest is None else max(0.0, (now - oldest) / 1000),
            per_s=_finished_per_s(connection, now),
        )


def _finished_per_s(connection: Connection, now: int) -> float | None:
    """Return finished jobs per second. Jobs delayed after a failed attempt do not count as waiting for a worker."""
    oldest = oldest_queued(connection, due_by=now)
    waited_s = 0.0 if oldest is None else (now - oldest) / 1000
    rates = []
    for span_s in _SPANS_S:
        lasted_s = min(waited_s, span_s)
        if lasted_s >= _SPANS_S[0]:
            ended = jobs.c.finished_at > now - int(lasted_s * 1000)
            finished = select(func.count()).select_from(jobs).where(ended, jobs.c.state != JobState.CANCELED)
            rates.append(connection.execute(finished).scalar_one() / lasted_s)
    return max(rates, default=None)
