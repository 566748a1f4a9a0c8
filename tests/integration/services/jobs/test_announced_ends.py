"""Events that the ends of jobs leave in the outbox, from which webhooks get their messages."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from services.database.engine import Database
from services.database.tables import events
from services.errors import PermanentError, TransientError
from services.jobs import dispatch_window, leases
from services.jobs.leases import LeasedJob
from tests.support.ledger import article, claim_all, push, result_of
from tests.support.webhooks import add_webhook

NOT_READY = TransientError("not ready")


def complete(database: Database, job: LeasedJob) -> None:
    leases.complete(database, job, result_of(job))


def fail(database: Database, job: LeasedJob) -> None:
    leases.fail(database, job, PermanentError("no text", code="empty"))


def give_up(database: Database, job: LeasedJob) -> None:
    leases.requeue(database, job, NOT_READY, max_attempts=1, delay_s=0)


def try_again(database: Database, job: LeasedJob) -> None:
    leases.requeue(database, job, NOT_READY, max_attempts=2, delay_s=0)


def lose_the_worker(database: Database, job: LeasedJob) -> None:
    leases.expire(database, job.token)
    dispatch_window.requeue_expired_leases(database, max_attempts=1, lease_s=30)


LOST = "the worker was lost while analysing it; attempt 1"


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (complete, [("result.ready", {})]),
        (fail, [("job.failed", {"code": "empty", "detail": "no text", "attempts": 1})]),
        (give_up, [("job.dead", {"code": "temporary", "detail": "not ready", "attempts": 1})]),
        (lose_the_worker, [("job.dead", {"code": "worker_lost", "detail": LOST, "attempts": 1})]),
        (try_again, []),
    ],
)
def test_end_of_a_job_is_announced_with_its_article_and_reason(
    sqlite_database: Database,
    end: Callable[[Database, LeasedJob], None],
    expected: list[tuple[str, dict[str, Any]]],
) -> None:
    add_webhook(sqlite_database, "https://receiver.example/")
    push(sqlite_database, article(feed="wire"))
    [job] = claim_all(sqlite_database)
    end(sqlite_database, job)
    with sqlite_database.read() as connection:
        rows = connection.execute(select(events)).all()
    assert [(row.type, json.loads(row.detail)) for row in rows] == expected
    assert all((row.feed, row.article_id, row.job_id) == ("wire", job.article_id, job.job_id) for row in rows)
