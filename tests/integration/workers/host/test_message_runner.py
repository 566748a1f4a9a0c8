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
from sqlalchemy import Connection, event, select, update

from services.contracts import Analysis, Article, JobState, Pipeline, Result, instant
from services.database.counters import NO_LABEL, CounterName
from services.database.engine import Database
from services.database.tables import articles, jobs
from services.errors import PermanentError, TransientError
from services.jobs import actions, backlog, dispatch_window, queries, result_queries
from services.jobs.dispatch_window import Message, Requeued, WindowSize
from services.metrics import WorkerMetrics
from services.settings import Database as DatabaseSettings
from services.settings import Worker
from tests.support.api import url_of
from tests.support.ledger import article, fill, push, set_row, state_of
from workers.host.message_runner import Analyse, Checkpoint, MessageRunner

ONE_MESSAGE = WindowSize(per_slot=1, message_articles=8, message_words=10_000)
YEAR_10000_MS = 253_402_300_800_000
SETTINGS = Worker(lease_s=4, soft_limit_s=2, hard_limit_s=3, renew_s=5, backoff_s=60, max_attempts=3)


def analysis_of(pushed: Article) -> Analysis:
    return Analysis(language="en", pipeline=Pipeline(version="t", model="t", analysed_at=instant(0)), text=pushed.body)


def analyse_at_once(pushed: Article, checkpoint: Checkpoint) -> Analysis:
    checkpoint("reading")
    return analysis_of(pushed)


def run(
    database: Database, analyse: Analyse, settings: Worker = SETTINGS, stopping: Callable[[], bool] = bool
) -> tuple[int, CollectorRegistry]:
    """Dispatch one message and run it; return how many jobs were leased, and the metrics."""
    registry = CollectorRegistry()
    [message] = fill(database, ONE_MESSAGE)
    runner = MessageRunner(database, analyse, settings, WorkerMetrics(registry), stopping)
    return runner.run(message.id, message.job_ids), registry


def push_three(database: Database) -> list[UUID]:
    return [accepted.job_id for accepted in push(database, article("One."), article("Two."), article("Three."))]


def states(database: Database, ids: list[UUID]) -> list[JobState]:
    return [state_of(database, job_id) for job_id in ids]


def outcomes(registry: CollectorRegistry) -> dict[str, float]:
    return {
        sample.labels["outcome"]: sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "stancewire_article_seconds_count"
    }


def test_results_of_analysed_jobs_are_stored(database: Database) -> None:
    ids = push_three(database)
    leased, registry = run(database, analyse_at_once)
    assert leased == 3
    stored = [result for job_id in ids if (result := result_queries.result(database, job_id))]
    assert [result.job.id for result in stored] == ids
    assert '"text":"Two."' in stored[1].document
    assert outcomes(registry) == {"succeeded": 3}
    assert registry.get_sample_value("stancewire_stage_seconds_count", {"stage": "reading"}) == 3


def test_metadata_of_the_article_is_in_its_result(database: Database) -> None:
    [pushed] = push(database, article("One.", metadata={"section": "Café\x00", "tags": ["tram"]}))
    run(database, analyse_at_once)
    stored = result_queries.result(database, pushed.job_id)
    assert stored is not None
    assert Result.model_validate_json(stored.document).metadata == {"section": "Café\x00", "tags": ["tram"]}


def test_second_delivery_of_message_has_no_effect(database: Database) -> None:
    push_three(database)
    [message] = fill(database, ONE_MESSAGE)
    runner = MessageRunner(database, analyse_at_once, SETTINGS, WorkerMetrics(CollectorRegistry()))
    assert [runner.run(message.id, message.job_ids) for _ in range(2)] == [3, 0]
    assert backlog.snapshot(database).counters[CounterName.RESULTS, NO_LABEL] == 3


