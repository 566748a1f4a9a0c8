"""Leases while a message runs: extended, lost, released."""

from __future__ import annotations

import itertools
import multiprocessing
import time
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import select

from services.contracts import Analysis, Article, JobState
from services.database.engine import Database
from services.database.tables import jobs
from services.jobs import actions, dispatch_window, queries, result_queries
from services.jobs.dispatch_window import Message, Requeued
from services.metrics import WorkerMetrics
from services.settings import Database as DatabaseSettings
from services.settings import Worker
from tests.support.api import url_of
from tests.support.ledger import article, fill, push
from tests.support.message_runner import (
    ONE_MESSAGE,
    SETTINGS,
    analyse_at_once,
    outcomes,
    push_three,
    run,
    states,
)
from workers.host.message_runner import Checkpoint, MessageRunner


def run_in_child(url: str, message: Message) -> None:
    settings = Worker(lease_s=1.5, soft_limit_s=0.5, hard_limit_s=1, renew_s=5)
    database = Database(url, DatabaseSettings())
    MessageRunner(database, hang, settings, WorkerMetrics(CollectorRegistry())).run(message.id, message.job_ids)


def hang(_pushed: Article, _checkpoint: Checkpoint) -> Analysis:
    """Never return, call no checkpoint, and block all other Python threads with a single call into C."""
    sum(iter(int, 1))
    raise AssertionError("never reached")


def test_hanging_process_is_ended_and_its_jobs_are_requeued(sqlite_database: Database) -> None:
    ids = push_three(sqlite_database)
    [message] = fill(sqlite_database, ONE_MESSAGE)
    child = multiprocessing.get_context("spawn").Process(target=run_in_child, args=(url_of(sqlite_database), message))
    child.start()
    end = time.monotonic() + 60
    while JobState.RUNNING not in states(sqlite_database, ids):
        assert time.monotonic() < end
        time.sleep(0.01)
    began = time.monotonic()
    child.join(timeout=15)
    seconds = time.monotonic() - began
    is_hanging = child.is_alive()
    if is_hanging:
        child.kill()
    child.join()
    assert not is_hanging, "the hard limit did not end the process"
    assert child.exitcode == 1
    child.close()
    time.sleep(max(0, 1.7 - seconds))
    assert dispatch_window.requeue_expired_leases(sqlite_database, max_attempts=3, lease_s=1.5) == Requeued(requeued=3)
    assert {queries.job(sqlite_database, job_id).reason_code for job_id in ids} == {"worker_lost"}


def lease_of(database: Database, job_id: UUID) -> int:
    with database.read() as connection:
        lease_until: int = connection.execute(select(jobs.c.lease_until).where(jobs.c.id == job_id)).scalar_one()
    return lease_until


def test_leases_of_all_jobs_are_extended_during_long_article(database: Database) -> None:
    ids = push_three(database)
    leases: list[list[int]] = []

    def analyse(pushed: Article, checkpoint: Checkpoint) -> Analysis:
        if pushed.body == "One.":
            for _ in range(4):
                leases.append([lease_of(database, job_id) for job_id in ids])
                time.sleep(0.06)
                checkpoint("long")
        return analyse_at_once(pushed, checkpoint)

    run(database, analyse, SETTINGS.model_copy(update={"renew_s": 0.05}))
    for earlier, later in itertools.pairwise(leases):
        assert all(after > before for before, after in zip(earlier, later, strict=True)), (
            "leases of waiting jobs are extended too"
        )
    assert states(database, ids) == [JobState.SUCCEEDED] * 3


def test_leases_are_not_extended_before_renewal_interval(sqlite_database: Database) -> None:
    [pushed] = push(sqlite_database, article())
    leases: set[int] = set()

    def analyse(article: Article, checkpoint: Checkpoint) -> Analysis:
        for _ in range(50):
            checkpoint("short")
            leases.add(lease_of(sqlite_database, pushed.job_id))
        return analyse_at_once(article, checkpoint)

    run(sqlite_database, analyse)
    assert len(leases) == 1


def test_job_canceled_during_analysis_stores_nothing_and_others_continue(database: Database) -> None:
    ids = push_three(database)

    def analyse(pushed: Article, checkpoint: Checkpoint) -> Analysis:
        if pushed.body == "Two.":
            actions.cancel(database, ids[1])
        return analyse_at_once(pushed, checkpoint)

    _, registry = run(database, analyse)
    assert states(database, ids) == [JobState.SUCCEEDED, JobState.CANCELED, JobState.SUCCEEDED]
    assert result_queries.result(database, ids[1]) is None
    assert outcomes(registry) == {"succeeded": 2, "lease_lost": 1}


def test_checkpoint_ends_analysis_of_canceled_job(sqlite_database: Database) -> None:
    ids = push_three(sqlite_database)
    analysed = []

    def analyse(pushed: Article, checkpoint: Checkpoint) -> Analysis:
        if pushed.body == "One.":
            actions.cancel(sqlite_database, ids[0])
            actions.cancel(sqlite_database, ids[2])
            time.sleep(0.06)
            checkpoint("first")
        analysed.append(pushed.body)
        return analyse_at_once(pushed, checkpoint)

    run(sqlite_database, analyse, SETTINGS.model_copy(update={"renew_s": 0.05}))
    assert analysed == ["Two."], "neither the current job nor the waiting one, both canceled"
    assert states(sqlite_database, ids) == [JobState.CANCELED, JobState.SUCCEEDED, JobState.CANCELED]


def test_stopping_runner_releases_waiting_jobs_without_attempt(database: Database) -> None:
    ids = push_three(database)
    begun: list[str] = []

    def analyse(pushed: Article, checkpoint: Checkpoint) -> Analysis:
        begun.append(pushed.body)
        return analyse_at_once(pushed, checkpoint)

    leased, _ = run(database, analyse, stopping=lambda: bool(begun))
    assert (leased, begun) == (3, ["One."])
    assert states(database, ids) == [JobState.SUCCEEDED, JobState.QUEUED, JobState.QUEUED]
    assert [queries.job(database, job_id).attempts for job_id in ids] == [1, 0, 0]
    assert run(database, analyse_at_once)[0] == 2


@pytest.mark.parametrize("raised", [SystemExit, KeyboardInterrupt])
def test_exiting_process_releases_its_jobs_without_attempt(database: Database, raised: type[BaseException]) -> None:
    ids = push_three(database)

    def analyse(pushed: Article, checkpoint: Checkpoint) -> Analysis:
        if pushed.body == "Two.":
            raise raised
        return analyse_at_once(pushed, checkpoint)

    with pytest.raises(raised):
        run(database, analyse)
    assert states(database, ids) == [JobState.SUCCEEDED, JobState.QUEUED, JobState.QUEUED]
    assert [queries.job(database, job_id).attempts for job_id in ids] == [1, 0, 0]
