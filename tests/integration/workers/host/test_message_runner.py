from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import sqlite3
import threading
import time
from collections.abc import Callable
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection, event, select

from services.contracts import Analysis, Article, JobState, Pipeline, instant
from services.database.counters import NO_LABEL, CounterName
from services.database.engine import Database
from services.database.tables import jobs
from services.errors import PermanentError, TransientError
from services.jobs import actions, dispatch_window, queries
from services.jobs.dispatch_window import Message, Requeued, WindowSize
from services.metrics import WorkerMetrics
from services.settings import Database as DatabaseSettings
from services.settings import Worker
from tests.support.api import url_of
from tests.support.ledger import article, fill, push, set_row, state_of
from workers.host.message_runner import Analyse, Checkpoint, MessageRunner

TOGETHER = WindowSize(per_slot=1, message_articles=8, message_words=10_000)
QUICK = Worker(lease_s=4, soft_limit_s=2, hard_limit_s=3, renew_s=5, backoff_s=60, max_attempts=3)


def analysis_of(pushed: Article) -> Analysis:
    return Analysis(language="en", pipeline=Pipeline(version="t", model="t", analysed_at=instant(0)), text=pushed.body)


def plain(pushed: Article, checkpoint: Checkpoint) -> Analysis:
    checkpoint("reading")
    return analysis_of(pushed)


def run(
    database: Database, analyse: Analyse, settings: Worker = QUICK, stopping: Callable[[], bool] = bool
) -> tuple[int, CollectorRegistry]:
    """Dispatch one message and work it off; returns how many jobs were ours, and what was measured."""
    registry = CollectorRegistry()
    [message] = fill(database, TOGETHER)
    batch = MessageRunner(database, analyse, settings, WorkerMetrics(registry), stopping)
    return batch.run(message.id, message.job_ids), registry


def three(database: Database) -> list[UUID]:
    return [one.job_id for one in push(database, article("One."), article("Two."), article("Three."))]


def states(database: Database, ids: list[UUID]) -> list[JobState]:
    return [state_of(database, job_id) for job_id in ids]


def outcomes(registry: CollectorRegistry) -> dict[str, float]:
    return {
        sample.labels["outcome"]: sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "stancewire_article_seconds_count"
    }


def test_all_that_goes_well_is_stored(database: Database) -> None:
    ids = three(database)
    ours, registry = run(database, plain)
    assert ours == 3
    assert [queries.result(database, job_id).job.id for job_id in ids] == ids
    assert '"text":"Two."' in queries.result(database, ids[1]).document
    assert outcomes(registry) == {"succeeded": 3}
    assert registry.get_sample_value("stancewire_stage_seconds_count", {"stage": "reading"}) == 3


def test_a_doubled_message_does_nothing(database: Database) -> None:
    three(database)
    [message] = fill(database, TOGETHER)
    batch = MessageRunner(database, plain, QUICK, WorkerMetrics(CollectorRegistry()))
    assert [batch.run(message.id, message.job_ids) for _ in range(2)] == [3, 0]
    assert queries.backlog_snapshot(database).counters[CounterName.RESULTS, NO_LABEL] == 3


def test_an_article_that_cannot_be_analysed_fails_alone(database: Database) -> None:
    ids = three(database)

    def analyse(pushed: Article, checkpoint: Checkpoint) -> Analysis:
        if pushed.body == "Two.":
            raise PermanentError("it is in French", code="language_unsupported")
        return plain(pushed, checkpoint)

    _, registry = run(database, analyse)
    assert states(database, ids) == [JobState.SUCCEEDED, JobState.FAILED, JobState.SUCCEEDED]
    record = queries.job(database, ids[1])
    assert (record.reason_code, record.reason_detail) == ("language_unsupported", "it is in French")
    assert outcomes(registry) == {"succeeded": 2, "failed": 1}


@pytest.mark.parametrize(
    ("raised", "code", "detail"),
    [
        (TransientError("the model was not ready"), "temporary", "the model was not ready"),
        (RecursionError("too deep \ud800\x00"), "defect", "RecursionError: too deep ?\\0"),
        (MemoryError(), "defect", "MemoryError: "),
    ],
    ids=["transient", "defect", "memory"],
)
def test_what_may_pass_is_tried_later_and_then_dead(
    database: Database, raised: Exception, code: str, detail: str
) -> None:
    [pushed] = push(database, article())

    def analyse(_pushed: Article, _checkpoint: Checkpoint) -> Analysis:
        raise raised

    for attempt in (1, 2, 3):
        _, registry = run(database, analyse)
        record = queries.job(database, pushed.job_id)
        assert (record.attempts, record.reason_code, record.reason_detail) == (attempt, code, detail)
        assert record.state is (JobState.DEAD if attempt == 3 else JobState.QUEUED)
        assert outcomes(registry) == {"dead" if attempt == 3 else "retried": 1}
        if attempt < 3:
            delay = record.next_run_at.timestamp() - time.time()
            assert 0.7 * 60 * 2 ** (attempt - 1) < delay < 1.3 * 60 * 2 ** (attempt - 1)
            assert fill(database) == []
            set_row(database, pushed.job_id, next_run_at=0)