def test_permanent_error_fails_only_its_own_job(database: Database) -> None:
    ids = push_three(database)

    def analyse(pushed: Article, checkpoint: Checkpoint) -> Analysis:
        if pushed.body == "Two.":
            raise PermanentError("it is in French", code="language_unsupported")
        return analyse_at_once(pushed, checkpoint)

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
def test_transient_error_is_retried_with_backoff_until_dead(
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


def test_article_over_soft_limit_is_requeued(sqlite_database: Database) -> None:
    ids = push_three(sqlite_database)

    def analyse(pushed: Article, checkpoint: Checkpoint) -> Analysis:
        if pushed.body == "One.":
            time.sleep(0.15)
        return analyse_at_once(pushed, checkpoint)

    run(sqlite_database, analyse, SETTINGS.model_copy(update={"soft_limit_s": 0.1}))
    assert states(sqlite_database, ids) == [JobState.QUEUED, JobState.SUCCEEDED, JobState.SUCCEEDED]
    record = queries.job(sqlite_database, ids[0])
    assert record.reason_code == "deadline_exceeded"
    assert record.reason_detail == "longer than 0.1 s; last stage finished: reading"


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
    end = time.monotonic() + 20
    while JobState.RUNNING not in states(sqlite_database, ids):
        assert time.monotonic() < end
        time.sleep(0.01)
    began = time.monotonic()
    child.join(timeout=3)
    seconds = time.monotonic() - began
    is_hanging = child.is_alive()
    if is_hanging:
        child.kill()
    child.join()
    assert not is_hanging, "the hard limit did not end the process"
    assert seconds < 3
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


def test_job_whose_result_cannot_be_stored_is_released_without_attempt(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is not the article's fault, so it never makes the job dead."""
    monkeypatch.setattr("workers.host.message_runner.time.sleep", lambda _seconds: None)  # between attempts to close
    [pushed] = push(sqlite_database, article("word " * 20_000))
    event.listen(sqlite_database.engine, "begin", _forbid_growth)
    for _ in range(4):
        _, registry = run(sqlite_database, analyse_at_once)
        record = queries.job(sqlite_database, pushed.job_id)
        assert (record.state, record.attempts) == (JobState.QUEUED, 0)
        assert outcomes(registry) == {"lease_lost": 1}
    event.remove(sqlite_database.engine, "begin", _forbid_growth)
    with sqlite_database.write() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=4294967294")
    run(sqlite_database, analyse_at_once)
    assert state_of(sqlite_database, pushed.job_id) is JobState.SUCCEEDED


def _forbid_growth(connection: Connection) -> None:
    connection.exec_driver_sql("PRAGMA max_page_count=1")  # SQLite raises a lower limit to the current size


def test_close_is_retried_while_database_is_busy(sqlite_database: Database) -> None:
    [pushed] = push(sqlite_database, article())
    file = sqlite_database.sqlite_file()
    assert file is not None
    short_timeout = Database(url_of(sqlite_database), DatabaseSettings(busy_timeout_s=0.1))
    with contextlib.closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        release = threading.Timer(0.6, lambda: other.execute("ROLLBACK"))

        def analyse(article: Article, checkpoint: Checkpoint) -> Analysis:
            other.execute("BEGIN IMMEDIATE")
            release.start()
            return analyse_at_once(article, checkpoint)

        _, registry = run(short_timeout, analyse)
        release.join()
    short_timeout.dispose()
    assert state_of(sqlite_database, pushed.job_id) is JobState.SUCCEEDED
    assert outcomes(registry) == {"succeeded": 1}


def test_article_that_cannot_be_read_back_fails_alone(database: Database) -> None:
    ids = push_three(database)
    with database.write() as connection:
        middle = select(jobs.c.article_id).where(jobs.c.id == ids[1]).scalar_subquery()
        connection.execute(update(articles).where(articles.c.id == middle).values(published_at=YEAR_10000_MS))
    leased, registry = run(database, analyse_at_once)
    assert leased == 3
    assert states(database, ids) == [JobState.SUCCEEDED, JobState.FAILED, JobState.SUCCEEDED]
    assert outcomes(registry) == {"succeeded": 2, "failed": 1}
    assert queries.job(database, ids[1]).reason_code == "unreadable"


def test_job_that_cannot_be_closed_keeps_no_other_from_its_result(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = push_three(sqlite_database)

    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("the outcome cannot be stored")

    def fail_the_first(pushed: Article, _checkpoint: Checkpoint) -> Analysis:
        if pushed.body == "One.":
            raise PermanentError("no text")
        return analysis_of(pushed)

    monkeypatch.setattr("services.jobs.leases.fail", refuse)
    _, registry = run(sqlite_database, fail_the_first)
    assert states(sqlite_database, ids) == [JobState.RUNNING, JobState.SUCCEEDED, JobState.SUCCEEDED]
    assert outcomes(registry) == {"succeeded": 2, "lease_lost": 1}
