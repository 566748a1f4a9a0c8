"""Responses about articles: the article itself, the items of a batch, and the extent of an erasure."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from services.api.problems import Problem
from services.api.schemas.jobs import job_href, result_href
from services.contracts import JobState, Link, PubStatus, Warned
from services.jobs import article_queries
from services.jobs.article_queries import StoredArticle


class ArticleJob(BaseModel):
    """One analysis of an article. ``result`` is null unless the job succeeded and the article is not withdrawn."""

    id: UUID
    analysis: int
    state: JobState
    href: str
    result: Link | None


class ArticleView(BaseModel):
    """An accepted article, as its feed pushed it, with its jobs, newest first. Times are in UTC."""

    id: UUID
    story_id: UUID | None = Field(description="the story of its copies; null until it was analysed")
    feed: str
    guid: str | None
    version: str
    revision: int = Field(description="counts the texts that were pushed under the same guid and version, from 1")
    url: str | None
    title: str | None
    byline: str | None
    language: str | None
    published_at: AwareDatetime | None
    received_at: AwareDatetime
    media_type: str
    metadata: dict[str, Any] | None
    withdrawn_at: AwareDatetime | None
    withdrawn_reason: str | None
    pubstatus: PubStatus
    evolvedfrom: str | None
    jobs: list[ArticleJob]
    body: str | None = Field(None, description="with `embed=body`, as long as retention keeps it")


class ArticlePage(BaseModel):
    """Articles, newest first; ``next`` is null on the last page."""

    items: list[ArticleView]
    next: str | None


def article_view(article: StoredArticle, body: str | None = None) -> ArticleView:
    """Return an article as the API shows it."""
    fields = {name: getattr(article, name) for name in ArticleView.model_fields if name not in {"jobs", "body"}}
    views = [
        ArticleJob(
            id=job.id,
            analysis=job.analysis,
            state=job.state,
            href=job_href(job.id),
            result=Link(href=result_href(job.id)) if _has_result(article, job) else None,
        )
        for job in article.jobs
    ]
    return ArticleView(**fields, jobs=views, body=body)


def _has_result(article: StoredArticle, job: article_queries.ArticleJob) -> bool:
    return job.state is JobState.SUCCEEDED and article.withdrawn_at is None


class BatchItem(BaseModel):
    """The answer to one article of a batch: its status, and either the job or the problem.

    ``line`` counts all lines of NDJSON from 1, and the items of any other document. ``retry_after`` (seconds) says that
    the same article may be accepted later.
    """

    line: int
    status: int
    job_id: str | None = None
    href: str | None = None
    warnings: tuple[Warned, ...] = ()
    problem: Problem | None = None
    retry_after: int | None = None


class BatchAnswer(BaseModel):
    """The answer to a batch. ``errors`` is true if any article has a problem."""

    errors: bool
    items: list[BatchItem]


class Erasure(BaseModel):
    """The extent of an erasure. ``log_emptied``: SQLite's write-ahead log holds no copy of it any more either."""

    article_id: UUID
    jobs: int
    results: int
    log_emptied: bool
