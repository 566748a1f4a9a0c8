"""Withdrawing articles within a transaction: results hidden, open jobs canceled, followers of the results notified."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, select, update

from services.contracts import FINAL_STATES, JobState
from services.database.counters import CounterName
from services.database.engine import Database, now_ms
from services.database.tables import articles, jobs
from services.events import outbox
from services.results import search_index, tombstones
from services.results.tombstones import Buried, TombstoneKind

OPEN_STATES = sorted(set(JobState) - FINAL_STATES)
CANCELED: dict[str, Any] = {
    "state": JobState.CANCELED,
    "finished_at": now_ms(),
    "lease_token": None,
    "lease_until": None,
    "message_id": None,
    "dispatched_at": None,
}


def withdraw(connection: Connection, database: Database, article_ids: Sequence[UUID], reason: str) -> int:
    """Withdraw those of the articles that are not withdrawn yet, and return their number.

    ``reason`` is shown to clients. Rows are locked in the order in which a worker that stores a result locks them:
    articles, jobs, counters, search index.
    """
    visible = select(articles.c.id).where(articles.c.id.in_(article_ids), articles.c.withdrawn_at.is_(None))
    ids = connection.execute(visible.order_by(articles.c.id).with_for_update()).scalars().all()
    if not ids:
        return 0
    connection.execute(
        update(articles).where(articles.c.id.in_(ids)).values(withdrawn_at=now_ms(), withdrawn_reason=reason)
    )
    # Locked before they are canceled: a job that a worker closes at this moment keeps its result.
    open_jobs = select(jobs.c.id).where(jobs.c.article_id.in_(ids), jobs.c.state.in_(OPEN_STATES))
    open_ids = connection.execute(open_jobs.order_by(jobs.c.id).with_for_update()).scalars().all()
    connection.execute(
        update(jobs)
        .where(jobs.c.id.in_(open_ids))
        .values(**CANCELED, reason_code="withdrawn", reason_detail=f"the article was withdrawn: {reason}")
    )
    counts = {(CounterName.FINISHED, JobState.CANCELED.value): len(open_ids)} if open_ids else {}
    buried = [_buried(row) for row in newest_jobs(connection, ids)]
    tombstones.add(connection, database, TombstoneKind.WITHDRAWN, buried, reason, counts)
    for article_id in ids:
        search_index.remove(connection, article_id)
        outbox.results_withdrawn(connection, article_id, "withdrawn", reason)
    return len(ids)


def newest_jobs(connection: Connection, article_ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """Return articles with the ID of their newest job, in the order in which they were pushed."""
    newest = (
        select(jobs.c.article_id, func.max(jobs.c.analysis).label("analysis"))
        .where(jobs.c.article_id.in_(article_ids))
        .group_by(jobs.c.article_id)
        .subquery()
    )
    query = (
        select(articles.c.id, articles.c.feed, articles.c.guid, articles.c.version, articles.c.revision)
        .add_columns(jobs.c.id.label("job_id"))
        .join(newest, newest.c.article_id == articles.c.id)
        .join(jobs, (jobs.c.article_id == articles.c.id) & (jobs.c.analysis == newest.c.analysis))
    )
    return connection.execute(query.order_by(articles.c.id)).all()


def _buried(row: Row[Any]) -> Buried:
    return Buried(row.feed, row.id, row.job_id, row.guid, row.version, row.revision)
