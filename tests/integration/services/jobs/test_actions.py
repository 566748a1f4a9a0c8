from __future__ import annotations

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from services.contracts import FINAL_STATES, TRANSITIONS, JobState
from services.database.engine import Database
from services.errors import Conflict, NotFound, PermanentError
from services.jobs import actions, leases, queries
from tests.support.ledger import article, claim_all, fill, listed_results, listed_tombstones, push, result_of, state_of


def bring_to(database: Database, state: JobState) -> UUID:
    """Push an article and bring its job to ``state`` through the public functions; return the job's ID."""
    pubstatus = "withheld" if state is JobState.HELD else "usable"
    [pushed] = push(database, article(guid=str(uuid4()), pubstatus=pubstatus))
    if state is JobState.CANCELED:
        actions.cancel(database, pushed.job_id)
    elif state not in {JobState.QUEUED, JobState.HELD}:
        [claimed] = claim_all(database)
        reason = PermanentError("for a test")
        if state is JobState.SUCCEEDED:
            leases.complete(database, claimed, result_of(claimed))
        elif state is JobState.FAILED:
            leases.fail(database, claimed, reason)
        elif state is JobState.DEAD:
            leases.requeue(database, claimed, reason, max_attempts=1, delay_s=0)
    assert state_of(database, pushed.job_id) is state
    return pushed.job_id


ACTS: list[tuple[Callable[[Database, UUID], None], JobState, set[JobState]]] = [
    (actions.cancel, JobState.CANCELED, {JobState.HELD, JobState.QUEUED, JobState.RUNNING}),
    (actions.drop, JobState.CANCELED, {JobState.FAILED, JobState.DEAD}),
    (actions.retry, JobState.QUEUED, {JobState.FAILED, JobState.DEAD}),
]


@pytest.mark.parametrize("before", list(JobState))
@pytest.mark.parametrize(("act", "after", "allowed"), ACTS, ids=["cancel", "drop", "retry"])
def test_action_is_allowed_or_refused_in_each_state(
    database: Database, before: JobState, act: Callable[[Database, UUID], None], after: JobState, allowed: set[JobState]
) -> None:
    job_id = bring_to(database, before)
    if before in allowed:
        assert after in TRANSITIONS[before]
        act(database, job_id)
        assert state_of(database, job_id) is after
    else:
        with pytest.raises(Conflict, match=before):
            act(database, job_id)
        assert state_of(database, job_id) is before


def test_retried_job_starts_again_at_the_first_attempt(database: Database) -> None:
    job_id = bring_to(database, JobState.DEAD)
    actions.retry(database, job_id)
    [claimed] = claim_all(database)
    assert (claimed.job_id, claimed.attempt) == (job_id, 1)
    leases.complete(database, claimed, result_of(claimed))
    record = queries.job(database, job_id)
    assert (record.state, record.reason_code) == (JobState.SUCCEEDED, None)


def test_canceled_job_leaves_the_window(database: Database) -> None:
    [pushed] = push(database, article())
    [message] = fill(database)
    actions.cancel(database, pushed.job_id)
    assert leases.lease(database, message.id, message.job_ids, 30) == []
    assert queries.job(database, pushed.job_id).reason_code == "canceled"


def test_withdrawal_cancels_open_jobs_and_hides_results(database: Database) -> None:
    done = bring_to(database, JobState.SUCCEEDED)
    waiting = bring_to(database, JobState.QUEUED)
    for job_id in (done, waiting):
        article_id = queries.job(database, job_id).article_id
        actions.withdraw(database, article_id)
        actions.withdraw(database, article_id)
        assert queries.job(database, job_id).withdrawn
    assert state_of(database, done) is JobState.SUCCEEDED
    assert state_of(database, waiting) is JobState.CANCELED
    assert listed_results(database) == []
    assert [(stone.job_id, stone.sequence) for stone in listed_tombstones(database)] == [(done, 2), (waiting, 3)]


def test_job_of_a_withdrawn_article_cannot_be_retried(database: Database) -> None:
    job_id = bring_to(database, JobState.DEAD)
    actions.withdraw(database, queries.job(database, job_id).article_id)
    with pytest.raises(Conflict, match="withdrawn"):
        actions.retry(database, job_id)


@pytest.mark.parametrize("act", [actions.cancel, actions.drop, actions.retry, actions.withdraw])
def test_action_on_a_missing_row_is_not_found(database: Database, act: Callable[[Database, UUID], None]) -> None:
    with pytest.raises(NotFound):
        act(database, uuid4())


def test_final_states_have_no_transition_to_running() -> None:
    assert all(JobState.RUNNING not in TRANSITIONS[state] for state in FINAL_STATES)


def test_jobs_are_listed_newest_first_in_pages(database: Database) -> None:
    pushed = push(
        database, *[article(f"{number}", feed="a" if number % 2 else "b", guid=f"g{number}") for number in range(6)]
    )
    everything = queries.list_jobs(database, limit=4)
    assert [record.id for record in everything] == [answer.job_id for answer in reversed(pushed)][:4]
    rest = queries.list_jobs(database, before=everything[-1].id, limit=4)
    assert [record.id for record in rest] == [pushed[1].job_id, pushed[0].job_id]
    assert [record.guid for record in queries.list_jobs(database, feed="a", limit=9)] == ["g5", "g3", "g1"]
    assert [record.guid for record in queries.list_jobs(database, guid="g2", limit=9)] == ["g2"]
    actions.cancel(database, pushed[4].job_id)
    assert [record.guid for record in queries.list_jobs(database, state=JobState.CANCELED, limit=9)] == ["g4"]
