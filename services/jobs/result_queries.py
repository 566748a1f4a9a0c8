"""Queries on stored results."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select

from services.contracts import instant
from services.database.engine import Database
from services.database.tables import articles, jobs, results
from services.jobs.queries import JobRecord, Visible, job_query, job_record
from services.results import tombstones
from services.results.tombstones import Tombstone


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A result as stored: ``document`` is its JSON, which clients receive unchanged."""

    job: JobRecord
    sequence: int
    document: str
    etag: str
    stored_at: datetime
    attributions: int
    stances: int
    superseded_by: UUID | None


def result(database: Database, job_id: UUID, visible: Visible = None) -> StoredResult | None:
    """Return the result of a job; None if it has no result yet or its feed is not visible."""
    with database.read() as connection:
        row = connection.execute(_result_query().where(jobs.c.id == job_id)).one_or_none()
    return None if row is None or not (visible is None or row.feed in visible) else _stored(row)


def list_results(
    database: Database, *, after: int, feed: str | None = None, limit: int, visible: Visible = None
) -> list[StoredResult | Tombstone]:
    """Return results and tombstones of visible feeds in the order of their numbers, after the sequence ``after``.

    Results of withdrawn articles are left out, as their tombstones come later in the list, and results that a newer
    analysis has superseded, as the newer one does.
    """
    with database.read() as connection:
        # Two statements on PostgreSQL see two states of the data: neither may read beyond what both see.
        until = tombstones.last_sequence(connection)
        current = (results.c.superseded_by.is_(None), articles.c.withdrawn_at.is_(None))
        query = _result_query().where(results.c.sequence > after, results.c.sequence <= until, *current)
        if visible is not None:
            query = query.where(results.c.feed.in_(sorted(visible)))
        if feed is not None:
            query = query.where(results.c.feed == feed)
        rows = connection.execute(query.order_by(results.c.sequence).limit(limit))
        stored: list[StoredResult | Tombstone] = [_stored(row) for row in rows]
        stored += tombstones.following(connection, after=after, until=until, feed=feed, limit=limit, visible=visible)
    return sorted(stored, key=lambda entry: entry.sequence)[:limit]


def _result_query() -> Select[Any]:
    return (
        job_query()
        .add_columns(
            results.c.sequence,
            results.c.document,
            results.c.etag,
            results.c.stored_at,
            results.c.attributions,
            results.c.stances,
            results.c.superseded_by,
        )
        .join(results, results.c.job_id == jobs.c.id)
    )


def _stored(row: Row[Any]) -> StoredResult:
    return StoredResult(
        job=job_record(row),
        sequence=row.sequence,
        document=row.document,
        etag=row.etag,
        stored_at=instant(row.stored_at),
        attributions=row.attributions,
        stances=row.stances,
        superseded_by=row.superseded_by,
    )
