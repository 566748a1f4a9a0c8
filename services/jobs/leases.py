"""Leases of jobs: a worker leases, extends and closes them.

A worker holds a job by its lease, not by Redis' acknowledgement. Every change is a compare-and-set on the job's row.
An analysis may run more than once, but its result is stored once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from services.contracts import Article, JobState, MediaType, Result, instant
from services.database.counters import NO_LABEL, CounterName, increment
from services.database.engine import Database, now_ms
from services.database.tables import articles, jobs, results
from services.errors import LeaseLost, PermanentError, StancewireError
from services.events import outbox
from services.jobs import counter_updates
from services.results import search_index
from services.settings import Stories
from services.stories import linking
from services.stories.linking import TextKeys

_DETAIL_MAX = 2000
_FREE = {"lease_token": None, "lease_until": None, "message_id": None, "dispatched_at": None}
# Statements for every result are built once: building them takes longer than executing them.
_HELD: Final = (
    jobs.c.id == bindparam("held_job"),
    jobs.c.state == JobState.RUNNING,
    jobs.c.lease_token == bindparam("held_token"),
)
_SUCCEED: Final = (
    update(jobs)
    .where(*_HELD)
    .values(state=JobState.SUCCEEDED, finished_at=now_ms(), reason_code=None, reason_detail=None, **_FREE)
)
_STORE: Final = insert(results).values(stored_at=now_ms())


@dataclass(frozen=True, slots=True)
class JobTrace:
    """The trace that a job belongs to, and the time (ms) for which the job waited in the queue."""

    traceparent: str
    queued_at: int
    leased_at: int


@dataclass(frozen=True, slots=True)
class LeasedJob:
    """A job that this worker holds until the lease ends.

    ``unreadable`` is the error of an article that cannot be read back from the ledger; ``article`` then has its feed
    and nothing else. Its job has to be failed with that error.
    """

    job_id: UUID
    article_id: UUID
    token: UUID
    attempt: int
    article: Article
    unreadable: PermanentError | None = None
    trace: JobTrace | None = None


def lease(database: Database, message_id: UUID, job_ids: Sequence[UUID], lease_s: float) -> list[LeasedJob]:
    """Lease the message's jobs and return them in the message's order.

    The result is empty for a message that was delivered before or has been replaced. A message leases a job at most
    once, so its ID is the token of the lease: whoever knows which message a dead process had can end its leases.
    """
    token = message_id
    with database.write() as connection:
        started = connection.execute(
            update(jobs)
            .where(jobs.c.id.in_(job_ids), jobs.c.state == JobState.QUEUED, jobs.c.message_id == message_id)
            .values(
                state=JobState.RUNNING,
                attempts=jobs.c.attempts + 1,
                lease_token=token,
                lease_until=now_ms() + int(lease_s * 1000),
                started_at=now_ms(),
                message_id=None,
                dispatched_at=None,
            )
            .returning(
                *(jobs.c[name] for name in ("id", "attempts", "queued_at", "next_run_at", "started_at", "traceparent"))
            )
        ).all()
        if not started:
            return []
        by_id = {row.id: row for row in started}
        waits = [(row.started_at - max(row.queued_at, row.next_run_at)) / 1000 for row in started]
        increment(connection, database, counter_updates.for_leases(waits))
        rows = connection.execute(
            select(jobs.c.id.label("job_id"), articles)
            .join(articles, articles.c.id == jobs.c.article_id)
            .where(jobs.c.id.in_(by_id))
        ).all()
    leased = {row.job_id: _leased_job(row, token, by_id[row.job_id]) for row in rows}
    return [leased[job_id] for job_id in job_ids if job_id in leased]


def _leased_job(row: Row[Any], token: UUID, started: Row[Any]) -> LeasedJob:
    """Return the job of a row. Whatever reading the article back raises belongs to that article, not to its message."""
    unreadable = None
    try:
        article = _article(row)
    except Exception as error:  # noqa: BLE001 -- any error here is one of the stored row
        unreadable = PermanentError(f"the stored article cannot be read back: {error}", code="unreadable")
        article = Article.model_construct(feed=row.feed, body="")
    trace = None
    if started.traceparent is not None:
        queued_at = max(started.queued_at, started.next_run_at)
        trace = JobTrace(started.traceparent, queued_at, started.started_at)
    return LeasedJob(row.job_id, row.id, token, started.attempts, article, unreadable, trace)


def _article(row: Row[Any]) -> Article:
    """Return the article as pushed. It was validated when it was accepted, so it is not validated here."""
    values = row._mapping  # noqa: SLF001 -- SQLAlchemy's public name for it
    published = values["published_at"]
    return Article.model_construct(
        feed=values["feed"],
        guid=values["guid"],
        version=values["version"],
        url=values["url"],
        title=values["title"],
        byline=values["byline"],
        language=values["language"],
        published_at=None if published is None else instant(published),
        body=values["body"] or "",
        media_type=MediaType(values["media_type"]),
        metadata=None if values["metadata"] is None else json.loads(values["metadata"]),
    )


def extend(database: Database, leased: Sequence[LeasedJob], lease_s: float) -> frozenset[UUID]:
    """Extend the leases of jobs of one message and return the IDs of those that are still held."""
    with database.write() as connection:
        extended = connection.execute(
            update(jobs)
            .where(jobs.c.id.in_([job.job_id for job in leased]), jobs.c.lease_token == leased[0].token)
            .values(lease_until=now_ms() + int(lease_s * 1000))
            .returning(jobs.c.id)
        ).scalars()
        return frozenset(extended)


def expire(database: Database, message_id: UUID) -> int:
    """End the leases that a message took, since the process that held them is dead; return their number.

    The jobs count as lost at the next sweep instead of when the lease would have ended.
    """
    with database.write() as connection:
        held = (jobs.c.state == JobState.RUNNING) & (jobs.c.lease_token == message_id)
        return connection.execute(update(jobs).where(held).values(lease_until=now_ms() - 1)).rowcount


def complete(
    database: Database,
    leased: LeasedJob,
    result: Result,
    run_s: float | None = None,
    *,
    keys: TextKeys | None = None,
    stories: Stories = Stories(),  # noqa: B008 -- immutable
) -> None:
    """Store the result and close the job in one transaction, in which the article is linked with its copies.

    ``run_s`` is the duration of the attempt, if it was measured; this and the other functions that close a job only
    add it to the counters. Without ``keys`` the article is linked with nothing. Raises `LeaseLost`, and then stores
    nothing.
    """
    counts = counter_updates.for_result(leased.article.feed, result, run_s)
    indexed = search_index.prepare(result)
    with database.write() as connection:
        _check_closed(leased, connection.execute(_SUCCEED, _held_by(leased)).rowcount)
        totals = increment(connection, database, counts)
        # The counter's row stays locked until COMMIT, so sequences become visible in order and without gaps.
        sequence = int(totals[CounterName.RESULTS, NO_LABEL])
        story = None if keys is None else linking.link(connection, leased.article_id, keys, stories)
        if story is not None:
            result = result.model_copy(update={"story_id": story.story_id})
        connection.execute(_STORE, {"sequence": sequence, **_row(leased, result)})
        if story is not None and keys is not None:
            linking.remember(connection, sequence, story.story_id, keys, stories)
        search_index.add(connection, sequence, indexed)
        outbox.result_ready(connection, leased.article.feed, leased.article_id, leased.job_id)


def _row(leased: LeasedJob, result: Result) -> dict[str, object]:
    document = result.model_dump_json()
    return {
        "job_id": leased.job_id,
        "feed": leased.article.feed,
        "document": document,
        "etag": hashlib.sha256(document.encode()).hexdigest(),
        "attributions": len(result.attributions),
        "stances": len(result.stances),
    }


def fail(database: Database, leased: LeasedJob, reason: StancewireError, run_s: float | None = None) -> None:
    """Close the job as failed, for a reason that lies in the article itself. Raises `LeaseLost`."""
    with database.write() as connection:
        _finish(connection, leased, JobState.FAILED, reason)
        increment(
            connection, database, counter_updates.for_failure(leased.article.feed, JobState.FAILED, reason.code, run_s)
        )


def requeue(
    database: Database,
    leased: LeasedJob,
    reason: StancewireError,
    *,
    max_attempts: int,
    delay_s: float,
    run_s: float | None = None,
) -> JobState:
    """Requeue the job, to be tried alone after ``delay_s``, or close it as dead after its last attempt.

    Return its new state. Raises `LeaseLost`.
    """
    with database.write() as connection:
        if leased.attempt >= max_attempts:
            _finish(connection, leased, JobState.DEAD, reason)
            increment(
                connection,
                database,
                counter_updates.for_failure(leased.article.feed, JobState.DEAD, reason.code, run_s),
            )
            return JobState.DEAD
        queued = {
            "state": JobState.QUEUED,
            "queued_at": now_ms(),
            "next_run_at": now_ms() + int(delay_s * 1000),
            **_reason(reason),
        }
        _close(connection, leased, queued)
        increment(connection, database, counter_updates.for_failure(leased.article.feed, None, reason.code, run_s))
        return JobState.QUEUED


def release(database: Database, leased: Sequence[LeasedJob]) -> int:
    """Requeue leased jobs that were not started, at an orderly shutdown, and give their attempt back.

    Return their number.
    """
    with database.write() as connection:
        return connection.execute(
            update(jobs)
            .where(jobs.c.id.in_([job.job_id for job in leased]), jobs.c.lease_token == leased[0].token)
            .values(
                state=JobState.QUEUED, attempts=jobs.c.attempts - 1, queued_at=now_ms(), next_run_at=now_ms(), **_FREE
            )
        ).rowcount


def _finish(connection: Connection, leased: LeasedJob, state: JobState, reason: StancewireError) -> None:
    stored = _reason(reason)
    _close(connection, leased, {"state": state, "finished_at": now_ms(), **stored})
    why = {"code": stored["reason_code"], "detail": stored["reason_detail"], "attempts": leased.attempt}
    outbox.job_ended(connection, state, leased.article.feed, leased.article_id, leased.job_id, why)


def _reason(reason: StancewireError) -> dict[str, str]:
    """Return the reason in a form that every database can store: an exception may quote any text."""
    detail = reason.detail[:_DETAIL_MAX].replace("\x00", "\\0").encode("utf-8", "replace").decode()
    return {"reason_code": reason.code, "reason_detail": detail}


def _close(connection: Connection, leased: LeasedJob, values: Mapping[str, Any]) -> None:
    statement = update(jobs).where(*_HELD).values(**_FREE, **values)
    _check_closed(leased, connection.execute(statement, _held_by(leased)).rowcount)


def _held_by(leased: LeasedJob) -> dict[str, UUID]:
    return {"held_job": leased.job_id, "held_token": leased.token}


def _check_closed(leased: LeasedJob, rows: int) -> None:
    if rows != 1:
        raise LeaseLost(f"job {leased.job_id} is no longer held by this worker")
