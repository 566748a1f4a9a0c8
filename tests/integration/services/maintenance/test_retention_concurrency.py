"""Retention beside other processes: a second run, workers, feeds, retries."""

from __future__ import annotations

import threading
import time
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from services.database import locks, tables
from services.database.engine import Database
from services.errors import Conflict, PermanentError
from services.jobs import actions, backlog, leases, queries, result_queries
from services.maintenance.retention import PrunedElsewhere, RetentionRunner
from services.settings import Retention
from tests.support.ledger import article, claim_all, push, result_of
from tests.support.retention import NEVER, QUICK, add_finished_job, age, has_body


def test_one_process_prunes_and_an_expired_lock_is_taken_over(database: Database) -> None:
    held = locks.acquire(database, "prune")
    assert held is not None
    with pytest.raises(PrunedElsewhere):
        RetentionRunner(database, QUICK).run(NEVER)
    for until in (0, 10**15):  # long past; and so far ahead that the clock must have been set back
        with database.write() as connection:
            connection.execute(update(tables.locks).values(held_until=until))
        RetentionRunner(database, QUICK).run(NEVER)
        held = locks.acquire(database, "prune")
        assert held is not None
    locks.release(database, held)
    assert locks.acquire(database, "prune") is not None


def test_run_that_lost_its_lock_stops_before_the_next_batch(database: Database) -> None:
    for _ in range(7):
        add_finished_job(database, 8)

    def overtake(_: object) -> None:
        with database.write() as connection:
            connection.execute(update(tables.locks).values(held_until=0))
        assert locks.acquire(database, "prune") is not None

    with pytest.raises(PrunedElsewhere, match="took over"):
        RetentionRunner(database, QUICK).run(NEVER, overtake)
    assert sum(has_body(database, record.id) for record in queries.list_jobs(database, limit=10)) == 4


def test_pruning_and_workers_run_at_the_same_time(database: Database) -> None:
    """A worker stores results, and a feed pushes, while everything old goes in small steps."""
    old = [add_finished_job(database, 40 + number / 1000) for number in range(24)]
    pruned: list[Any] = []
    thread = threading.Thread(
        target=lambda: pruned.append(RetentionRunner(database, Retention(batch=2, pause_s=0.01)).run(NEVER))
    )
    thread.start()
    young: list[UUID] = []
    while thread.is_alive():
        young.append(push(database, article(f"Young {len(young)}."))[0].job_id)
        for claimed in claim_all(database):
            leases.complete(database, claimed, result_of(claimed))
        time.sleep(0.01)
    thread.join()
    assert (pruned[0]["bodies"], pruned[0]["results"]) == (24, 24)
    assert young
    assert all(result_queries.result(database, job_id) for job_id in young)
    assert not any(result_queries.result(database, job_id) for job_id in old)
    ended = backlog.snapshot(database).counters["finished", "succeeded"]  # type: ignore[index]  # a StrEnum is its value
    assert ended == 24 + len(young)


def test_concurrent_retry_and_pruning_leave_no_queued_job_without_body(database: Database) -> None:
    """Whichever of the two comes first, a queued job always has its body."""
    for number in range(6):
        job_id = push(database, article(f"Story {number}."))[0].job_id
        leases.requeue(database, claim_all(database)[0], PermanentError("x"), max_attempts=1, delay_s=0)
        age(database, job_id, 8 + number)
        outcomes: list[str] = []

        def retry(job_id: UUID = job_id, outcomes: list[str] = outcomes) -> None:
            try:
                actions.retry(database, job_id)
            except Conflict as refused:
                outcomes.append(refused.code)
            else:
                outcomes.append("queued")

        thread = threading.Thread(target=retry)
        thread.start()
        RetentionRunner(database, Retention(pause_s=0)).run(NEVER)
        thread.join()
        assert (outcomes, has_body(database, job_id)) in ((["queued"], True), (["body_pruned"], False))
        actions.cancel(database, job_id) if outcomes == ["queued"] else None
