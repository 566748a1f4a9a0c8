"""Queries on accepted articles and their jobs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select

from services.contracts import JobState, PubStatus, instant
from services.database.engine import Database
from services.database.tables import articles, erased, jobs
from services.errors import Gone, NotFound
from services.jobs.queries import Visible, published_at


@dataclass(frozen=True, slots=True)
class ArticleJob:
    """One analysis of an article."""

    id: UUID
    analysis: int
    state: JobState


@dataclass(frozen=True, slots=True)
class StoredArticle:
    """An accepted article without its body, with its jobs, newest first. Instants are UTC."""

    id: UUID
    story_id: UUID | None
    feed: str
    guid: str | None
    version: str
    revision: int
    url: str | None
    title: str | None
    byline: str | None
    language: str | None
    published_at: datetime | None
    received_at: datetime
    media_type: str
    metadata: dict[str, Any] | None
    withdrawn_at: datetime | None
    withdrawn_reason: str | None
    pubstatus: PubStatus
    evolvedfrom: str | None
    jobs: tuple[ArticleJob, ...]


_COLUMNS = [column for column in articles.c if column.name not in {"body", "identity", "content_hash"}]


def article(database: Database, article_id: UUID, visible: Visible = None) -> StoredArticle:
    """Return an article. Raises `NotFound`, also if its feed is not ``visible``, and `Gone` if it was erased."""
    with database.read() as connection:
        rows = _with_jobs(connection, connection.execute(select(*_COLUMNS).where(articles.c.id == article_id)).all())
        feed = rows[0].feed if rows else _feed_of_erased(connection, article_id)
    if feed is None or not (visible is None or feed in visible):
        raise NotFound(f"there is no article {article_id}")
    if not rows:
        raise Gone(f"article {article_id} was erased")
    return rows[0]


def body(database: Database, article_id: UUID) -> str | None:
    """Return the body of an article as it was pushed; None once retention has removed it."""
    with database.read() as connection:
        return connection.execute(select(articles.c.body).where(articles.c.id == article_id)).scalar()


def list_articles(
    database: Database,
    *,
    guid: str,
    feed: str | None = None,
    before: UUID | None = None,
    limit: int,
    visible: Visible = None,
) -> list[StoredArticle]:
    """Return the articles of visible feeds with this guid, in all versions, the newest first.

    ``before`` is the last article of the previous page.
    """
    query = select(*_COLUMNS).where(articles.c.guid == guid).order_by(articles.c.id.desc()).limit(limit)
    if feed is not None:
        query = query.where(articles.c.feed == feed)
    if visible is not None:
        query = query.where(articles.c.feed.in_(sorted(visible)))
    if before is not None:
        query = query.where(articles.c.id < before)
    with database.read() as connection:
        return _with_jobs(connection, connection.execute(query).all())


def _feed_of_erased(connection: Connection, article_id: UUID) -> str | None:
    return connection.execute(select(erased.c.feed).where(erased.c.id == article_id)).scalar()


def _with_jobs(connection: Connection, rows: Sequence[Row[Any]]) -> list[StoredArticle]:
    columns = (jobs.c.id, jobs.c.article_id, jobs.c.analysis, jobs.c.state)
    query = select(*columns).where(jobs.c.article_id.in_([row.id for row in rows])).order_by(jobs.c.analysis.desc())
    by_article: dict[UUID, list[ArticleJob]] = {}
    for job in connection.execute(query):
        by_article.setdefault(job.article_id, []).append(ArticleJob(job.id, job.analysis, JobState(job.state)))
    return [_stored(row, tuple(by_article.get(row.id, ()))) for row in rows]


def _stored(row: Row[Any], article_jobs: tuple[ArticleJob, ...]) -> StoredArticle:
    return StoredArticle(
        id=row.id,
        story_id=row.story_id,
        feed=row.feed,
        guid=row.guid,
        version=row.version,
        revision=row.revision,
        url=row.url,
        title=row.title,
        byline=row.byline,
        language=row.language,
        published_at=published_at(row),
        received_at=instant(row.received_at),
        media_type=row.media_type,
        metadata=None if row.metadata is None else json.loads(row.metadata),
        withdrawn_at=None if row.withdrawn_at is None else instant(row.withdrawn_at),
        withdrawn_reason=row.withdrawn_reason,
        pubstatus=PubStatus(row.pubstatus),
        evolvedfrom=row.evolvedfrom,
        jobs=article_jobs,
    )