def test_an_article_over_its_soft_limit_is_tried_again(sqlite_database: Database) -> None:
    ids = three(sqlite_database)

    def analyse(pushed: Article, checkpoint: Checkpoint) -> Analysis:
        if pushed.body == "One.":
            time.sleep(0.15)
        return plain(pushed, checkpoint)

    run(sqlite_database, analyse, QUICK.model_copy(update={"soft_limit_s": 0.1}))
    assert states(sqlite_database, ids) == [JobState.QUEUED, JobState.SUCCEEDED, JobState.SUCCEEDED]
    record = queries.job(sqlite_database, ids[0])
    assert record.reason_code == "deadline_exceeded"
    assert record.reason_detail == "longer than 0.1 s; last stage finished: reading"


def work_in_a_child(url: str, message: Message) -> None:
    settings = Worker(lease_s=1.5, soft_limit_s=0.5, hard_limit_s=1, renew_s=5)
    database = Database(url, DatabaseSettings())
    MessageRunner(database, sleepless, settings, WorkerMetrics(CollectorRegistry())).run(message.id, message.job_ids)


def sleepless(_pushed: Article, _checkpoint: Checkpoint) -> Analysis:
    """Never returns, never checks, and lets no other thread of Python run: one call into C."""
    sum(iter(int, 1))
    raise AssertionError("never reached")


def test_a_process_that_hangs_is_ended_and_its_jobs_run_again(sqlite_database: Database) -> None:
    ids = three(sqlite_database)
    [message] = fill(sqlite_database, TOGETHER)
    child = multiprocessing.get_context("spawn").Process(
        target=work_in_a_child, args=(url_of(sqlite_database), message)
    )
    child.start()
    end = time.monotonic() + 20
    while JobState.RUNNING not in states(sqlite_database, ids):
        assert time.monotonic() < end
        time.sleep(0.01)
    began = time.monotonic()
    child.join(timeout=3)
    took = time.monotonic() - began
    hung = child.is_alive()
    if hung:
        child.kill()
    child.join()
    assert not hung, "the hard limit did not end it"
    assert took < 3
    assert child.exitcode == 1
    child.close()
    time.sleep(max(0, 1.7 - took))
    assert dispatch_window.requeue_expired_leases(sqlite_database, max_attempts=3, lease_s=1.5) == Requeued(requeued=3)
    assert {queries.job(sqlite_database, job_id).reason_code for job_id in ids} == {"worker_lost"}


def lease_of(database: Database, job_id: UUID) -> int:
    with database.read() as connection:
        return connection.execute(select(jobs.c.lease_until).where(jobs.c.id == job_id)).scalar_one()


def test_leases_are_renewed_while_an_article_takes_long(database: Database) -> None:
    ids = three(database)
    leases: list[list[int]] = []

    def analyse(pushed: Article, checkpoint: Checkpoint) -> Analysis:
        if pushed.body == "One.":
            for _ in range(4):
                leases.append([lease_of(database, job_id) for job_id in ids])
                time.sleep(0.06)
                checkpoint("long")
        return plain(pushed, checkpoint)

    run(database, analyse, QUICK.model_copy(update={"renew_s": 0.05}))
    for earlier, later in itertools.pairwise(leases):
        assert all(after > before for before, after in zip(earlier, later, strict=True)), "of the waiting ones, too"
    assert states(database, ids) == [JobState.SUCCEEDED] * 3


def test_leases_are_not_renewed_more_often_than_needed(sqlite_database: Database) -> None:
    [pushed] = push(sqlite_database, article())
    leases: set[int] = set()

    def analyse(article: Article, checkpoint: Checkpoint) -> Analysis:
        for _ in range(50):
            checkpoint("short")
            leases.add(lease_of(sqlite_database, pushed.job_id))
        return plain(article, checkpoint)

    run(sqlite_database, analyse)
    assert len(leases) == 1


