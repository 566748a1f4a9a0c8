"""Leases of jobs: a worker claims, renews and closes them. A job is held by its lease, not by Redis' acknowledgement.

Every change is a compare-and-set on the job's row. Work may run more than once; its effect is stored once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, insert, select, update

from services.contracts import Article, JobState, MediaType, Result, instant
from services.database.counters import NO_LABEL, CounterName, increment
from services.database.engine import Database, now_ms
from services.database.tables import articles, jobs, results
from services.errors import LeaseLost, StancewireError
from services.jobs import counter_updates
from services.results import search_index

_DETAIL_MAX = 2000
_FREE = {"lease_token": None, "lease_until": None, "message_id": None, "dispatched_at": None}


@dataclass(frozen=True, slots=True)
class LeasedJob:
    """A job that is ours until its lease ends."""

    job_id: UUID
    article_id: UUID
    token: UUID
    attempt: int
    article: Article


def lease(database: Database, message_id: UUID, job_ids: Sequence[UUID], lease_s: float) -> list[LeasedJob]:
    """Make the message's jobs ours, in the message's order.

    A message that was delivered before, or replaced, claims nothing.
    """
    token = uuid4()
    with database.write() as connection:
        taken = connection.execute(
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
            .returning(jobs.c.id, jobs.c.attempts, jobs.c.queued_at, jobs.c.next_run_at, jobs.c.started_at)
        ).all()
        attempts = {row.id: row.attempts for row in taken}
        if not attempts:
            return []
        waits = [(row.started_at - max(row.queued_at, row.next_run_at)) / 1000 for row in taken]
        increment(connection, database, counter_updates.for_leases(waits))
        rows = connection.execute(
            select(jobs.c.id.label("job_id"), articles)
            .join(articles, articles.c.id == jobs.c.article_id)
            .where(jobs.c.id.in_(attempts))
        ).all()
    claims = {row.job_id: LeasedJob(row.job_id, row.id, token, attempts[row.job_id], _article(row)) for row in rows}
    return [claims[job_id] for job_id in job_ids if job_id in claims]


def _article(row: Row[Any]) -> Article:
    """The article as pushed; it was validated on its way in."""
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
    )


def extend(database: Database, claims: Sequence[LeasedJob], lease_s: float) -> frozenset[UUID]:
    """Extend the leases of these claims (all of one message); returns the jobs that are still ours."""
    with database.write() as connection:
        mine = connection.execute(
            update(jobs)
            .where(jobs.c.id.in_([c.job_id for c in claims]), jobs.c.lease_token == claims[0].token)
            .values(lease_until=now_ms() + int(lease_s * 1000))
            .returning(jobs.c.id)
        ).scalars()
        return frozenset(mine)


def complete(database: Database, claimed: LeasedJob, result: Result, run_s: float | None = None) -> None:
    """Store the result and close the job in one transaction. Raises :class:`LeaseLost`, and then stores nothing.

    ``run_s`` is how long the attempt took, where that was measured; here as in the other ways to close it is only
    counted.
    """
    document = result.model_dump_json()
    row = {
        "job_id": claimed.job_id,
        "feed": claimed.article.feed,
        "document": document,
        "etag": hashlib.sha256(document.encode()).hexdigest(),
        "attributions": len(result.attributions),
        "stances": len(result.stances),
    }
    with database.write() as connection:
        _close(
            connection,
            claimed,
            {"state": JobState.SUCCEEDED, "finished_at": now_ms(), "reason_code": None, "reason_detail": None},
        )
        raised = increment(connection, database, counter_updates.for_result(claimed.article.feed, result, run_s))
        # The row of the total stays locked until COMMIT, so sequences become visible in their order, without gaps.
        sequence = int(raised[CounterName.RESULTS, NO_LABEL])
        connection.execute(insert(results).values(sequence=sequence, stored_at=now_ms(), **row))
        search_index.add(connection, sequence, result)


def fail(database: Database, claimed: LeasedJob, reason: StancewireError, run_s: float | None = None) -> None:
    """Close the job as failed: the article itself is the reason."""
    with database.write() as connection:
        _finish(connection, claimed, JobState.FAILED, reason)
        increment(
            connection, database, counter_updates.for_failure(claimed.article.feed, JobState.FAILED, reason.code, run_s)
        )


def requeue(
    database: Database,
    claimed: LeasedJob,
    reason: StancewireError,
    *,
    max_attempts: int,
    delay_s: float,
    run_s: float | None = None,
) -> JobState:
    """Requeue the job, to be tried alone after ``delay_s``, or close it as dead after its last attempt.

    Return its new state.
    """
    with database.write() as connection:
        if claimed.attempt >= max_attempts:
            _finish(connection, claimed, JobState.DEAD, reason)
            increment(
                connection,
                database,
                counter_updates.for_failure(claimed.article.feed, JobState.DEAD, reason.code, run_s),
            )
            return JobState.DEAD
        later = {
            "state": JobState.QUEUED,
            "queued_at": now_ms(),
            "next_run_at": now_ms() + int(delay_s * 1000),
            **_reason(reason),
        }
        _close(connection, claimed, later)
        increment(connection, database, counter_updates.for_failure(claimed.article.feed, None, reason.code, run_s))
        return JobState.QUEUED


def release(database: Database, claims: Sequence[LeasedJob]) -> int:
    """Requeue leased jobs that were not started, at an orderly shutdown, and give their attempt back.

    Return their number.
    """
    with database.write() as connection:
        return connection.execute(
            update(jobs)
            .where(jobs.c.id.in_([c.job_id for c in claims]), jobs.c.lease_token == claims[0].token)
            .values(
                state=JobState.QUEUED, attempts=jobs.c.attempts - 1, queued_at=now_ms(), next_run_at=now_ms(), **_FREE
            )
        ).rowcount


def _finish(connection: Connection, claimed: LeasedJob, state: JobState, reason: StancewireError) -> None:
    _close(connection, claimed, {"state": state, "finished_at": now_ms(), **_reason(reason)})


def _reason(reason: StancewireError) -> dict[str, str]:
    """The reason in a form that any database holds: an exception may quote whatever it met."""
    detail = reason.detail[:_DETAIL_MAX].replace("\x00", "\\0").encode("utf-8", "replace").decode()
    return {"reason_code": reason.code, "reason_detail": detail}


def _close(connection: Connection, claimed: LeasedJob, values: Mapping[str, Any]) -> None:
    closed = connection.execute(
        update(jobs)
        .where(jobs.c.id == claimed.job_id, jobs.c.state == JobState.RUNNING, jobs.c.lease_token == claimed.token)
        .values(**_FREE, **values)
    )
    if closed.rowcount != 1:
        raise LeaseLost(f"job {claimed.job_id} is no longer held by this worker")
