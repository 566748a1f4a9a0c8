"""The copies of a story, their versions, and the state of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from services.contracts import JobState, instant
from services.database.engine import Database
from services.database.tables import articles, indexed_results, jobs, results
from services.errors import NotFound

Visible = Collection[str] | None  # the feeds that the caller may see; None for all


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a copy, with the newest job of its article.

    similarity: to the nearest copy when it was linked, 0 to 1; None for the first copy and before the analysis.
    has_result: whether its result is kept.
    """

    article_id: UUID
    version: str
    revision: int
    title: str | None
    url: str | None
    published_at: datetime | None
    received_at: datetime
    similarity: float | None
    withdrawn: bool
    job_id: UUID
    state: JobState
    reason_code: str | None
    reason_detail: str | None
    has_result: bool


@dataclass(frozen=True, slots=True)
class Copy:
    """An article of a feed in a story: all versions under its guid, oldest first.

    searched: whether searches include it: its newest version has a result and is not withdrawn.
    leads: whether it represents the story in searches across all feeds.
    """

    id: UUID  # of its first article
    feed: str
    guid: str | None
    versions: tuple[Version, ...]
    searched: bool
    leads: bool


def list_copies(
    database: Database, story_id: UUID, *, after: UUID | None = None, limit: int, visible: Visible = None
) -> list[Copy]:
    """Return copies of a story in visible feeds, in the order in which they arrived, after the copy ``after``.

    Raises `NotFound` if no visible feed has a copy.
    """
    in_story = [articles.c.story_id == story_id]
    if visible is not None:
        in_story.append(articles.c.feed.in_(sorted(visible)))
    earlier = articles.alias("earlier")
    same = and_(earlier.c.guid == articles.c.guid, earlier.c.feed == articles.c.feed, earlier.c.id < articles.c.id)
    is_first = or_(articles.c.guid.is_(None), ~exists(select(earlier.c.id).where(same, earlier.c.story_id == story_id)))
    firsts = select(articles.c.id, articles.c.feed, articles.c.guid).where(*in_story, is_first)
    if after is not None:
        firsts = firsts.where(articles.c.id > after)
    with database.read() as connection:
        copies = connection.execute(firsts.order_by(articles.c.id).limit(limit)).all()
        if not copies and connection.execute(select(articles.c.id).where(*in_story).limit(1)).first() is None:
            raise NotFound(f"there is no story {story_id}")
        rows = connection.execute(_versions(story_id, copies)).all()
        sequences = connection.execute(
            select(indexed_results.c.article_id, indexed_results.c.leads_story).where(
                indexed_results.c.article_id.in_([row.id for row in rows])
            )
        ).all()
    leads = {row.article_id: row.leads_story for row in sequences}
    versions: dict[tuple[str, str | UUID], list[Any]] = defaultdict(list)
    for row in rows:
        versions[row.feed, row.guid or row.id].append(row)
    return [_copy(copy, versions[copy.feed, copy.guid or copy.id], leads) for copy in copies]


def _versions(story_id: UUID, copies: Sequence[Any]) -> Select[Any]:
    """Select all versions of these copies with their newest jobs, also versions that have not been linked."""
    other = jobs.alias("other")
    newest = (
        select(func.max(other.c.analysis)).where(other.c.article_id == articles.c.id).correlate(articles)
    ).scalar_subquery()
    is_version: list[ColumnElement[bool]] = [articles.c.id.in_([copy.id for copy in copies if copy.guid is None])]
    is_version += [
        and_(articles.c.feed == copy.feed, articles.c.guid == copy.guid) for copy in copies if copy.guid is not None
    ]
    not_elsewhere = or_(articles.c.story_id == story_id, articles.c.story_id.is_(None))
    return (
        select(
            articles,
            jobs.c.id.label("job_id"),
            jobs.c.state,
            jobs.c.reason_code,
            jobs.c.reason_detail,
            results.c.sequence,
        )
        .select_from(articles)
        .join(jobs, and_(jobs.c.article_id == articles.c.id, jobs.c.analysis == newest))
        .outerjoin(results, results.c.job_id == jobs.c.id)
        .where(or_(*is_version), not_elsewhere)
        .order_by(articles.c.id)
    )


def _copy(copy: Any, versions: list[Any], leads: dict[UUID, bool]) -> Copy:
    return Copy(
        id=copy.id,
        feed=copy.feed,
        guid=copy.guid,
        versions=tuple(map(_version, versions)),
        searched=any(row.id in leads for row in versions),
        leads=any(leads.get(row.id, False) for row in versions),
    )


def _version(row: Any) -> Version:
    return Version(
        article_id=row.id,
        version=row.version,
        revision=row.revision,
        title=row.title,
        url=row.url,
        published_at=None if row.published_at is None else instant(row.published_at),
        received_at=instant(row.received_at),
        similarity=row.similarity,
        withdrawn=row.withdrawn_at is not None,
        job_id=row.job_id,
        state=JobState(row.state),
        reason_code=row.reason_code,
        reason_detail=row.reason_detail,
        has_result=row.sequence is not None,
    )
