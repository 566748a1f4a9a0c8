"""Queries on the ledger and the stored results."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, ScalarSelect, Select, func, select

from services.contracts import FINAL_STATES, JobState, PubStatus, instant
from services.database.counters import Key, read_counters
from services.database.engine import Database, now_ms
from services.database.tables import QUEUED, articles, erased, jobs, results
from services.errors import Gone, NotFound
from services.jobs.holds import hold_until
from services.jobs.hosts import count_live_slots
from services.jobs.queue_counts import oldest_queued
from services.results import tombstones
from services.results.tombstones import Tombstone

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


@dataclass(frozen=True, slots=True)
class BacklogSnapshot:
    """The ledger at one instant, for metrics, health and the progress line."""

    jobs: Mapping[JobState, int]  # queued, running and dead now
    oldest_queued_s: float
    worker_slots: int
    counters: Mapping[Key, float]


def _predecessor() -> ScalarSelect[Any]:
    """Select the newest job of the story that an article evolved from."""
    earlier, its_jobs = articles.alias(), jobs.alias()
    same = (earlier.c.guid == articles.c.evolvedfrom) & (earlier.c.feed == articles.c.feed)
    newest = select(its_jobs.c.id).join(earlier, earlier.c.id == its_jobs.c.article_id).where(same)
    return newest.order_by(its_jobs.c.id.desc()).limit(1).correlate(articles).scalar_subquery()


def _job_query() -> Select[Any]:
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


def _instant(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else instant(milliseconds)


def published_at(row: Row[Any]) -> datetime | None:
    """Return the article's date; None without one, or if it cannot be read back, so that its job can still be shown."""
    try:
        return _instant(row.published_at)
    except OverflowError:
        return None


def _record(row: Row[Any]) -> JobRecord:
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
        row = connection.execute(_job_query().where(jobs.c.id == job_id)).one_or_none()
        feed = (
            connection.execute(select(erased.c.feed).where(erased.c.id == job_id)).scalar() if row is None else row.feed
        )
    if feed is None or not (visible is None or feed in visible):
        raise NotFound(f"there is no job {job_id}")
    if row is None:
        raise Gone(f"job {job_id} was erased with its article")
    return _record(row)


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
    query = _job_query().order_by(jobs.c.id.desc()).limit(limit)
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
        return [_record(row) for row in connection.execute(query)]


def _result_query() -> Select[Any]:
    return (
        _job_query()
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
        job=_record(row),
        sequence=row.sequence,
        document=row.document,
        etag=row.etag,
        stored_at=instant(row.stored_at),
        attributions=row.attributions,
        stances=row.stances,
        superseded_by=row.superseded_by,
    )


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


def backlog_snapshot(database: Database) -> BacklogSnapshot:
    """Read the backlog, running jobs, oldest age, live slots and all counters in one transaction."""
    with database.read() as connection:
        now = connection.execute(select(now_ms())).scalar_one()
        queued = connection.execute(select(func.count()).select_from(jobs).where(QUEUED)).scalar_one()
        oldest = oldest_queued(connection)
        running = connection.execute(
            select(func.count()).select_from(jobs).where(jobs.c.state == JobState.RUNNING)
        ).scalar_one()
        dead = connection.execute(
            select(func.count()).select_from(jobs).where(jobs.c.state == JobState.DEAD)
        ).scalar_one()
        slots = count_live_slots(connection)
        counters = read_counters(connection)
    counts = {JobState.QUEUED: queued, JobState.RUNNING: running, JobState.DEAD: dead}
    age = 0.0 if oldest is None else max(0.0, (now - oldest) / 1000)
    return BacklogSnapshot(jobs=counts, oldest_queued_s=age, worker_slots=slots, counters=counters)


def oldest_queued_s(database: Database) -> float:
    """Return the age in seconds of the oldest queued job, 0 if none is queued.

    Jobs of paused feeds wait on purpose and do not count.
    """
    with database.read() as connection:
        oldest, now = oldest_queued(connection), connection.execute(select(now_ms())).scalar_one()
    return 0.0 if oldest is None else max(0.0, (now - oldest) / 1000)
