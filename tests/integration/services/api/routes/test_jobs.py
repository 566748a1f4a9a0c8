"""Getting, listing and canceling jobs."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest

from services.contracts import JobState
from services.database.engine import Database
from services.errors import LeaseLost, TransientError
from services.jobs import leases
from tests.support.api import Api, assert_problem, complete_job, exhaust_attempts, fail_job, lease_job
from tests.support.ledger import result_of, set_row


def test_job_shows_its_state_from_queued_to_done(api: Api, database: Database) -> None:
    job_id = api.push_id()
    queued = api.client.get(f"/v1/jobs/{job_id}")
    assert (queued.json()["metadata"]["state"], queued.headers["Retry-After"]) == ("queued", "1")
    leased = lease_job(database, job_id)
    running = api.client.get(f"/v1/jobs/{job_id}").json()
    assert (running["metadata"]["state"], running["metadata"]["attempts"], running["done"]) == ("running", 1, False)
    assert running["metadata"]["started_at"]
    leases.complete(database, leased, result_of(leased))
    done = api.client.get(f"/v1/jobs/{job_id}")
    assert "Retry-After" not in done.headers
    assert (done.json()["done"], done.json()["error"]) == (True, None)
    assert done.json()["result"]["href"] == f"/v1/jobs/{job_id}/result"
    assert done.json()["metadata"]["finished_at"] >= done.json()["metadata"]["started_at"]


def test_failed_job_shows_its_reason(sqlite_api: Api, sqlite_database: Database) -> None:
    job_id = sqlite_api.push_id()
    fail_job(sqlite_database, job_id)
    job = sqlite_api.client.get(f"/v1/jobs/{job_id}").json()
    assert (job["done"], job["result"]) == (True, None)
    assert job["error"] == {"code": "language_unsupported", "detail": "it is in French"}


def test_unknown_job_is_404_and_malformed_id_is_422(sqlite_api: Api) -> None:
    for method, path in (
        ("GET", "/v1/jobs/{}"),
        ("DELETE", "/v1/jobs/{}"),
        ("GET", "/v1/jobs/{}/result"),
        ("POST", "/v1/jobs/{}:retry"),
        ("POST", "/v1/jobs/{}:drop"),
        ("POST", "/v1/articles/{}:withdraw"),
    ):
        assert_problem(sqlite_api.client.request(method, path.format(uuid4())), 404, "not_found"), (method, path)
        malformed = sqlite_api.client.request(method, path.format("seventeen"))
        assert_problem(malformed, 422, "invalid"), (method, path)
        assert malformed.json()["errors"][0]["field"] in {"job_id", "article_id"}


def test_waiting_requests_are_answered_when_the_job_finishes(api: Api, database: Database) -> None:
    job_id = api.push_id()
    with ThreadPoolExecutor(8) as pool:
        started = time.monotonic()
        path, headers = f"/v1/jobs/{job_id}", {"Prefer": "wait=10"}
        pending = [pool.submit(api.client.get, path, headers=headers) for _ in range(8)]
        time.sleep(0.3)
        complete_job(database, job_id)
        responses = [future.result() for future in pending]
    assert time.monotonic() - started < 8
    assert {(response.status_code, response.json()["done"]) for response in responses} == {(200, True)}
    assert {response.headers["Preference-Applied"] for response in responses} == {"wait=10"}


def test_waiting_request_is_answered_after_the_wait_if_the_job_takes_longer(sqlite_api: Api) -> None:
    job_id = sqlite_api.push_id()
    started = time.monotonic()
    response = sqlite_api.client.get(f"/v1/jobs/{job_id}", headers={"Prefer": "wait=1"})
    assert 1 <= time.monotonic() - started < 5
    assert (response.status_code, response.json()["done"], response.headers["Retry-After"]) == (200, False, "1")


def test_request_does_not_wait_for_a_finished_job(sqlite_api: Api, sqlite_database: Database) -> None:
    job_id = sqlite_api.push_id()
    complete_job(sqlite_database, job_id)
    started = time.monotonic()
    assert sqlite_api.client.get(f"/v1/jobs/{job_id}", headers={"Prefer": "wait=10"}).json()["done"]
    assert time.monotonic() - started < 8


def test_canceled_job_stays_canceled_and_stores_no_result(api: Api, database: Database) -> None:
    job_id = api.push_id()
    leased = lease_job(database, job_id)
    canceled = api.client.delete(f"/v1/jobs/{job_id}")
    assert (canceled.status_code, canceled.json()["metadata"]["state"], canceled.json()["done"]) == (
        200,
        "canceled",
        True,
    )
    assert canceled.json()["error"]["code"] == "canceled"
    with pytest.raises(LeaseLost):
        leases.complete(database, leased, result_of(leased))
    assert_problem(api.client.delete(f"/v1/jobs/{job_id}"), 409, "job_final")
    assert_problem(api.client.get(f"/v1/jobs/{job_id}/result"), 409, "job_canceled")


def test_final_job_cannot_be_canceled(sqlite_api: Api, sqlite_database: Database) -> None:
    job_id = sqlite_api.push_id()
    complete_job(sqlite_database, job_id)
    response = sqlite_api.client.delete(f"/v1/jobs/{job_id}")
    assert_problem(response, 409, "job_final")
    assert "succeeded" in response.json()["detail"]
    assert sqlite_api.client.get(f"/v1/jobs/{job_id}/result").status_code == 200


def test_postponed_job_is_queued_and_shows_no_error(sqlite_api: Api, sqlite_database: Database) -> None:
    job_id = sqlite_api.push_id()
    reason = TransientError("busy")
    leases.requeue(sqlite_database, lease_job(sqlite_database, job_id), reason, max_attempts=3, delay_s=60)
    job = sqlite_api.client.get(f"/v1/jobs/{job_id}").json()
    assert (job["metadata"]["state"], job["metadata"]["attempts"], job["done"], job["error"]) == (
        "queued",
        1,
        False,
        None,
    )
    set_row(sqlite_database, job_id, next_run_at=0)
    complete_job(sqlite_database, job_id)
    assert sqlite_api.client.get(f"/v1/jobs/{job_id}").json()["error"] is None


def fetch_pages(api: Api, **parameters: str | int) -> list[list[dict[str, object]]]:
    """Return the items of all pages of a list of jobs."""
    pages: list[list[dict[str, object]]] = []
    cursor: dict[str, str] = {}
    while True:
        response = api.client.get("/v1/jobs", params={**parameters, **cursor})
        assert response.status_code == 200
        pages.append(response.json()["items"])
        if response.json()["next"] is None:
            return pages
        cursor = {"cursor": response.json()["next"]}


def test_pages_contain_each_job_once_newest_first(api: Api) -> None:
    pushed = [
        str(api.push_id(f"Story {number}.", feed="ab"[number % 2], guid=f"g{number // 2}")) for number in range(11)
    ]
    pages = fetch_pages(api, limit=4)
    assert [len(page) for page in pages] == [4, 4, 3]
    assert [job["id"] for page in pages for job in page] == pushed[::-1]
    assert [len(page) for page in fetch_pages(api, limit=11)] == [11], "a full last page has no next"
    assert [job["id"] for page in fetch_pages(api, limit=1, feed="b") for job in page] == pushed[1::2][::-1]
    assert [job["id"] for page in fetch_pages(api, guid="g0") for job in page] == pushed[1::-1]
    assert [job["id"] for page in fetch_pages(api, guid="g0", feed="a") for job in page] == pushed[:1]
    assert fetch_pages(api, feed="nobody") == [[]]


def test_jobs_pushed_between_two_pages_do_not_shift_them(sqlite_api: Api) -> None:
    pushed = [str(sqlite_api.push_id(f"Story {number}.")) for number in range(4)]
    first = sqlite_api.client.get("/v1/jobs", params={"limit": 2}).json()
    sqlite_api.push("Newer.")
    second = sqlite_api.client.get("/v1/jobs", params={"limit": 2, "cursor": first["next"]}).json()
    assert [job["id"] for job in first["items"] + second["items"]] == pushed[::-1]
    assert second["next"] is None


def test_jobs_are_filtered_by_state(sqlite_api: Api, sqlite_database: Database) -> None:
    jobs: dict[JobState, UUID] = {state: sqlite_api.push_id(state) for state in JobState if state != JobState.HELD}
    jobs[JobState.HELD] = sqlite_api.push_id("held", pubstatus="withheld", guid="held")
    lease_job(sqlite_database, jobs[JobState.RUNNING])
    complete_job(sqlite_database, jobs[JobState.SUCCEEDED])
    fail_job(sqlite_database, jobs[JobState.FAILED])
    exhaust_attempts(sqlite_database, jobs[JobState.DEAD])
    sqlite_api.client.delete(f"/v1/jobs/{jobs[JobState.CANCELED]}")
    for state, job_id in jobs.items():
        listed = sqlite_api.client.get("/v1/jobs", params={"state": state}).json()["items"]
        assert [job["id"] for job in listed] == [str(job_id)], state


def test_invalid_parameter_is_named_in_the_error(api: Api) -> None:
    for field, value in (
        ("cursor", "nonsense"),
        ("cursor", "§"),
        ("cursor", "MQ"),  # a cursor of results
        ("limit", "0"),
        ("limit", "-1"),
        ("limit", "many"),
        ("state", "lost"),
        ("feed", "A B"),
        ("guid", "g" * 501),
        ("guid", "a\x00b"),
    ):
        response = api.client.get("/v1/jobs", params={field: value})
        assert_problem(response, 422, "invalid"), (field, value)
        assert [error["field"] for error in response.json()["errors"]] == [field]


def test_page_is_limited_by_the_setting(sqlite_database: Database, serve: Callable[..., Api]) -> None:
    api = serve(sqlite_database, api={"page_limit": 3})
    for number in range(5):
        api.push(f"Story {number}.")
    page = api.client.get("/v1/jobs", params={"limit": 1000}).json()
    assert len(page["items"]) == 3
    assert page["next"]
