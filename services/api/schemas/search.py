"""What the read side answers with: one shape for JSON, NDJSON and CSV, so every item is flat."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from services.api.schemas.jobs import result_href
from services.contracts import Act, Kind, StanceLabel, cursors, instant
from services.results.timeline import Bucket


class _Found(BaseModel):
    """Where an item is from. Offsets are code points into the result's text."""

    at: AwareDatetime = Field(
        description="when the article was published; when it was received, where that is not known"
    )
    feed: str
    article_id: UUID
    guid: str | None
    title: str | None
    url: str | None
    job_id: UUID
    href: str = Field(description="the whole result")
    start: int
    end: int
    cursor: str = Field(description="`cursor` of a request that goes on behind this item")


class FoundAttribution(_Found):
    """A statement and whom it is attributed to."""

    attribution: str = Field(description="its ID in the result")
    speaker: str | None = Field(description="the fullest name that the article gives; null where it is not resolved")
    source: str | None
    cue: str | None
    act: Act | None
    kind: Kind
    content: str = Field(description="up to 4000 characters; what lies between its parts is left out")
    score: float


class FoundStance(_Found):
    """Who is for or against whom or what, and the words that show it."""

    stance_id: str = Field(description="its ID in the result")
    holder: str | None = Field(description="null: the article's own voice")
    stance: StanceLabel
    target: str | None
    topic: str | None
    act: Act | None = Field(description="of the attribution")
    attribution: str | None
    evidence: str = Field(description="up to 4000 characters")
    score: float


class AttributionPage(BaseModel):
    """Attributions, newest first; ``next`` is null on the last page."""

    items: list[FoundAttribution]
    next: str | None


class StancePage(BaseModel):
    """Stances, newest first; ``next`` is null on the last page."""

    items: list[FoundStance]
    next: str | None


class Timeline(BaseModel):
    """Buckets without a gap, oldest first."""

    items: list[Bucket]


def found_attribution(row: Any) -> FoundAttribution:
    """A row of :func:`services.results.search.find_attributions`."""
    return FoundAttribution(attribution=row.item, **_common(row), **_same(row, FoundAttribution, "attribution"))


def found_stance(row: Any) -> FoundStance:
    """A row of :func:`services.results.search.find_stances`."""
    return FoundStance(stance_id=row.item, **_common(row), **_same(row, FoundStance, "stance_id"))


def _common(row: Any) -> dict[str, Any]:
    return {"at": instant(row.at), "href": result_href(row.job_id), "cursor": cursors.encode_place(row.at, row.id)}


def _same(row: Any, model: type[BaseModel], *but: str) -> dict[str, Any]:
    left_out = {"at", "href", "cursor", *but}
    return {name: getattr(row, name) for name in model.model_fields if name not in left_out}
