from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Sequence

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection, event, select, update

from services.contracts import Analysis, Article, JobState, Result
from services.database.counters import NO_LABEL, CounterName
from services.database.engine import Database
from services.database.tables import articles, jobs
from services.errors import PermanentError, TransientError
from services.jobs import backlog, queries, result_queries
from services.metrics import WorkerMetrics
from services.settings import Database as DatabaseSettings
from tests.support.api import url_of
from tests.support.ledger import article, fill, push, set_row, state_of
from tests.support.message_runner import (
    ONE_MESSAGE,
    SETTINGS,
    analyse_at_once,
    analysis_of,
    outcomes,
    push_three,
    run,
    states,
)
from workers.host import message_runner
from workers.host.message_runner import Checkpoint, MessageRunner

YEAR_10000_MS = 253_402_300_800_000


def test_results_of_analysed_jobs_are_stored(database: Database) -> None:
    ids = push_three(database)
    leased, registry = run(database, analyse_at_once)
    assert leased == 3
    stored = [result for job_id in ids if (result := result_queries.result(database, job_id))]
    assert [result.job.id for result in stored] == ids
    assert '"text":"Two."' in stored[1].document
    assert outcomes(registry) == {"succeeded": 3}
    assert registry.get_sample_value("stancewire_stage_seconds_count", {"stage": "reading"}) == 3


def test_articles_of_a_message_are_encoded_together_before_the_first_is_analysed(database: Database) -> None:
    push_three(database)
    [message] = fill(database, ONE_MESSAGE)
    steps: list[str] = []

    def analyse(pushed: Article, checkpoint: Checkpoint) -> Analysis:
        steps.append(pushed.body)
        return analyse_at_once(pushed, checkpoint)

    def encode_ahead(articles: Sequence[Article]) -> int:
        steps.append(f"{len(articles)} together")
        return len(articles)

    metrics = WorkerMetrics(CollectorRegistry())
    MessageRunner(database, analyse, SETTINGS, metrics, encode_ahead=encode_ahead).run(message.id, message.job_ids)
    assert steps == ["3 together", "One.", "Two.", "Three."]


def test_fault_in_encoding_ahead_leaves_each_article_to_itself(database: Database) -> None:
    ids = push_three(database)
    [message] = fill(database, ONE_MESSAGE)

    def encode_ahead(articles: Sequence[Article]) -> int:
        raise RuntimeError("the GPU has no memory left")

    metrics = WorkerMetrics(CollectorRegistry())
    runner = MessageRunner(database, analyse_at_once, SETTINGS, metrics, encode_ahead=encode_ahead)
    assert runner.run(message.id, message.job_ids) == 3
    assert states(database, ids) == [JobState.SUCCEEDED] * 3


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
    ],
    ids=["transient", "defect"],
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


def test_process_that_is_out_of_memory_ends_and_gives_the_other_jobs_back(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = push_three(sqlite_database)
    ends: list[str] = []
    monkeypatch.setattr(message_runner, "end_process", lambda: ends.append("ended"))

    def analyse(_pushed: Article, _checkpoint: Checkpoint) -> Analysis:
        raise MemoryError

    run(sqlite_database, analyse)
    assert ends == ["ended"]
    assert states(sqlite_database, ids) == [JobState.QUEUED] * 3
    first, *others = (queries.job(sqlite_database, job_id) for job_id in ids)
    assert (first.attempts, first.reason_code, first.reason_detail) == (1, "defect", "MemoryError: ")
    assert [other.attempts for other in others] == [0, 0]


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
