"""Recent activity, hosts and failures, for the console."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from services.contracts import JobState, instant
from services.database.engine import Database, now_ms
from services.database.tables import hosts, jobs, results
from services.jobs.hosts import alive
from services.jobs.queries import JobRecord, Visible, list_jobs

_VERSION_7: Final = 0x7 << 76
_FAILED: Final = (JobState.DEAD, JobState.FAILED)


@dataclass(frozen=True, slots=True)
class Activity:
    """Articles accepted and results stored in each recent interval, oldest first; the current interval is left out."""

    step_s: int
    ends_at: datetime
    accepted: tuple[int, ...]
    stored: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class HostRecord:
    """A registered worker or sweeper.

    ``quiet_s`` is the time in seconds since it was last seen, by the database's clock.
    """

    role: str
    name: str
    slots: int
    started_at: datetime
    quiet_s: float
    alive: bool


def activity(database: Database, *, step_s: int, steps: int, most: int = 12_000) -> Activity:
    """Count accepted articles and stored results by interval, over at most the newest ``most`` of each.

    If more arrived in that time, only the intervals that those rows cover completely are returned, so the tuples may
    be shorter than ``steps``.
    """
    step = step_s * 1000
    with database.read() as connection:
        now: int = connection.execute(select(now_ms())).scalar_one()
        end = now - now % step
        begin = end - steps * step
        recent = (
            select(jobs.c.created_at.label("at")).where(jobs.c.id >= _smallest_id(begin)).order_by(jobs.c.id.desc())
        )
        newest = select(func.coalesce(func.max(results.c.sequence), 0)).scalar_subquery()
        # `finished_at` is read because `stored_at` follows the large document in its row. One transaction writes both.
        stored = (
            select(jobs.c.finished_at.label("at"))
            .join(results, results.c.job_id == jobs.c.id)
            .where(results.c.sequence > newest - most, jobs.c.finished_at >= begin)
        )
        series = []
        for query in (recent.limit(most), stored):
            rows = query.subquery()
            bucket = (rows.c.at - rows.c.at % step).label("bucket")
            counted = select(bucket, func.count(), func.min(rows.c.at)).group_by(bucket)
            series.append([tuple(row) for row in connection.execute(counted)])
    first = max([begin, *(_first_complete(counts, step, most) for counts in series)])
    buckets = range(first, end, step)
    accepted, done = ({at: number for at, number, _ in counts} for counts in series)
    return Activity(
        step_s, instant(end), tuple(accepted.get(at, 0) for at in buckets), tuple(done.get(at, 0) for at in buckets)
    )


def _first_complete(counts: list[tuple[int, int, int]], step: int, most: int) -> int:
    """Return the start of the first interval that was read completely; 0 if the limit cut nothing off."""
    if sum(number for _, number, _ in counts) < most:
        return 0
    return min(at for at, _, _ in counts) + step


def _smallest_id(milliseconds: int) -> UUID:
    """Return the smallest UUIDv7 of an instant; job IDs sort by the time of creation."""
    return UUID(int=(milliseconds << 80) | _VERSION_7 | (0x8 << 60))


def list_hosts(database: Database) -> list[HostRecord]:
    """Return the registered workers and sweepers, live ones first."""
    with database.read() as connection:
        now: int = connection.execute(select(now_ms())).scalar_one()
        rows = connection.execute(
            select(hosts, alive().label("alive")).order_by(hosts.c.role.desc(), hosts.c.name)
        ).all()
    records = [
        HostRecord(
            role=row.role,
            name=row.name,
            slots=row.slots,
            started_at=instant(row.started_at),
            quiet_s=max(0.0, (now - row.seen_at) / 1000),
            alive=bool(row.alive),
        )
        for row in rows
    ]
    return sorted(records, key=lambda host: not host.alive)


def last_failures(database: Database, *, limit: int, visible: Visible = None) -> list[JobRecord]:
    """Return the newest dead and failed jobs of visible feeds, most recently finished first."""
    failures = [job for state in _FAILED for job in list_jobs(database, state=state, limit=limit, visible=visible)]
    return sorted(failures, key=lambda job: job.finished_at or job.created_at, reverse=True)[:limit]


def dead_by_reason(database: Database, *, most: int = 1_000) -> dict[str, int]:
    """Return the number of dead jobs by reason, among the newest ``most`` dead jobs."""
    newest = (
        select(jobs.c.reason_code)
        .where(jobs.c.state == JobState.DEAD)
        .order_by(jobs.c.id.desc())
        .limit(most)
        .subquery()
    )
    with database.read() as connection:
        rows = connection.execute(select(newest.c.reason_code, func.count()).group_by(newest.c.reason_code))
        return {reason or "": number for reason, number in rows}


def newest_results(database: Database, *, limit: int, visible: Visible = None) -> list[JobRecord]:
    """Return the newest succeeded jobs of visible feeds."""
    return list_jobs(database, state=JobState.SUCCEEDED, limit=limit, visible=visible)
