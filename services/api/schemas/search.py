"""Found attributions and stances: flat items, so that JSON, NDJSON and CSV have the same shape."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from services.api.schemas.jobs import result_href
from services.contracts import Act, Kind, StanceLabel, cursors, instant
from services.results.timeline import Bucket


class _Item(BaseModel):
    """The article and result of an item. Offsets count code points of the result's text."""

    at: AwareDatetime = Field(description="when the article was published, or received if that is unknown")
    feed: str
    article_id: UUID
    guid: str | None
    title: str | None
    url: str | None
    job_id: UUID
    story_id: UUID | None = Field(description="the story, with the copies of the article")
    href: str = Field(description="the whole result")
    start: int
    end: int
    cursor: str = Field(description="`cursor` of a request that continues after this item")


class AttributionItem(_Item):
    """A statement and the source that it is attributed to."""

    id: str = Field(description="the attribution's ID in the result")
    speaker: str | None = Field(description="the fullest name in the article; null if the source is not resolved")
    source: str | None
    cue: str | None
    act: Act | None
    kind: Kind
    content: str = Field(description="up to 4000 characters, without the text between its parts")
    score: float


class StanceItem(_Item):
    """A stance of a holder for or against a target or topic, and its evidence."""

    stance_id: str = Field(description="the stance's ID in the result")
    holder: str | None = Field(description="null is the voice of the article")
    stance: StanceLabel
    target: str | None
    topic: str | None
    act: Act | None = Field(description="of the attribution")
    attribution: str | None
    evidence: str = Field(description="up to 4000 characters")
    score: float


class AttributionPage(BaseModel):
    """Attributions, newest first; ``next`` is null on the last page."""

    items: list[AttributionItem]
    next: str | None


class StancePage(BaseModel):
    """Stances, newest first; ``next`` is null on the last page."""

    items: list[StanceItem]
    next: str | None


class Timeline(BaseModel):
    """Consecutive buckets, oldest first."""

    items: list[Bucket]


def attribution_item(row: Any) -> AttributionItem:
    """Convert a row of `services.results.search.find_attributions`."""
    return AttributionItem(id=row.item, **_article_fields(row), **_columns(row, AttributionItem, "id"))


def stance_item(row: Any) -> StanceItem:
    """Convert a row of `services.results.search.find_stances`."""
    return StanceItem(stance_id=row.item, **_article_fields(row), **_columns(row, StanceItem, "stance_id"))


def row_cursor(row: Any) -> str:
    """Return the cursor of a request that continues after this row of either kind."""
    return cursors.encode_page_key(row.at, row.id)


def _article_fields(row: Any) -> dict[str, Any]:
    return {"at": instant(row.at), "href": result_href(row.job_id), "cursor": row_cursor(row)}


def _columns(row: Any, model: type[BaseModel], *computed: str) -> dict[str, Any]:
    """Return the fields of ``model`` that are columns of the row under the same name."""
    return {name: getattr(row, name) for name in model.model_fields if name not in {"at", "href", "cursor", *computed}}
