from __future__ import annotations

from uuid import uuid4

import pytest

from services.contracts import JobState
from services.database.counters import NO_LABEL, CounterName
from services.database.engine import Database
from services.errors import LeaseLost, PermanentError, TransientError
from services.jobs import actions, backlog, dispatch_window, leases, queries, result_queries
from services.jobs.dispatch_window import WindowSize
from services.jobs.leases import lease
from tests.support.ledger import article, claim_all, fill, listed_results, push, result_of, set_row, state_of

ONE_MESSAGE = WindowSize(per_slot=1, message_articles=8, message_words=10_000)


def test_message_delivered_twice_is_leased_once(database: Database) -> None:
    push(
        database,
        *[article(f"Story {number}.", guid=str(number), url=f"https://example.org/{number}") for number in range(3)],
    )
    [message] = fill(database, size=ONE_MESSAGE)
    first = lease(database, message.id, message.job_ids, 30)
    assert [job.job_id for job in first] == list(message.job_ids)
    assert [job.article.guid for job in first] == ["0", "1", "2"]
    assert first[0].article.url == "https://example.org/0"
    assert lease(database, message.id, message.job_ids, 30) == []


def test_replaced_message_leases_nothing(database: Database) -> None:
    push(database, article())
    [message] = fill(database)
    assert lease(database, uuid4(), message.job_ids, 30) == []
    assert len(lease(database, message.id, message.job_ids, 30)) == 1


def test_complete_stores_the_result_and_closes_the_job(database: Database) -> None:
    [pushed] = push(database, article("A statement was made."))
    [claimed] = claim_all(database)
    leases.complete(database, claimed, result_of(claimed))
    record = queries.job(database, pushed.job_id)
    assert (record.state, record.attempts, record.done) == (JobState.SUCCEEDED, 1, True)
    stored = result_queries.result(database, pushed.job_id)
    assert stored is not None
    assert stored.document == result_of(claimed).model_dump_json()
    assert backlog.snapshot(database).counters[CounterName.FINISHED, "succeeded"] == 1
    with pytest.raises(LeaseLost):
        leases.complete(database, claimed, result_of(claimed))
    assert backlog.snapshot(database).counters[CounterName.RESULTS, NO_LABEL] == 1


def test_job_canceled_while_running_stores_nothing(database: Database) -> None:
    [pushed] = push(database, article())
    [claimed] = claim_all(database)
    actions.cancel(database, pushed.job_id)
    with pytest.raises(LeaseLost):
        leases.complete(database, claimed, result_of(claimed))
    assert result_queries.result(database, pushed.job_id) is None
    assert state_of(database, pushed.job_id) is JobState.CANCELED
    assert leases.extend(database, [claimed], 30) == frozenset()


def test_lost_lease_closes_nothing(database: Database) -> None:
    from services.jobs import dispatch_window

    push(database, article())
    [late] = claim_all(database, lease_s=-1)
    assert dispatch_window.requeue_expired_leases(database, max_attempts=3, lease_s=30).requeued == 1
    [now] = claim_all(database)
    assert now.attempt == 2
    with pytest.raises(LeaseLost):
        leases.complete(database, late, result_of(late))
    leases.complete(database, now, result_of(now))
    assert backlog.snapshot(database).counters[CounterName.RESULTS, NO_LABEL] == 1


def test_extend_returns_the_jobs_still_held(database: Database) -> None:
    push(database, article("One."), article("Two."))
    [message] = fill(database, size=ONE_MESSAGE)
    held = lease(database, message.id, message.job_ids, 30)
    actions.cancel(database, held[0].job_id)
    assert leases.extend(database, held, 30) == {held[1].job_id}


def test_failure_reason_with_any_characters_is_stored(database: Database) -> None:
    [pushed] = push(database, article())
    [claimed] = claim_all(database)
    leases.fail(database, claimed, PermanentError("quoted \x00 and \ud800" + "x" * 9000, code="language_unsupported"))
    record = queries.job(database, pushed.job_id)
    assert record.state is JobState.FAILED
    assert record.reason_code == "language_unsupported"
    assert record.reason_detail is not None
    assert record.reason_detail.startswith("quoted \\0 and ?x")


def test_transient_error_is_retried_later_and_dead_after_the_last_attempt(database: Database) -> None:
    [pushed] = push(database, article())
    reason = TransientError("the model was not ready")
    for attempt in (1, 2):
        [claimed] = claim_all(database)
        assert claimed.attempt == attempt
        assert leases.requeue(database, claimed, reason, max_attempts=3, delay_s=60) is JobState.QUEUED
        assert fill(database) == [], "not before its time"
        set_row(database, pushed.job_id, next_run_at=0)
    [claimed] = claim_all(database)
    assert leases.requeue(database, claimed, reason, max_attempts=3, delay_s=60) is JobState.DEAD
    record = queries.job(database, pushed.job_id)
    assert (record.reason_code, record.reason_detail) == ("temporary", "the model was not ready")
    assert backlog.snapshot(database).counters[CounterName.FINISHED, "dead"] == 1


def test_released_job_keeps_its_attempts(database: Database) -> None:
    push(database, article("One."), article("Two."))
    held = claim_all(database)
    assert sum(leases.release(database, [job]) for job in held) == 2
    assert {job.attempt for job in claim_all(database)} == {1}


def test_results_are_numbered_in_commit_order(database: Database) -> None:
    pushed = push(database, *[article(f"Story {number}.") for number in range(5)])
    claimed = {item.job_id: item for item in claim_all(database)}
    order = [pushed[index].job_id for index in (3, 0, 4, 1, 2)]
    for job_id in order:
        leases.complete(database, claimed[job_id], result_of(claimed[job_id]))
    listed = listed_results(database)
    assert [item.job.id for item in listed] == order
    assert [item.sequence for item in listed] == [1, 2, 3, 4, 5]
    assert [item.sequence for item in result_queries.list_results(database, after=3, limit=1)] == [4]
    assert [item.job.id for item in listed_results(database, after=3)] == order[3:]


def test_leases_of_a_dead_process_end_at_once_and_no_others(database: Database) -> None:
    push(database, article("One."), article("Two."))
    dead, alive = fill(database, WindowSize(per_slot=2, message_articles=1, message_words=10_000))
    leases.lease(database, dead.id, dead.job_ids, 30)
    [held] = leases.lease(database, alive.id, alive.job_ids, 30)
    assert leases.expire(database, dead.id) == 1
    assert leases.expire(database, uuid4()) == 0
    requeued = dispatch_window.requeue_expired_leases(database, max_attempts=3, lease_s=30)
    assert requeued == dispatch_window.Requeued(requeued=1)
    assert [state_of(database, job_id) for job_id in (*dead.job_ids, *alive.job_ids)] == ["queued", "running"]
    assert queries.job(database, dead.job_ids[0]).attempts == 1
    leases.complete(database, held, result_of(held))
