"""Helpers that bring a ledger into a given state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from services.contracts import Analysis, Article, JobState, Pipeline, Result, instant
from services.database.engine import Database
from services.database.tables import jobs
from services.jobs import dispatch_window, leases, result_queries
from services.jobs.accept import Acceptance, accept
from services.jobs.dispatch_window import Message, WindowSize
from services.jobs.leases import LeasedJob
from services.jobs.result_queries import StoredResult
from services.results.tombstones import Tombstone

WIDE = WindowSize(per_slot=100, message_articles=8, message_words=10_000)


def article(body: str = "The minister said no.", **fields: Any) -> Article:
    return Article(body=body, **fields)


def push(database: Database, *articles: Article) -> list[Acceptance]:
    return accept(database, articles)


def fill(database: Database, size: WindowSize = WIDE) -> list[Message]:
    return dispatch_window.fill_window(database, size)


def claim_all(database: Database, messages: Sequence[Message] | None = None, lease_s: float = 30) -> list[LeasedJob]:
    """Lease the jobs of ``messages``, or dispatch the waiting jobs and lease those."""
    return [
        job
        for message in (fill(database) if messages is None else messages)
        for job in leases.lease(database, message.id, message.job_ids, lease_s)
    ]


def result_of(job: LeasedJob) -> Result:
    """Return an empty result for the job."""
    pipeline = Pipeline(version="test", model="test", analysed_at=instant(0))
    analysis = Analysis(language="en", pipeline=pipeline, text=job.article.body)
    return Result.of(analysis, job.article, job_id=job.job_id, article_id=job.article_id)


def state_of(database: Database, job_id: UUID) -> JobState:
    with database.read() as connection:
        return JobState(connection.execute(select(jobs.c.state).where(jobs.c.id == job_id)).scalar_one())


def listed_results(database: Database, after: int = 0) -> list[StoredResult]:
    """Return the results that a client who follows them gets, without tombstones."""
    entries = result_queries.list_results(database, after=after, limit=1000)
    return [entry for entry in entries if isinstance(entry, StoredResult)]


def listed_tombstones(database: Database, after: int = 0) -> list[Tombstone]:
    """Return the tombstones that a client who follows the results gets."""
    entries = result_queries.list_results(database, after=after, limit=1000)
    return [entry for entry in entries if isinstance(entry, Tombstone)]


def set_row(database: Database, job_id: UUID, **values: Any) -> None:
    """Write values into a job's row directly, without the rules of the ledger."""
    with database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(**values))
