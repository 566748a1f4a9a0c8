"""Statements, stances and counts that searches return."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from .documents import Act, EntityType, Kind, Model, Open, StanceLabel, Warned
from .frames import to_pandas
from .models import JobState

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


class EntityItem(Model):
    """A name in articles. ``name`` is a value for ``speaker``, ``holder`` and ``target``.

    ``articles`` have it; it is the speaker of ``as_speaker`` attributions, and the holder and the target of as many
    stances as ``as_holder`` and ``as_target`` say.
    """

    name: str
    type: Open[EntityType]
    articles: int
    as_speaker: int
    as_holder: int
    as_target: int


class StoryVersion(Model):
    """A version of a copy, and what became of it.

    ``similarity`` is the estimated share of sequences of three words in common with the nearest copy when it was
    linked; None for the first copy, for short texts, and before the analysis. ``error`` is why its newest job has no
    result.
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
    state: Open[JobState]
    error: Warned | None
    job_href: str
    result_href: str | None


class StoryCopy(Model):
    """An article of a feed that is part of a story; title, address, time and similarity are of its newest version.

    ``searched``: whether searches with ``copies="all"`` find it. ``leads``: whether it represents the story in searches
    of all feeds. ``versions`` are oldest first.
    """

    feed: str
    guid: str | None
    title: str | None
    url: str | None
    published_at: datetime | None
    similarity: float | None
    searched: bool
    leads: bool
    versions: tuple[StoryVersion, ...]


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
