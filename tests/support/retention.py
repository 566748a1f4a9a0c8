"""Jobs that finished in the past, and settings to prune them quickly."""

from __future__ import annotations

import threading
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update

from services.database.engine import Database
from services.database.tables import (
    articles,
    jobs,
    results,
)
from services.settings import Retention
from tests.support.api import complete_job
from tests.support.ledger import article, push

DAY = 86_400_000
NEVER = threading.Event()
QUICK = Retention(batch=3, pause_s=0)


def age(database: Database, job_id: UUID, days: float) -> None:
    """Shift a finished job and its result into the past."""
    with database.write() as connection:
        connection.execute(
            update(jobs).where(jobs.c.id == job_id).values(finished_at=jobs.c.finished_at - int(days * DAY))
        )
        connection.execute(
            update(results).where(results.c.job_id == job_id).values(stored_at=results.c.stored_at - int(days * DAY))
        )


def add_finished_job(database: Database, days: float, feed: str = "wire", **fields: Any) -> UUID:
    """Add a job that succeeded ``days`` ago and return its ID."""
    [pushed] = push(database, article(f"Story of {days} days.", feed=feed, **({"guid": uuid4().hex} | fields)))
    complete_job(database, pushed.job_id)
    age(database, pushed.job_id, days)
    return pushed.job_id


def has_body(database: Database, job_id: UUID) -> bool:
    with database.read() as connection:
        query = select(articles.c.body).join(jobs, jobs.c.article_id == articles.c.id).where(jobs.c.id == job_id)
        return connection.execute(query).scalar_one() is not None
