"""Holds of jobs: each change concerns the jobs that are named, and no other."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select

from services.contracts import JobState, Warned
from services.database.engine import Database
from services.database.tables import jobs
from services.jobs import holds, queries
from services.jobs.holds import WITHHELD_UNTIL, Hold
from tests.support.ledger import article, claim_all, fill, push, set_row, state_of

END = datetime(2099, 1, 1, tzinfo=UTC)
WITHHELD = Hold(WITHHELD_UNTIL, Warned(code="withheld", detail="until it is released"))
SUPERSEDED = Warned(code="superseded", detail="a newer version was accepted")


def push_embargoed(database: Database) -> tuple[UUID, UUID]:
    first, second = push(database, *[article(f"Story {n}.", guid=str(n), embargoed=END) for n in range(2)])
    return first.job_id, second.job_id


def test_release_queues_the_named_job_without_its_reason(database: Database) -> None:
    released, other = push_embargoed(database)
    with database.write() as connection:
        assert [holds.release(connection, [released]) for _ in range(2)] == [1, 0]
    job = queries.job(database, released)
    assert (job.state, job.reason_code, job.reason_detail) == (JobState.QUEUED, None, None)
    assert state_of(database, other) is JobState.HELD


def test_end_cancels_the_named_job_with_its_reason_and_once(database: Database) -> None:
    ended, other = push_embargoed(database)
    with database.write() as connection:
        assert [holds.end(connection, ended, SUPERSEDED) for _ in range(2)] == [True, False]
    job = queries.job(database, ended)
    assert (job.state, job.reason_code, job.finished_at is not None) == (JobState.CANCELED, "superseded", True)
    assert state_of(database, other) is JobState.HELD


def test_hold_of_a_dispatched_job_drops_its_message_and_leaves_others_queued(database: Database) -> None:
    held, other = (pushed.job_id for pushed in push(database, article("One."), article("Two.")))
    fill(database)
    with database.write() as connection:
        assert holds.put_on_hold(connection, held, WITHHELD)
    assert [state_of(database, job_id) for job_id in (held, other)] == [JobState.HELD, JobState.QUEUED]
    with database.read() as connection:
        query = select(jobs.c.message_id, jobs.c.dispatched_at).where(jobs.c.id == held)
        assert tuple(connection.execute(query).one()) == (None, None)


def test_job_that_has_begun_is_not_held(database: Database) -> None:
    [pushed] = push(database, article())
    claim_all(database)
    with database.write() as connection:
        assert not holds.put_on_hold(connection, pushed.job_id, WITHHELD)
    assert state_of(database, pushed.job_id) is JobState.RUNNING


def test_only_embargoes_that_have_ended_are_released(database: Database) -> None:
    due, other = push_embargoed(database)
    assert holds.release_due(database) == 0
    set_row(database, due, next_run_at=0)
    assert holds.release_due(database) == 1
    assert [state_of(database, job_id) for job_id in (due, other)] == [JobState.QUEUED, JobState.HELD]
