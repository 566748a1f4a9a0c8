"""Articles to push, and what the API answers about articles, jobs and results."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from .documents import Model, Open, Result, Warned
from .errors import ApiError, Problem, error_from_problem


class Article(BaseModel):
    """An article to push. ``guid`` and ``version`` are the sender's own names for it.

    Only ``body`` is needed, and not even that if ``pubstatus`` is ``canceled``, which withdraws the story of ``guid``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    body: str | None = None
    feed: str | None = None
    guid: str | None = None
    version: str | None = None
    url: str | None = None
    title: str | None = None
    byline: str | None = None
    language: str | None = None
    published_at: datetime | str | None = None
    pubstatus: Literal["usable", "withheld", "canceled"] | None = None
    embargoed: datetime | str | None = None
    versioncreated: datetime | str | None = None
    evolvedfrom: str | None = None
    media_type: str | None = None
    metadata: dict[str, Any] | None = None


class JobState(StrEnum):
    """The states of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    DEAD = "dead"
    CANCELED = "canceled"
    HELD = "held"


class Link(Model):
    """A link, relative to the service's address."""

    href: str


class JobMetadata(Model):
    """The state of a job, and its article."""

    state: Open[JobState]
    article_id: UUID
    feed: str
    guid: str | None
    version: str
    revision: int
    title: str | None
    analysis: int
    priority: int
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    withdrawn_at: datetime | None = None
    url: str | None = None
    published_at: datetime | None = None
    story_id: UUID | None = None
    pubstatus: str = "usable"
    held_until: datetime | None = None
    evolvedfrom: str | None = None
    evolvedfrom_job: UUID | None = None


class Job(Model):
    """The analysis of an article. A job that is ``done`` has a result or an error."""

    schema_version: str = Field(default="stancewire.job/1", alias="schema")
    id: UUID
    done: bool
    metadata: JobMetadata
    result: Link | None = None
    error: Warned | None = None
    warnings: tuple[Warned, ...] = ()

    @property
    def state(self) -> str:
        """The state of the job."""
        return self.metadata.state

    @property
    def succeeded(self) -> bool:
        """Whether the job has a result, which was not withdrawn."""
        return self.result is not None


class BatchItem(Model):
    """The outcome of one article of a batch: its job, or the problem for which it was refused.

    ``line`` counts the articles of the batch from 1. ``status`` is 202 (accepted), 200 (accepted before), or that of
    the problem. ``retry_after`` (seconds) says that the same article may be accepted later.
    """

    line: int
    status: int
    job_id: UUID | None = None
    href: str | None = None
    warnings: tuple[Warned, ...] = ()
    problem: Problem | None = None
    retry_after: int | None = None

    @property
    def accepted(self) -> bool:
        """Whether the article has a job."""
        return self.problem is None

    @property
    def error(self) -> ApiError | None:
        """The problem as an exception, to be raised."""
        return None if self.problem is None else error_from_problem(self.problem, retry_after_s=self.retry_after)


class Batch(Model):
    """The outcomes of the articles of a batch, in order. ``errors``: whether any was refused."""

    errors: bool
    items: tuple[BatchItem, ...]

    @property
    def job_ids(self) -> tuple[UUID, ...]:
        """The jobs of the accepted articles."""
        return tuple(item.job_id for item in self.items if item.job_id is not None)


class ArticleJob(Model):
    """One analysis of an article."""

    id: UUID
    analysis: int
    state: Open[JobState]
    href: str
    result: Link | None


class StoredArticle(Model):
    """An accepted article, as its feed pushed it, with its jobs, newest first; with its ``body`` if asked for."""

    id: UUID
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
    story_id: UUID | None
    withdrawn_reason: str | None
    pubstatus: str
    evolvedfrom: str | None
    jobs: tuple[ArticleJob, ...]
    body: str | None = None


class ResultItem(Model):
    """A result in the list of results; ``result`` is the whole document if it was asked for."""

    kind: Literal["result"] = "result"
    cursor: str | None = None  # services of before did not send it
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
    result: Result | None = None


class Tombstone(Model):
    """An article in the list of results whose results no longer hold: remove what was derived from them.

    ``kind`` is ``withdrawn``, which can be undone, or ``erased``, of which IDs remain. ``job_id`` is the article's
    newest job; results of its other jobs do not hold either.
    """

    kind: str
    cursor: str | None = None  # services of before did not send it
    job_id: UUID
    article_id: UUID
    feed: str
    guid: str | None
    version: str | None
    revision: int | None
    stored_at: datetime
    reason: str


ListedResult = Annotated[ResultItem | Tombstone, Field(union_mode="left_to_right")]


class ResultPage(Model):
    """Results and tombstones in the order in which they were stored. ``after`` is the cursor of what follows."""

    items: tuple[ListedResult, ...]
    after: str
    warnings: tuple[Warned, ...] = ()


class Topic(Model):
    """A topic that articles are matched against."""

    id: str
    name: str
    aliases: tuple[str, ...]
    claim: str
    created_at: datetime
    changed_at: datetime
    retired_at: datetime | None


class Feed(Model):
    """A registered feed."""

    name: str
    description: str
    queued_limit: int | None
    rate_per_s: float | None
    paused_at: datetime | None
    created_at: datetime
    created_by: str
