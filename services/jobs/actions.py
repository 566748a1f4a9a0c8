"""Actions of clients and operators on a job or an article: cancel, retry, drop, reprioritise, withdraw."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, select, update

from services.audit.log import record
from services.caller import Caller, local
from services.contracts import FINAL_STATES, TRANSITIONS, JobState
from services.database.counters import NO_LABEL, CounterName, increment
from services.database.engine import Database, now_ms
from services.database.tables import articles, erased, jobs
from services.errors import Conflict, Gone, NotFound
from services.jobs import withdrawals

_ON_REQUEST: Final = "withdrawn on request"


def cancel(database: Database, job_id: UUID, by: Caller | None = None) -> None:
    """Cancel a job that is not final; a worker that runs it loses its lease.

    Raises `NotFound`, `Gone`, or `Conflict` if the job is final.
    """
    with database.write() as connection:
        state = _lock_and_audit(connection, job_id, by, "job.cancel")
        if state in FINAL_STATES:
            raise Conflict(f"the job is {state} and cannot be canceled", code="job_final")
        _cancel(connection, database, job_id, "canceled", "canceled on request")


def drop(database: Database, job_id: UUID, by: Caller | None = None) -> None:
    """Give up a failed or dead job for good. Raises `NotFound`, `Gone`, or `Conflict` in any other state."""
    with database.write() as connection:
        state = _lock_and_audit(connection, job_id, by, "job.drop")
        if state not in FINAL_STATES or JobState.CANCELED not in TRANSITIONS[state]:
            raise Conflict(f"the job is {state}; only failed or dead jobs can be dropped", code="job_not_droppable")
        _cancel(connection, database, job_id, "dropped", "dropped by an operator")


def retry(database: Database, job_id: UUID, by: Caller | None = None) -> None:
    """Queue a failed or dead job again, with its attempts reset to 0.

    Raises `NotFound`, `Gone`, or `Conflict` in any other state, or if the article was withdrawn or has no body.
    """
    with database.write() as connection:
        # Lock the article's row first, as retention does before it removes the body.
        article = connection.execute(
            select(articles.c.withdrawn_at, articles.c.body.is_(None).label("body_pruned"))
            .where(articles.c.id == select(jobs.c.article_id).where(jobs.c.id == job_id).scalar_subquery())
            .with_for_update()
        ).one_or_none()
        state = _lock_and_audit(connection, job_id, by, "job.retry")
        if state not in FINAL_STATES or JobState.QUEUED not in TRANSITIONS[state]:
            raise Conflict(f"the job is {state}; only failed or dead jobs can be retried", code="job_not_retryable")
        if article is None or article.withdrawn_at is not None:
            raise Conflict("the article was withdrawn", code="article_withdrawn")
        if article.body_pruned:
            detail = "the article's body is no longer kept (setting retention.bodies_days); push it as another version"
            raise Conflict(detail, code="body_pruned")
        queued: dict[str, Any] = {
            "state": JobState.QUEUED,
            "attempts": 0,
            "queued_at": now_ms(),
            "next_run_at": now_ms(),
            "finished_at": None,
        }
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(**queued))
        increment(connection, database, {(CounterName.RETRIED, NO_LABEL): 1})


def reprioritise(database: Database, job_id: UUID, priority: int, by: Caller | None = None) -> None:
    """Change the priority of a queued job within its feed: higher runs first, 0 is the default.

    Raises `NotFound`, `Gone`, or `Conflict` in any other state.
    """
    with database.write() as connection:
        state = _lock_and_audit(connection, job_id, by, "job.reprioritise", priority=priority)
        if state is not JobState.QUEUED:
            raise Conflict(f"the job is {state}; only queued jobs have a place in the queue", code="job_not_queued")
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(priority=priority))


def withdraw(database: Database, article_id: UUID, by: Caller | None = None) -> None:
    """Withdraw an article: its results answer 410, open jobs are canceled, and followers of the results are notified.

    A second call has no effect. Raises `NotFound` or `Gone`.
    """
    by = by or local()
    with database.write() as connection:
        feed = connection.execute(select(articles.c.feed).where(articles.c.id == article_id)).scalar()
        if feed is None or not by.sees(feed):
            raise _missing(connection, "article", article_id, by)
        record(connection, by.actor, "article.withdraw", str(article_id), {"feed": feed})
        withdrawals.withdraw(connection, database, {article_id: _ON_REQUEST})


def reinstate(database: Database, article_id: UUID, by: Caller | None = None) -> UUID:
    """Undo the withdrawal of an article, or release one that is withheld or under an embargo. Return its job.

    Raises `NotFound`, `Gone`, or `Conflict` if it is neither, or has to be read and its body is no longer kept.
    """
    by = by or local()
    with database.write() as connection:
        row = connection.execute(
            select(articles.c.feed, articles.c.withdrawn_at).where(articles.c.id == article_id).with_for_update()
        ).one_or_none()
        if row is None or not by.sees(row.feed):
            raise _missing(connection, "article", article_id, by)
        held = select(jobs.c.id).where(jobs.c.article_id == article_id, jobs.c.state == JobState.HELD)
        if row.withdrawn_at is None and connection.execute(held).first() is None:
            raise Conflict("the article is neither withdrawn nor held", code="article_not_withdrawn")
        record(connection, by.actor, "article.reinstate", str(article_id), {"feed": row.feed})
        return withdrawals.reinstate(connection, database, article_id)


def _lock_and_audit(connection: Connection, job_id: UUID, by: Caller | None, action: str, **detail: object) -> JobState:
    """Return the state of a job that the caller may see, lock its row, and record the action in the audit log.

    The row is locked where the database has row locks. The record is part of the transaction, so a refused action
    leaves none. Raises `NotFound` or `Gone`.
    """
    by = by or local()
    row = connection.execute(
        select(jobs.c.state, jobs.c.feed).where(jobs.c.id == job_id).with_for_update()
    ).one_or_none()
    if row is None or not by.sees(row.feed):
        raise _missing(connection, "job", job_id, by)
    record(connection, by.actor, action, str(job_id), {"feed": row.feed, "state": row.state, **detail})
    return JobState(row.state)


def _missing(connection: Connection, kind: str, row_id: UUID, by: Caller) -> Gone | NotFound:
    """Return the error for a missing row: erased, if the caller could see its feed; otherwise not found."""
    feed = connection.execute(select(erased.c.feed).where(erased.c.id == row_id)).scalar()
    if feed is not None and by.sees(feed):
        return Gone(f"{kind} {row_id} was erased" + (" with its article" if kind == "job" else ""))
    return NotFound(f"there is no {kind} {row_id}")


def _cancel(connection: Connection, database: Database, job_id: UUID, code: str, detail: str) -> None:
    reason = {"reason_code": code, "reason_detail": detail}
    connection.execute(update(jobs).where(jobs.c.id == job_id).values(**withdrawals.CANCELED, **reason))
    increment(connection, database, {(CounterName.FINISHED, JobState.CANCELED.value): 1})
