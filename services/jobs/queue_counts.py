"""Counts and ages of queued jobs, each read from an index that covers only queued jobs.

Without statistics SQLite would choose the index over all states and read every queued row, so the queries name the
index.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from sqlalchemy import Connection, text

from services.database.tables import BACKGROUND

_LIVE: Final = f"priority > {BACKGROUND}"
_COUNTS: Final = {
    "ix_jobs_waiting": "state = 'queued' AND message_id IS NULL",
    "ix_jobs_window": "state = 'queued' AND message_id IS NOT NULL",
}
_OLDEST: Final = f"""
    SELECT queued_at FROM jobs {{index}}
    WHERE state = 'queued' AND {_LIVE} AND feed NOT IN (SELECT feed FROM pauses) AND next_run_at <= :due_by
    ORDER BY queued_at LIMIT 1
    """  # noqa: S608 -- constants
_NO_LIMIT: Final = 2**62


def queued_by_feed(connection: Connection) -> Counter[str]:
    """Return the number of queued jobs by feed, including background jobs."""
    counts: Counter[str] = Counter()
    for index, condition in _COUNTS.items():
        counts += _count(connection, index, condition)
    return counts


def live_by_feed(connection: Connection) -> Counter[str]:
    """Return the number of queued live jobs by feed.

    Background jobs are few and have an index, so subtracting them costs less than reading the priority of every job.
    """
    return queued_by_feed(connection) - _count(
        connection, "ix_jobs_background", f"state = 'queued' AND priority <= {BACKGROUND}"
    )


def oldest_queued(connection: Connection, due_by: int = _NO_LIMIT) -> int | None:
    """Return when the oldest queued live job of a feed that is not paused was queued (ms); None without queued jobs.

    Only jobs that may run by ``due_by`` (ms) count.
    """
    query = text(_OLDEST.format(index=_index_hint(connection, "ix_jobs_queued_at_feed")))
    oldest = connection.execute(query, {"due_by": due_by}).scalar()
    return None if oldest is None else int(oldest)


def _count(connection: Connection, index: str, condition: str) -> Counter[str]:
    query = f"SELECT feed, count(*) FROM jobs {_index_hint(connection, index)} WHERE {condition} GROUP BY feed"  # noqa: S608 -- constants
    return Counter({row[0]: row[1] for row in connection.execute(text(query))})


def _index_hint(connection: Connection, index: str) -> str:
    return f"INDEXED BY {index}" if connection.dialect.name == "sqlite" else ""
