"""The backlog: open jobs, the age of the oldest queued one, the slots that work on them, and the counters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from services.contracts import JobState
from services.database.counters import Key, read_counters
from services.database.engine import Database, now_ms
from services.database.tables import QUEUED, jobs
from services.jobs.hosts import count_live_slots
from services.jobs.queue_counts import oldest_queued


@dataclass(frozen=True, slots=True)
class BacklogSnapshot:
    """The ledger at one instant, for metrics, health and the progress line."""

    jobs: Mapping[JobState, int]  # queued, running and dead now
    oldest_queued_s: float
    worker_slots: int
    counters: Mapping[Key, float]


def snapshot(database: Database) -> BacklogSnapshot:
    """Read the backlog, running jobs, oldest age, live slots and all counters in one transaction."""
    with database.read() as connection:
        now = connection.execute(select(now_ms())).scalar_one()
        queued = connection.execute(select(func.count()).select_from(jobs).where(QUEUED)).scalar_one()
        oldest = oldest_queued(connection)
        running = connection.execute(
            select(func.count()).select_from(jobs).where(jobs.c.state == JobState.RUNNING)
        ).scalar_one()
        dead = connection.execute(
            select(func.count()).select_from(jobs).where(jobs.c.state == JobState.DEAD)
        ).scalar_one()
        slots = count_live_slots(connection)
        counters = read_counters(connection)
    counts = {JobState.QUEUED: queued, JobState.RUNNING: running, JobState.DEAD: dead}
    age = 0.0 if oldest is None else max(0.0, (now - oldest) / 1000)
    return BacklogSnapshot(jobs=counts, oldest_queued_s=age, worker_slots=slots, counters=counters)


def oldest_queued_s(database: Database) -> float:
    """Return the age in seconds of the oldest queued job, 0 if none is queued.

    Jobs of paused feeds wait on purpose and do not count.
    """
    with database.read() as connection:
        oldest, now = oldest_queued(connection), connection.execute(select(now_ms())).scalar_one()
    return 0.0 if oldest is None else max(0.0, (now - oldest) / 1000)
