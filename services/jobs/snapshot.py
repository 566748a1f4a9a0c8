"""One consistent view of the ledger for metrics: backlog, hosts and all counters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select, text

from services.contracts import JobState
from services.database.counters import Key, read_counters
from services.database.engine import Database, now_ms
from services.database.tables import hosts, jobs, pauses, sources
from services.events.backlog import DeliveryBacklog, read_backlog
from services.jobs.hosts import HostRole, alive
from services.jobs.queue_counts import oldest_queued, queued_by_feed


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The ledger at one instant.

    ``jobs`` counts the queued, running and dead jobs; the counters cover the other states.
    """

    jobs: Mapping[JobState, int]
    queued_by_feed: Mapping[str, int]
    oldest_queued_s: float
    hosts: Mapping[HostRole, int]
    slots: int
    paused: Sequence[str]
    sources: Mapping[tuple[str, ...], float]  # by kind and state
    database_bytes: int
    counters: Mapping[Key, float]
    deliveries: DeliveryBacklog = field(default_factory=DeliveryBacklog)


def take_snapshot(database: Database) -> Snapshot:
    """Read the snapshot in one transaction. Raises `StoreUnavailable`."""
    with database.read() as connection:
        now = connection.execute(select(now_ms())).scalar_one()
        by_feed = queued_by_feed(connection)
        oldest = oldest_queued(connection)
        counts = {JobState.QUEUED: by_feed.total()}
        for state in (JobState.HELD, JobState.RUNNING, JobState.DEAD):
            counts[state] = connection.execute(
                select(func.count()).select_from(jobs).where(jobs.c.state == state)
            ).scalar_one()
        live = select(hosts.c.role, func.count(), func.sum(hosts.c.slots)).where(alive()).group_by(hosts.c.role)
        roles = {role: (number, slots) for role, number, slots in connection.execute(live)}
        return Snapshot(
            jobs=counts,
            queued_by_feed=by_feed,
            oldest_queued_s=0.0 if oldest is None else max(0.0, (now - oldest) / 1000),
            hosts={role: roles.get(role, (0, 0))[0] for role in HostRole},
            slots=roles.get(HostRole.WORKER, (0, 0))[1],
            paused=list(connection.execute(select(pauses.c.feed).order_by(pauses.c.feed)).scalars()),
            sources=_sources(connection),
            database_bytes=_database_bytes(connection, database),
            counters=read_counters(connection),
            deliveries=read_backlog(connection),
        )


def _sources(connection: Connection) -> dict[tuple[str, ...], float]:
    query = select(sources.c.kind, sources.c.state, func.count()).group_by(sources.c.kind, sources.c.state)
    return {(kind, state): number for kind, state, number in connection.execute(query)}


def _database_bytes(connection: Connection, database: Database) -> int:
    pages = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    size = pages if database.dialect == "sqlite" else "SELECT pg_database_size(current_database())"
    return int(connection.execute(text(size)).scalar_one())
