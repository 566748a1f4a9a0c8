"""Counts and ages of queued jobs, each read from an index that covers only queued jobs.

Without statistics SQLite would choose the index over all states and read every queued row, so the queries name the
index.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from services.database.engine import now_ms
from services.database.tables import BACKGROUND

_LIVE: Final = f"priority > {BACKGROUND}"
_COUNTS: Final = {
    "ix_jobs_waiting": "state = 'queued' AND message_id IS NULL",
    "ix_jobs_window": "state = 'queued' AND message_id IS NOT NULL",
}
_OLDEST: Final = f"""
    SELECT queued_at FROM jobs {{index}}
    WHERE state = 'queued' AND {_LIVE} AND feed NOT IN (SELECT feed FROM pauses) {{condition}}
    ORDER BY queued_at LIMIT 1
    """  # noqa: S608 -- constants
_BACKGROUND_COUNTS: Final = {"ix_jobs_background": f"state = 'queued' AND priority <= {BACKGROUND}"}


def queued_by_feed(connection: Connection) -> Counter[str]:
    """Return the number of queued jobs by feed, including background jobs."""
    waiting, window = _count(connection, _COUNTS)
    return waiting + window


def live_by_feed(connection: Connection) -> Counter[str]:
    """Return the number of queued live jobs by feed.

    Background jobs are few and have an index, so subtracting them costs less than reading the priority of every job.
    """
    waiting, window, background = _count(connection, _COUNTS | _BACKGROUND_COUNTS)
    return waiting + window - background


@dataclass(frozen=True, slots=True)
class OldestQueued:
    """The database's time, and when the oldest job of all and the oldest that may run now were queued, all in ms."""

    now: int
    of_all: int | None
    due: int | None


def read_oldest_queued(connection: Connection) -> OldestQueued:
    """Read the ages of the queue's oldest jobs in one round trip. Jobs count as for `oldest_queued`."""
    clock = str(now_ms().compile(dialect=connection.dialect))
    of_all = _oldest_query(connection)
    due = _oldest_query(connection, f"AND next_run_at <= {clock}")
    return OldestQueued(*connection.execute(text(f"SELECT {clock}, ({of_all}), ({due})")).one())


def oldest_queued(connection: Connection) -> int | None:
    """Return when the oldest queued live job of a feed that is not paused was queued (ms); None without queued jobs."""
    oldest = connection.execute(text(_oldest_query(connection))).scalar()
    return None if oldest is None else int(oldest)


def _oldest_query(connection: Connection, condition: str = "") -> str:
    return _OLDEST.format(index=_index_hint(connection, "ix_jobs_queued_at_feed"), condition=condition)


def _count(connection: Connection, conditions: Mapping[str, str]) -> list[Counter[str]]:
    """Return the number of jobs by feed for each condition, by the index beside it, in one round trip."""
    queries = [
        f"SELECT {number}, feed, count(*) FROM jobs {_index_hint(connection, index)} WHERE {condition} GROUP BY feed"  # noqa: S608 -- constants
        for number, (index, condition) in enumerate(conditions.items())
    ]
    counts: list[Counter[str]] = [Counter() for _ in queries]
    for number, feed, count in connection.execute(text(" UNION ALL ".join(queries))):
        counts[number][feed] = count
    return counts


def _index_hint(connection: Connection, index: str) -> str:
    return f"INDEXED BY {index}" if connection.dialect.name == "sqlite" else ""
