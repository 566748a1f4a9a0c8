"""Statements, stances and counts that searches return."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from .documents import Act, Kind, Model, Open, StanceLabel
from .frames import to_pandas

if TYPE_CHECKING:
    import pandas as pd


class _Item(Model):
    at: datetime
    feed: str
    article_id: UUID
    story_id: UUID | None
    guid: str | None
    title: str | None
    url: str | None
    job_id: UUID
    href: str
    start: int
    end: int
    cursor: str


class AttributionItem(_Item):
    """A statement, with its article. ``speaker`` is None if the source is not resolved."""

    id: str
    speaker: str | None
    source: str | None
    cue: str | None
    act: Open[Act] | None
    kind: Open[Kind]
    content: str
    score: float


class StanceItem(_Item):
    """A stance, with its article and evidence. ``holder`` is None for the article's own voice."""

    stance_id: str
    holder: str | None
    stance: Open[StanceLabel]
    target: str | None
    topic: str | None
    act: Open[Act] | None
    attribution: str | None
    evidence: str
    score: float


class Bucket(Model):
    """A day, week or month. Rates are stances in a thousand articles, None where there was no article."""

    start: date
    support: int
    oppose: int
    articles: int
    support_rate: float | None
    oppose_rate: float | None


class Timeline(Model):
    """Consecutive buckets, oldest first."""

    items: tuple[Bucket, ...]

    def to_pandas(self) -> pd.DataFrame:
        """Return the buckets as a data frame with their start as index. Needs the extra ``pandas``."""
        return to_pandas(self.items, Bucket).set_index("start")