def test_a_job_canceled_in_the_middle_stores_nothing_and_the_rest_goes_on(database: Database) -> None:
    ids = three(database)

    def analyse(pushed: Article, checkpoint: Checkpoint) -> Analysis:
        if pushed.body == "Two.":
            actions.cancel(database, ids[1])
        return plain(pushed, checkpoint)

    _, registry = run(database, analyse)
    assert states(database, ids) == [JobState.SUCCEEDED, JobState.CANCELED, JobState.SUCCEEDED]
    assert queries.result(database, ids[1]) is None
    assert outcomes(registry) == {"succeeded": 2, "lease_lost": 1}


def test_a_checkpoint_ends_the_work_on_a_canceled_job(sqlite_database: Database) -> None:
    ids = three(sqlite_database)
    reached = []

    def analyse(pushed: Article, checkpoint: Checkpoint) -> Analysis:
        if pushed.body == "One.":
            actions.cancel(sqlite_database, ids[0])
            actions.cancel(sqlite_database, ids[2])
            time.sleep(0.06)
            checkpoint("first")
        reached.append(pushed.body)
        return plain(pushed, checkpoint)

    run(sqlite_database, analyse, QUICK.model_copy(update={"renew_s": 0.05}))
    assert reached == ["Two."], "neither the one at hand nor the one that waited"
    assert states(sqlite_database, ids) == [JobState.CANCELED, JobState.SUCCEEDED, JobState.CANCELED]


def test_told_to_stop_the_rest_is_given_back_with_its_attempt(database: Database) -> None:
    ids = three(database)
    begun: list[str] = []

    def analyse(pushed: Article, checkpoint: Checkpoint) -> Analysis:
        begun.append(pushed.body)
        return plain(pushed, checkpoint)

    ours, _ = run(database, analyse, stopping=lambda: bool(begun))
    assert (ours, begun) == (3, ["One."])
    assert states(database, ids) == [JobState.SUCCEEDED, JobState.QUEUED, JobState.QUEUED]
    assert [queries.job(database, job_id).attempts for job_id in ids] == [1, 0, 0]
    assert run(database, plain)[0] == 2


@pytest.mark.parametrize("raised", [SystemExit, KeyboardInterrupt])
def test_a_process_that_is_told_to_exit_gives_back_what_it_holds(
    database: Database, raised: type[BaseException]
) -> None:
    ids = three(database)

    def analyse(pushed: Article, checkpoint: Checkpoint) -> Analysis:
        if pushed.body == "Two.":
            raise raised
        return plain(pushed, checkpoint)

    with pytest.raises(raised):
        run(database, analyse)
    assert states(database, ids) == [JobState.SUCCEEDED, JobState.QUEUED, JobState.QUEUED]
    assert [queries.job(database, job_id).attempts for job_id in ids] == [1, 0, 0]


def test_a_result_that_cannot_be_stored_goes_back_with_its_attempt(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full is not the article's fault: however often it is full, the job is not dead."""
    monkeypatch.setattr("workers.host.message_runner.time.sleep", lambda _seconds: None)  # between the tries
    [pushed] = push(sqlite_database, article("word " * 20_000))
    event.listen(sqlite_database.engine, "begin", _let_it_not_grow)
    for _ in range(4):
        _, registry = run(sqlite_database, plain)
        record = queries.job(sqlite_database, pushed.job_id)
        assert (record.state, record.attempts) == (JobState.QUEUED, 0)
        assert outcomes(registry) == {"lease_lost": 1}
    event.remove(sqlite_database.engine, "begin", _let_it_not_grow)
    with sqlite_database.write() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=4294967294")
    run(sqlite_database, plain)
    assert state_of(sqlite_database, pushed.job_id) is JobState.SUCCEEDED


def _let_it_not_grow(connection: Connection) -> None:
    connection.exec_driver_sql("PRAGMA max_page_count=1")  # fewer than there are means: as many as there are


def test_a_database_that_is_busy_at_the_close_is_asked_again(sqlite_database: Database) -> None:
    [pushed] = push(sqlite_database, article())
    file = sqlite_database.sqlite_file()
    assert file is not None
    impatient = Database(url_of(sqlite_database), DatabaseSettings(busy_timeout_s=0.1))
    with contextlib.closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        release = threading.Timer(0.6, lambda: other.execute("ROLLBACK"))

        def analyse(article: Article, checkpoint: Checkpoint) -> Analysis:
            other.execute("BEGIN IMMEDIATE")
            release.start()
            return plain(article, checkpoint)

        _, registry = run(impatient, analyse)
        release.join()
    impatient.dispose()
    assert state_of(sqlite_database, pushed.job_id) is JobState.SUCCEEDED
    assert outcomes(registry) == {"succeeded": 1}
