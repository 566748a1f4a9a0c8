"""Responses about articles: the items of a batch, and the extent of an erasure."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel

from services.api.problems import Problem
from services.contracts import Warned


class BatchItem(BaseModel):
    """The answer to one article of a batch: its status, and either the job or the problem.

    ``line`` counts all lines of NDJSON from 1, and the items of any other document.
    """

    line: int
    status: int
    job_id: str | None = None
    href: str | None = None
    warnings: tuple[Warned, ...] = ()
    problem: Problem | None = None


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
