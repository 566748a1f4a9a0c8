"""Withdrawing articles, and undoing it, within a transaction.

A withdrawal hides the results, cancels open jobs and adds a tombstone for followers of the results. Undone, the result
gets a new number, so that they get it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, insert, select, update
from uuid_utils.compat import uuid7

from services.contracts import FINAL_STATES, JobState, PubStatus
from services.database.counters import CounterName
from services.database.engine import Database, now_ms
from services.database.tables import articles, jobs
from services.errors import Conflict
from services.events import outbox
from services.jobs import holds, result_changes
from services.jobs.holds import Hold, held_values
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


def withdraw(connection: Connection, database: Database, reasons: Mapping[UUID, str]) -> int:
    """Withdraw those of the articles that are not withdrawn yet, and return their number.

    ``reasons`` are shown to clients. Rows are locked in the order in which a worker that stores a result locks them:
    articles, jobs, counters, search index.
    """
    visible = select(articles.c.id).where(articles.c.id.in_(reasons), articles.c.withdrawn_at.is_(None))
    ids = connection.execute(visible.order_by(articles.c.id).with_for_update()).scalars().all()
    if not ids:
        return 0
    # Locked before they are canceled: a job that a worker closes at this moment keeps its result.
    open_jobs = select(jobs.c.id, jobs.c.article_id).where(jobs.c.article_id.in_(ids), jobs.c.state.in_(OPEN_STATES))
    open_rows = connection.execute(open_jobs.order_by(jobs.c.id).with_for_update()).all()
    for article_id in ids:
        withdrawn = {"withdrawn_at": now_ms(), "withdrawn_reason": reasons[article_id]}
        connection.execute(update(articles).where(articles.c.id == article_id).values(**withdrawn))
    for job in open_rows:
        detail = f"the article was withdrawn: {reasons[job.article_id]}"
        canceled = {**CANCELED, "reason_code": "withdrawn", "reason_detail": detail}
        connection.execute(update(jobs).where(jobs.c.id == job.id).values(**canceled))
    # Also 0, so that the counter is locked before that of the results, in the order of `increment`.
    counts = {(CounterName.FINISHED, JobState.CANCELED.value): len(open_rows)}
    buried = [
        Buried(row.feed, row.id, row.job_id, row.guid, row.version, row.revision, reasons[row.id])
        for row in newest_jobs(connection, ids)
    ]
    tombstones.add(connection, database, TombstoneKind.WITHDRAWN, buried, counts)
    for article_id in ids:
        search_index.remove(connection, article_id)
        outbox.results_withdrawn(connection, article_id, "withdrawn", reasons[article_id])
    return len(ids)


def reinstate(connection: Connection, database: Database, article_id: UUID, hold: Hold | None = None) -> UUID:
    """Undo the withdrawal of an article and return its job.

    Its result is valid again and gets a new number. Without a result the article is read: by its job if that is held,
    else by a new one, held if ``hold`` says so. Raises `Conflict` if it has to be read and its body is no longer kept.
    """
    query = select(articles.c.body.is_(None).label("bodiless"), articles.c.feed).where(articles.c.id == article_id)
    article = connection.execute(query.with_for_update()).one()
    usable = {"withdrawn_at": None, "withdrawn_reason": None, "pubstatus": PubStatus.USABLE}
    connection.execute(update(articles).where(articles.c.id == article_id).values(**usable))
    newest = connection.execute(
        select(jobs).where(jobs.c.article_id == article_id).order_by(jobs.c.analysis.desc()).limit(1).with_for_update()
    ).one()
    result = result_changes.current_result(connection, article_id)
    if result is not None:
        result_changes.publish_again(connection, database, result)
        return result.job_id
    if newest.state not in FINAL_STATES:
        if hold is None:
            holds.release(connection, [newest.id])
        else:
            holds.put_on_hold(connection, newest.id, hold)
        return UUID(str(newest.id))
    if article.bodiless:
        detail = "the article's body is no longer kept (setting retention.bodies_days); push it as another version"
        raise Conflict(detail, code="body_pruned")
    return _read_again(connection, newest, hold)


def _read_again(connection: Connection, newest: Row[Any], hold: Hold | None) -> UUID:
    job_id = uuid7()
    values: dict[str, Any] = {
        "id": job_id,
        "article_id": newest.article_id,
        "analysis": newest.analysis + 1,
        "feed": newest.feed,
        "words": newest.words,
        "state": JobState.QUEUED,
        "next_run_at": now_ms(),
        "created_at": now_ms(),
        "queued_at": now_ms(),
    }
    connection.execute(insert(jobs).values(**values | (held_values(hold) if hold else {})))
    return job_id


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
