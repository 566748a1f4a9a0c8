"""Results in a list."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.api.schemas.jobs import result_href
from services.contracts import Warned, cursors
from services.contracts.cursors import ResultCursor
from services.jobs.result_queries import StoredResult
from services.results.tombstones import Tombstone, TombstoneKind

_CURSOR: Final = "`after` of a request that continues behind this item"


class ResultItem(BaseModel):
    """A result: its article and job, and either its path or, on request, the whole document."""

    kind: Literal["result"] = "result"
    cursor: str = Field(description=_CURSOR)
    job_id: UUID
    article_id: UUID
    story_id: UUID | None
    feed: str
    guid: str | None
    version: str
    revision: int
    title: str | None
    url: str | None
    published_at: datetime | None
    stored_at: datetime
    attributions: int
    stances: int
    href: str
    etag: str
    result: dict[str, Any] | None = None


class TombstoneItem(BaseModel):
    """An article whose results no longer hold: ``withdrawn``, which can be undone, or ``erased``, of which IDs remain.

    ``job_id`` is the article's newest job; results of other jobs of the article do not hold either.
    """

    kind: TombstoneKind
    cursor: str = Field(description=_CURSOR)
    job_id: UUID
    article_id: UUID
    feed: str
    guid: str | None
    version: str | None
    revision: int | None
    stored_at: datetime
    reason: str


class ResultPage(BaseModel):
    """Results and tombstones in the order in which they were stored.

    A later request with ``after`` continues here and misses none.

    A client whose cursor lies before results that retention has removed gets the warning ``results_pruned`` once. One
    whose cursor is older than a restore of the database gets ``results_restored`` once and continues behind the last
    result that was restored; one whose cursor is of another database gets ``results_restarted`` and all results.
    """

    items: list[ResultItem | TombstoneItem]
    after: str
    warnings: list[Warned] = []


class ResultRow(BaseModel):
    """A result or a tombstone as a row of a table. Fields that the other kind alone has are null."""

    kind: str
    cursor: str
    job_id: UUID
    article_id: UUID
    feed: str
    guid: str | None
    version: str | None
    revision: int | None
    title: str | None = None
    url: str | None = None
    published_at: datetime | None = None
    stored_at: datetime
    attributions: int | None = None
    stances: int | None = None
    href: str | None = None
    etag: str | None = None
    reason: str | None = None


def result_row(item: ResultItem | TombstoneItem) -> ResultRow:
    """Return an item of a list as a row of a table."""
    return ResultRow.model_validate(item, from_attributes=True)


def result_item(stored: StoredResult | Tombstone, epoch: str, *, embed: bool) -> ResultItem | TombstoneItem:
    """Return a stored result as an item of a list, with its document if ``embed`` is set, or a tombstone."""
    cursor = cursors.encode_result(ResultCursor(epoch, stored.sequence))
    if isinstance(stored, Tombstone):
        fields = {name: getattr(stored, name) for name in TombstoneItem.model_fields if name != "cursor"}
        return TombstoneItem(cursor=cursor, **fields)
    job = stored.job
    return ResultItem(
        cursor=cursor,
        job_id=job.id,
        article_id=job.article_id,
        story_id=job.story_id,
        feed=job.feed,
        guid=job.guid,
        version=job.version,
        revision=job.revision,
        title=job.title,
        url=job.url,
        published_at=job.published_at,
        stored_at=stored.stored_at,
        attributions=stored.attributions,
        stances=stored.stances,
        href=result_href(job.id),
        etag=stored.etag,
        result=json.loads(stored.document) if embed else None,
    )
