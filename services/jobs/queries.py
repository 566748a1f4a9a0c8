"""Queries on jobs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, ScalarSelect, Select, select

from services.contracts import FINAL_STATES, JobState, PubStatus, instant
from services.database.engine import Database
from services.database.tables import articles, erased, jobs
from services.errors import Gone, NotFound
from services.jobs.holds import hold_until

Visible = Collection[str] | None  # the feeds that the caller may see; None for all


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job with the identifying fields of its article. Instants are UTC."""

    id: UUID
    article_id: UUID
    story_id: UUID | None
    feed: str
    guid: str | None
    version: str
    revision: int
    title: str | None
    url: str | None
    published_at: datetime | None
    analysis: int
    state: JobState
    priority: int
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    next_run_at: datetime
    reason_code: str | None
    reason_detail: str | None
    withdrawn_at: datetime | None
    withdrawn_reason: str | None
    pubstatus: PubStatus
    evolvedfrom: str | None
    evolvedfrom_job: UUID | None

    @property
    def done(self) -> bool:
        """Whether the state is final."""
        return self.state in FINAL_STATES

    @property
    def withdrawn(self) -> bool:
        """Whether the article was withdrawn."""
        return self.withdrawn_at is not None

    @property
    def held_until(self) -> datetime | None:
        """When the job is queued by itself, if it is held; None also for a withheld story."""
        return hold_until(self.next_run_at) if self.state is JobState.HELD else None


def _predecessor() -> ScalarSelect[Any]:
    """Select the newest job of the story that an article evolved from."""
    earlier, its_jobs = articles.alias(), jobs.alias()
    same = (earlier.c.guid == articles.c.evolvedfrom) & (earlier.c.feed == articles.c.feed)
    newest = select(its_jobs.c.id).join(earlier, earlier.c.id == its_jobs.c.article_id).where(same)
    return newest.order_by(its_jobs.c.id.desc()).limit(1).correlate(articles).scalar_subquery()


def job_query() -> Select[Any]:
    """Select jobs with the fields of their articles that `job_record` reads."""
    return select(
        jobs,
        articles.c.story_id,
        articles.c.guid,
        articles.c.version,
        articles.c.revision,
        articles.c.title,
        articles.c.url,
        articles.c.published_at,
        articles.c.withdrawn_at,
        articles.c.withdrawn_reason,
        articles.c.pubstatus,
        articles.c.evolvedfrom,
        _predecessor().label("evolvedfrom_job"),
    ).join(articles, articles.c.id == jobs.c.article_id)


def new_job_record(article: Mapping[str, Any], job: Mapping[str, Any]) -> JobRecord:
    """Return a job that has just been stored, from its row and that of its article, which continues no other story."""
    return JobRecord(
        id=job["id"],
        article_id=article["id"],
        story_id=None,
        feed=job["feed"],
        guid=article["guid"],
        version=article["version"],
        revision=article["revision"],
        title=article["title"],
        url=article["url"],
        published_at=_instant(article["published_at"]),
        analysis=job["analysis"],
        state=job["state"],
        priority=0,
        attempts=0,
        created_at=instant(job["created_at"]),
        started_at=None,
        finished_at=None,
        next_run_at=instant(job["next_run_at"]),
        reason_code=None,
        reason_detail=None,
        withdrawn_at=None,
        withdrawn_reason=None,
        pubstatus=article["pubstatus"],
        evolvedfrom=None,
        evolvedfrom_job=None,
    )


def _instant(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else instant(milliseconds)


def published_at(row: Row[Any]) -> datetime | None:
    """Return the article's date; None without one, or if it cannot be read back, so that its job can still be shown."""
    try:
        return _instant(row.published_at)
    except OverflowError:
        return None


def job_record(row: Row[Any]) -> JobRecord:
    """Convert a row of `job_query`."""
    return JobRecord(
        id=row.id,
        article_id=row.article_id,
        story_id=row.story_id,
        feed=row.feed,
        guid=row.guid,
        version=row.version,
        revision=row.revision,
        title=row.title,
        url=row.url,
        published_at=published_at(row),
        analysis=row.analysis,
        state=JobState(row.state),
        priority=row.priority,
        attempts=row.attempts,
        created_at=instant(row.created_at),
        started_at=_instant(row.started_at),
        finished_at=_instant(row.finished_at),
        next_run_at=instant(row.next_run_at),
        reason_code=row.reason_code,
        reason_detail=row.reason_detail,
        withdrawn_at=_instant(row.withdrawn_at),
        withdrawn_reason=row.withdrawn_reason,
        pubstatus=PubStatus(row.pubstatus),
        evolvedfrom=row.evolvedfrom,
        evolvedfrom_job=row.evolvedfrom_job,
    )


def job(database: Database, job_id: UUID, visible: Visible = None) -> JobRecord:
    """Return a job.

    Raises `NotFound` also if its feed is not ``visible``, and `Gone` if it was erased.
    """
    with database.read() as connection:
        row = connection.execute(job_query().where(jobs.c.id == job_id)).one_or_none()
        feed = (
            connection.execute(select(erased.c.feed).where(erased.c.id == job_id)).scalar() if row is None else row.feed
        )
    if feed is None or not (visible is None or feed in visible):
        raise NotFound(f"there is no job {job_id}")
    if row is None:
        raise Gone(f"job {job_id} was erased with its article")
    return job_record(row)


def finished(database: Database, job_ids: Iterable[UUID]) -> frozenset[UUID]:
    """Return those of the jobs that are final, in one query for all waiting clients."""
    with database.read() as connection:
        final = select(jobs.c.id).where(jobs.c.id.in_(list(job_ids)), jobs.c.state.in_(sorted(FINAL_STATES)))
        return frozenset(connection.execute(final).scalars())


def list_jobs(
    database: Database,
    *,
    feed: str | None = None,
    guid: str | None = None,
    state: JobState | None = None,
    before: UUID | None = None,
    limit: int,
    visible: Visible = None,
) -> list[JobRecord]:
    """Return jobs of visible feeds, newest first; ``before`` is the last job of the previous page."""
    query = job_query().order_by(jobs.c.id.desc()).limit(limit)
    if visible is not None:
        query = query.where(jobs.c.feed.in_(sorted(visible)))
    if feed is not None:
        query = query.where(jobs.c.feed == feed)
    if guid is not None:
        query = query.where(articles.c.guid == guid)
    if state is not None:
        query = query.where(jobs.c.state == state)
    if before is not None:
        query = query.where(jobs.c.id < before)
    with database.read() as connection:
        return [job_record(row) for row in connection.execute(query)]
