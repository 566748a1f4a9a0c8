"""Leases at their boundaries: which rows a call may change, what it writes to them, and what it counts."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from services.contracts import Article, JobState, MediaType
from services.database.counters import NO_LABEL, CounterName, Key
from services.database.engine import Database, now_ms
from services.database.tables import articles, jobs, results
from services.errors import LeaseLost, PermanentError, TransientError
from services.jobs import backlog, leases
from services.jobs.accept import KeyReused, Push, accept_together
from services.jobs.dispatch_window import Message, WindowSize
from services.jobs.leases import JobTrace, LeasedJob, lease
from tests.support.ledger import article, claim_all, fill, push, result_of, set_row, state_of

ONE_MESSAGE = WindowSize(per_slot=1, message_articles=8, message_words=10_000)
LONG_S = 100_000  # long enough to tell a factor of 1000 from one of 1001


def row_of(database: Database, job_id: UUID) -> dict[str, Any]:
    with database.read() as connection:
        return dict(connection.execute(select(jobs).where(jobs.c.id == job_id)).mappings().one())


def database_time(database: Database) -> int:
    with database.read() as connection:
        time: int = connection.execute(select(now_ms())).scalar_one()
        return time


def counters_of(database: Database) -> dict[Key, float]:
    return dict(backlog.snapshot(database).counters)


def two_in_one_message(database: Database) -> Message:
    """Dispatch two jobs in a single message."""
    push(database, article("One."), article("Two."))
    [message] = fill(database, ONE_MESSAGE)
    assert len(message.job_ids) == 2
    return message


def two_claims(database: Database) -> list[LeasedJob]:
    """Claim two jobs of a single message, which share a token."""
    message = two_in_one_message(database)
    return lease(database, message.id, message.job_ids, 30)


@pytest.mark.parametrize(
    "fields",
    [
        {
            "feed": "wire",
            "guid": "42",
            "version": "7",
            "url": "https://example.org/42",
            "title": "Mayor rejects tram plan",
            "byline": "By Ada Lund",
            "language": "en-GB",
            "published_at": "2026-11-23T21:15:02.123+01:00",
            "media_type": MediaType.HTML,
            "metadata": {"section": "Politics", "tags": ["tram"], "urgency": 3, "note": "Café\x00"},
        },
        {"version": "7"},
    ],
    ids=["every field", "only version and body"],
)
def test_leased_article_equals_the_pushed_article(database: Database, fields: dict[str, Any]) -> None:
    pushed = Article(body="<p>Mayor Ida Berg said no.</p>", **fields)
    push(database, pushed)
    [claimed] = claim_all(database)
    assert claimed.article.model_dump() == pushed.model_dump()
    assert isinstance(claimed.article.media_type, MediaType)


def test_leased_article_without_a_version_has_the_content_hash_as_version(database: Database) -> None:
    pushed = article("Only a body.")
    push(database, pushed)
    [claimed] = claim_all(database)
    assert claimed.article.model_dump() == pushed.model_dump() | {"version": pushed.content_hash()}


def test_leased_article_whose_body_was_removed_is_empty(database: Database) -> None:
    [pushed] = push(database, article())
    with database.write() as connection:
        connection.execute(update(articles).where(articles.c.id == pushed.article_id).values(body=None))
    [claimed] = claim_all(database)
    assert claimed.article.body == ""


def test_article_that_cannot_be_read_back_is_leased_with_its_error_and_spares_the_others(database: Database) -> None:
    broken, whole = push(database, article("One.", feed="wire", metadata={"a": 1}), article("Two."))
    with database.write() as connection:
        connection.execute(update(articles).where(articles.c.id == broken.article_id).values(metadata="{"))
    claimed = {job.job_id: job for job in claim_all(database)}
    error = claimed[broken.job_id].unreadable
    assert error is not None
    assert error.code == "unreadable"
    assert error.detail.startswith("the stored article cannot be read back: ")
    assert (claimed[broken.job_id].article.feed, claimed[broken.job_id].article.body) == ("wire", "")
    assert (claimed[whole.job_id].unreadable, claimed[whole.job_id].article.body) == (None, "Two.")


@pytest.mark.parametrize("later", ["queued_at", "next_run_at"])
def test_leased_job_has_its_trace_with_the_time_it_waited(database: Database, later: str) -> None:
    traceparent = f"00-{1:032x}-{1:016x}-01"
    [answers] = accept_together(database, [Push([article()], traceparent=traceparent)])
    assert not isinstance(answers, KeyReused)
    [pushed] = answers
    [message] = fill(database)
    set_row(database, pushed.job_id, **{"queued_at": 1, "next_run_at": 1, later: 2})
    [claimed] = lease(database, message.id, message.job_ids, 30)
    assert claimed.trace == JobTrace(traceparent, 2, row_of(database, pushed.job_id)["started_at"])


def test_leased_job_without_a_trace_has_none(database: Database) -> None:
    push(database, article())
    [claimed] = claim_all(database)
    assert claimed.trace is None


def test_lease_writes_token_times_and_attempt_and_clears_the_message(database: Database) -> None:
    [pushed] = push(database, article())
    before = database_time(database)
    [claimed] = claim_all(database, lease_s=LONG_S)
    row = row_of(database, pushed.job_id)
    after = database_time(database)
    assert (row["state"], row["attempts"], row["lease_token"]) == ("running", 1, claimed.token)
    assert (claimed.job_id, claimed.article_id, claimed.attempt) == (pushed.job_id, pushed.article_id, 1)
    assert (row["message_id"], row["dispatched_at"]) == (None, None)
    assert before <= row["started_at"] <= after
    assert before <= row["lease_until"] - LONG_S * 1000 <= after


def test_lease_takes_only_the_named_jobs_of_a_message(database: Database) -> None:
    message = two_in_one_message(database)
    first, second = message.job_ids
    assert [claimed.job_id for claimed in lease(database, message.id, [first], 30)] == [first]
    row = row_of(database, second)
    assert (row["state"], row["attempts"], row["message_id"]) == ("queued", 0, message.id)


def test_lease_takes_only_queued_jobs(database: Database) -> None:
    [pushed] = push(database, article())
    [message] = fill(database)
    set_row(database, pushed.job_id, state=JobState.CANCELED)
    assert lease(database, message.id, message.job_ids, 30) == []
    assert state_of(database, pushed.job_id) is JobState.CANCELED


@pytest.mark.parametrize("later", ["queued_at", "next_run_at"])
def test_wait_is_counted_in_seconds_since_the_job_was_queued_and_due(database: Database, later: str) -> None:
    [pushed] = push(database, article())
    [message] = fill(database)
    waited_since = database_time(database) - 10_000_000
    set_row(database, pushed.job_id, **{"queued_at": 0, "next_run_at": 0, later: waited_since})
    lease(database, message.id, message.job_ids, 30)
    counters = counters_of(database)
    assert counters[CounterName.QUEUE_WAIT_SUM, NO_LABEL] == pytest.approx(10_000, abs=5)
    assert counters[CounterName.QUEUE_WAIT, "14400.0"] == 1
    assert counters[CounterName.ATTEMPTS, NO_LABEL] == 1


def test_extend_sets_the_end_of_only_the_claims_it_is_given(database: Database) -> None:
    first, second = two_claims(database)
    until = row_of(database, second.job_id)["lease_until"]
    before = database_time(database)
    assert leases.extend(database, [first], LONG_S) == {first.job_id}
    after = database_time(database)
    assert before <= row_of(database, first.job_id)["lease_until"] - LONG_S * 1000 <= after
    assert row_of(database, second.job_id)["lease_until"] == until


def test_complete_stores_the_result_and_frees_the_row(database: Database) -> None:
    push(database, article("A statement was made.", feed="wire"))
    [claimed] = claim_all(database)
    before = database_time(database)
    result = result_of(claimed)
    leases.complete(database, claimed, result, run_s=0.3)
    row = row_of(database, claimed.job_id)
    after = database_time(database)
    assert (row["state"], row["lease_token"], row["lease_until"]) == ("succeeded", None, None)
    assert (row["reason_code"], row["reason_detail"]) == (None, None)
    assert before <= row["finished_at"] <= after
    with database.read() as connection:
        stored = dict(connection.execute(select(results)).mappings().one())
    assert before <= stored.pop("stored_at") <= after
    document = result.model_dump_json()
    assert stored == {
        "job_id": claimed.job_id,
        "sequence": 1,
        "feed": "wire",
        "document": document,
        "etag": hashlib.sha256(document.encode()).hexdigest(),
        "attributions": 0,
        "stances": 0,
        "superseded_by": None,
    }
    counters = counters_of(database)
    assert counters[CounterName.RUN_TIME, "0.5"] == 1
    assert counters[CounterName.RUN_TIME_SUM, NO_LABEL] == pytest.approx(0.3)


def test_success_after_a_retry_clears_the_reason(database: Database) -> None:
    [pushed] = push(database, article())
    [claimed] = claim_all(database)
    leases.requeue(database, claimed, TransientError("not ready"), max_attempts=3, delay_s=0)
    assert row_of(database, pushed.job_id)["reason_code"] == "temporary"
    [claimed] = claim_all(database)
    leases.complete(database, claimed, result_of(claimed))
    row = row_of(database, pushed.job_id)
    assert (row["reason_code"], row["reason_detail"]) == (None, None)


def test_completing_one_job_of_a_message_leaves_the_other_running(database: Database) -> None:
    first, second = two_claims(database)
    leases.complete(database, first, result_of(first))
    row = row_of(database, second.job_id)
    assert (row["state"], row["lease_token"], row["finished_at"]) == ("running", second.token, None)


def test_lost_lease_names_the_job(database: Database) -> None:
    push(database, article())
    [claimed] = claim_all(database)
    stolen = LeasedJob(claimed.job_id, claimed.article_id, uuid4(), claimed.attempt, claimed.article)
    with pytest.raises(LeaseLost, match=str(claimed.job_id)) as lost:
        leases.complete(database, stolen, result_of(stolen))
    assert lost.value.code == "lease_lost"
    assert state_of(database, claimed.job_id) is JobState.RUNNING


def test_failure_is_counted_with_its_feed_reason_and_time(database: Database) -> None:
    push(database, article(feed="wire"))
    [claimed] = claim_all(database)
    before = database_time(database)
    leases.fail(database, claimed, PermanentError("x" * 9000, code="language_unsupported"), run_s=0.3)
    row = row_of(database, claimed.job_id)
    assert (row["state"], row["reason_code"], row["reason_detail"]) == ("failed", "language_unsupported", "x" * 2000)
    assert before <= row["finished_at"] <= database_time(database)
    counters = counters_of(database)
    assert counters[CounterName.FINISHED, "failed"] == 1
    assert counters[CounterName.FEED_FAILED, "wire"] == 1
    assert counters[CounterName.UNSUCCESSFUL, "language_unsupported"] == 1
    assert counters[CounterName.RUN_TIME, "0.5"] == 1
    assert counters[CounterName.RUN_TIME_SUM, NO_LABEL] == pytest.approx(0.3)


def test_last_attempt_is_counted_as_dead_with_its_feed_reason_and_time(database: Database) -> None:
    push(database, article(feed="wire"))
    [claimed] = claim_all(database)
    reason = TransientError("not ready")
    assert leases.requeue(database, claimed, reason, max_attempts=1, delay_s=0, run_s=0.3) is JobState.DEAD
    counters = counters_of(database)
    assert counters[CounterName.FINISHED, "dead"] == 1
    assert counters[CounterName.FEED_FAILED, "wire"] == 1
    assert counters[CounterName.UNSUCCESSFUL, "temporary"] == 1
    assert counters[CounterName.RUN_TIME, "0.5"] == 1


def test_retry_is_put_off_by_its_delay_and_counted_as_unsuccessful_only(database: Database) -> None:
    push(database, article(feed="wire"))
    [claimed] = claim_all(database)
    before = database_time(database)
    reason = TransientError("not ready")
    assert leases.requeue(database, claimed, reason, max_attempts=2, delay_s=LONG_S, run_s=0.3) is JobState.QUEUED
    row = row_of(database, claimed.job_id)
    after = database_time(database)
    assert (row["state"], row["attempts"], row["lease_token"], row["lease_until"]) == ("queued", 1, None, None)
    assert before <= row["queued_at"] <= after
    assert before <= row["next_run_at"] - LONG_S * 1000 <= after
    counters = counters_of(database)
    assert counters[CounterName.UNSUCCESSFUL, "temporary"] == 1
    assert counters[CounterName.RUN_TIME, "0.5"] == 1
    assert (CounterName.FINISHED, "dead") not in counters
    assert (CounterName.FEED_FAILED, "wire") not in counters


def test_released_job_is_queued_and_due_now(database: Database) -> None:
    push(database, article())
    [claimed] = claim_all(database)
    set_row(database, claimed.job_id, queued_at=1, next_run_at=1)
    before = database_time(database)
    assert leases.release(database, [claimed]) == 1
    row = row_of(database, claimed.job_id)
    after = database_time(database)
    assert (row["state"], row["attempts"], row["lease_token"], row["lease_until"]) == ("queued", 0, None, None)
    assert before <= row["queued_at"] <= after
    assert before <= row["next_run_at"] <= after


def test_release_leaves_other_jobs_of_the_message_running(database: Database) -> None:
    first, second = two_claims(database)
    assert leases.release(database, [first]) == 1
    assert state_of(database, second.job_id) is JobState.RUNNING


def test_release_and_extend_change_nothing_under_another_token(database: Database) -> None:
    push(database, article())
    [claimed] = claim_all(database)
    until = row_of(database, claimed.job_id)["lease_until"]
    stolen = LeasedJob(claimed.job_id, claimed.article_id, uuid4(), claimed.attempt, claimed.article)
    assert leases.release(database, [stolen]) == 0
    assert leases.extend(database, [stolen], LONG_S) == frozenset()
    row = row_of(database, claimed.job_id)
    assert (row["state"], row["attempts"], row["lease_until"]) == ("running", 1, until)
