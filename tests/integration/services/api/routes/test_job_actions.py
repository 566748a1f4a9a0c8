"""Actions of administrators on one job."""

from __future__ import annotations

from services.contracts import JobState
from services.database.engine import Database
from tests.support.api import Api, assert_problem, complete_job, exhaust_attempts, fail_job
from tests.support.ledger import state_of


def test_dead_job_is_retried(api: Api, database: Database) -> None:
    job_id = api.push_id()
    exhaust_attempts(database, job_id)
    assert state_of(database, job_id) is JobState.DEAD
    retried = api.client.post(f"/v1/jobs/{job_id}:retry")
    assert (retried.status_code, retried.json()["metadata"]["state"], retried.json()["metadata"]["attempts"]) == (
        200,
        "queued",
        0,
    )
    assert_problem(api.client.post(f"/v1/jobs/{job_id}:retry"), 409, "job_not_retryable")
    complete_job(database, job_id)
    assert api.client.get(f"/v1/jobs/{job_id}/result").status_code == 200


def test_failed_job_is_dropped_and_queued_job_is_not(sqlite_api: Api, sqlite_database: Database) -> None:
    job_id = sqlite_api.push_id()
    assert_problem(sqlite_api.client.post(f"/v1/jobs/{job_id}:drop"), 409, "job_not_droppable")
    fail_job(sqlite_database, job_id)
    dropped = sqlite_api.client.post(f"/v1/jobs/{job_id}:drop")
    assert (dropped.status_code, dropped.json()["metadata"]["state"]) == (200, "canceled")
    assert dropped.json()["error"]["code"] == "dropped"
