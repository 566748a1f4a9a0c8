from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.contracts import JobState
from services.database.engine import Database
from services.jobs import queries
from tests.support.api import Api, finish, problem, stored


def test_an_article_is_accepted_and_its_job_is_where_location_says(api: Api) -> None:
    pushed = api.push(
        feed="wire",
        guid="a1",
        version="2",
        title="A title",
        byline="By Ana Ruiz",
        language="en-GB",
        url="https://example.org/a1",
        published_at="2026-11-23T20:15:02+01:00",
    )
    assert pushed.status_code == 202
    assert pushed.headers["Retry-After"] == "1"
    job = pushed.json()
    assert pushed.headers["Location"] == f"/v1/jobs/{job['id']}"
    assert (job["schema"], job["done"], job["result"], job["error"], job["warnings"]) == (
        "stancewire.job/1",
        False,
        None,
        None,
        [],
    )
    assert UUID(job["id"]).version == 7
    metadata = job["metadata"]
    assert [metadata[name] for name in ("state", "feed", "guid", "version", "title", "revision", "attempts")] == [
        *("queued", "wire", "a1", "2", "A title", 1, 0)
    ]
    fetched = api.client.get(pushed.headers["Location"])
    assert fetched.status_code == 200
    assert fetched.json() == job


def test_the_same_article_again_is_200_with_the_same_job(api: Api, database: Database) -> None:
    first, again = api.push(guid="a1"), api.push(guid="a1")
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["Location"] == first.headers["Location"]
    finish(database, UUID(first.json()["id"]))
    done = api.push(guid="a1")
    assert (done.status_code, done.json()["metadata"]["state"], done.json()["done"]) == (200, "succeeded", True)
    assert done.json()["result"] == {"href": f"/v1/jobs/{first.json()['id']}/result"}
    assert "Retry-After" not in done.headers


def test_the_same_version_with_other_content_is_a_revision_with_a_warning(api: Api) -> None:
    first = api.push("One.", guid="a1", version="7")
    second = api.push("Two.", guid="a1", version="7")
    assert second.status_code == 202
    assert second.json()["id"] != first.json()["id"]
    assert second.json()["metadata"]["revision"] == 2
    [warning] = second.json()["warnings"]
    assert warning["code"] == "content_changed"
    assert "revision 2" in warning["detail"]


def test_an_idempotency_key_takes_one_body(api: Api, database: Database) -> None:
    key = {"Idempotency-Key": "order-66"}
    body = {"body": "One.", "feed": "wire"}
    first = api.client.post("/v1/articles", json=body, headers=key)
    again = api.client.post("/v1/articles", json=body, headers=key)
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json()["id"] == again.json()["id"]
    other = api.client.post("/v1/articles", json=body | {"body": "Two."}, headers=key)
    assert "order-66" in problem(other, 422, "idempotency_key_reused")["detail"]
    assert stored(database) == 1
    elsewhere = api.client.post("/v1/articles", json=body | {"feed": "other"}, headers=key)
    assert elsewhere.status_code == 202, "keys of feeds are apart"


@pytest.mark.parametrize("key", ["", "tab\there", "k" * 256])
def test_a_malformed_idempotency_key_is_named(sqlite_api: Api, sqlite_database: Database, key: str) -> None:
    refused = sqlite_api.client.post("/v1/articles", json={"body": "One."}, headers={"Idempotency-Key": key})
    assert problem(refused, 422, "invalid")["errors"][0]["field"] == "Idempotency-Key"
    assert stored(sqlite_database) == 0


# --- Prefer: wait -----------------------------------------------------------------------------------------------------------


def waiting(api: Api, seconds: object, body: str = "The minister said no.") -> tuple[httpx.Response, float]:
    began = time.monotonic()
    answer = api.client.post("/v1/articles", json={"body": body}, headers={"Prefer": f"respond-async, wait={seconds}"})
    return answer, time.monotonic() - began


def only_job(database: Database) -> UUID:
    end = time.monotonic() + 5
    while time.monotonic() < end:
        found = queries.list_jobs(database, limit=2)
        if found:
            assert len(found) == 1
            return found[0].id
        time.sleep(0.01)
    raise AssertionError("nothing was pushed")


def test_a_job_done_in_time_is_answered_with_200(api: Api, database: Database) -> None:
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(waiting, api, 10)
        finish(database, only_job(database))
        answer, took = pending.result()
    assert (answer.status_code, answer.json()["metadata"]["state"]) == (200, "succeeded")
    assert answer.headers["Preference-Applied"] == "wait=10"
    assert "Retry-After" not in answer.headers
    assert took < 3


def test_a_job_not_done_in_time_is_202_after_that_time(sqlite_api: Api) -> None:
    answer, took = waiting(sqlite_api, 1)
    assert (answer.status_code, answer.json()["done"]) == (202, False)
    assert answer.headers["Retry-After"] == "1"
    assert 1 <= took < 2


def test_nobody_waits_for_longer_than_the_limit(sqlite_database: Database, serve: Any) -> None:
    answer, took = waiting(serve(sqlite_database, api={"wait_limit_s": 0.5}), 600)
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (202, "wait=0.5")
    assert 0.5 <= took < 1.5


def test_one_waiter_too_many_is_answered_at_once(sqlite_database: Database, serve: Any) -> None:
    api = serve(sqlite_database, api={"waiters": 1})
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(waiting, api, 3, "First.")
        job_id = only_job(sqlite_database)
        time.sleep(0.2)
        answer, took = waiting(api, 3, "Second.")
        assert (answer.status_code, took < 1) == (202, True)
        assert "Preference-Applied" not in answer.headers, "the wish was not granted"
        finish(sqlite_database, job_id)
        assert pending.result()[0].status_code == 200


def test_a_wish_that_is_none_is_ignored(sqlite_api: Api) -> None:
    for prefer in ("wait", "wait=", "wait=soon", "wait=-5", "wait=0", "await=5", "return=minimal", ",;=,"):
        began = time.monotonic()
        answer = sqlite_api.client.post("/v1/articles", json={"body": prefer}, headers={"Prefer": prefer})
        assert (answer.status_code, time.monotonic() - began < 1) == (202, True), prefer
        assert "Preference-Applied" not in answer.headers, prefer


# --- a push never waits for Redis -------------------------------------------------------------------------------------------


def push_times(api: Api, number: int = 20) -> list[float]:
    times = []
    for place in range(number):
        began = time.monotonic()
        assert api.push(f"Story {place}.").status_code == 202
        times.append(time.monotonic() - began)
    return times


def test_a_push_does_not_wait_for_a_redis_that_refuses(sqlite_api: Api, sqlite_database: Database) -> None:
    sqlite_api.client.get("/healthz")
    times = push_times(sqlite_api)
    assert statistics.median(times) < 0.1, times
    assert max(times) < 1, times
    assert stored(sqlite_database) == 20
    assert all(record.state is JobState.QUEUED for record in queries.list_jobs(sqlite_database, limit=30))
