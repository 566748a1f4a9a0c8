"""Pushing one article, with and without waiting for its result."""

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
from tests.support.api import Api, assert_problem, complete_job, count_articles


def test_push_is_accepted_and_location_leads_to_its_job(api: Api) -> None:
    response = api.push(
        feed="wire",
        guid="a1",
        version="2",
        title="A title",
        byline="By Ana Ruiz",
        language="en-GB",
        url="https://example.org/a1",
        published_at="2026-11-23T20:15:02+01:00",
    )
    assert response.status_code == 202
    assert response.headers["Retry-After"] == "1"
    job = response.json()
    assert response.headers["Location"] == f"/v1/jobs/{job['id']}"
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
    fetched = api.client.get(response.headers["Location"])
    assert fetched.status_code == 200
    assert fetched.json() == job


def test_repeated_push_is_200_with_the_existing_job(api: Api, database: Database) -> None:
    first, second = api.push(guid="a1"), api.push(guid="a1")
    assert (first.status_code, second.status_code) == (202, 200)
    assert second.json()["id"] == first.json()["id"]
    assert second.headers["Location"] == first.headers["Location"]
    complete_job(database, UUID(first.json()["id"]))
    third = api.push(guid="a1")
    assert (third.status_code, third.json()["metadata"]["state"], third.json()["done"]) == (200, "succeeded", True)
    assert third.json()["result"] == {"href": f"/v1/jobs/{first.json()['id']}/result"}
    assert "Retry-After" not in third.headers


def test_push_of_a_known_version_with_other_content_is_a_revision_with_a_warning(api: Api) -> None:
    first = api.push("One.", guid="a1", version="7")
    second = api.push("Two.", guid="a1", version="7")
    assert second.status_code == 202
    assert second.json()["id"] != first.json()["id"]
    assert second.json()["metadata"]["revision"] == 2
    [warning] = second.json()["warnings"]
    assert warning["code"] == "content_changed"
    assert "revision 2" in warning["detail"]


def test_idempotency_key_with_another_body_is_rejected_within_its_feed(api: Api, database: Database) -> None:
    key = {"Idempotency-Key": "order-66"}
    body = {"body": "One.", "feed": "wire"}
    first = api.client.post("/v1/articles", json=body, headers=key)
    second = api.client.post("/v1/articles", json=body, headers=key)
    assert (first.status_code, second.status_code) == (202, 200)
    assert first.json()["id"] == second.json()["id"]
    other_body = api.client.post("/v1/articles", json=body | {"body": "Two."}, headers=key)
    assert "order-66" in assert_problem(other_body, 422, "idempotency_key_reused")["detail"]
    assert count_articles(database) == 1
    other_feed = api.client.post("/v1/articles", json=body | {"feed": "other"}, headers=key)
    assert other_feed.status_code == 202, "feeds have separate keys"


@pytest.mark.parametrize("key", ["", "tab\there", "k" * 256])
def test_malformed_idempotency_key_is_named_in_the_error(sqlite_api: Api, sqlite_database: Database, key: str) -> None:
    response = sqlite_api.client.post("/v1/articles", json={"body": "One."}, headers={"Idempotency-Key": key})
    assert assert_problem(response, 422, "invalid")["errors"][0]["field"] == "Idempotency-Key"
    assert count_articles(sqlite_database) == 0


def test_contended_push_is_503_with_retry_after(
    sqlite_api: Api, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.jobs.accept._accept", lambda *_: None)  # as if another process always came first
    response = sqlite_api.push("One.")
    assert_problem(response, 503, "contended")
    assert response.headers["Retry-After"] == "1"
    assert count_articles(sqlite_database) == 0
    monkeypatch.undo()
    assert sqlite_api.push("One.").status_code == 202


# --- Prefer: wait ---


def push_and_wait(api: Api, wait_s: object, body: str = "The minister said no.") -> tuple[httpx.Response, float]:
    started = time.monotonic()
    response = api.client.post("/v1/articles", json={"body": body}, headers={"Prefer": f"respond-async, wait={wait_s}"})
    return response, time.monotonic() - started


def wait_for_only_job(database: Database) -> UUID:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        jobs = queries.list_jobs(database, limit=2)
        if jobs:
            assert len(jobs) == 1
            return jobs[0].id
        time.sleep(0.01)
    raise AssertionError("no article was accepted")


def test_waiting_push_is_200_if_the_job_finishes_in_time(api: Api, database: Database) -> None:
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(push_and_wait, api, 10)
        complete_job(database, wait_for_only_job(database))
        response, elapsed_s = pending.result()
    assert (response.status_code, response.json()["metadata"]["state"]) == (200, "succeeded")
    assert response.headers["Preference-Applied"] == "wait=10"
    assert "Retry-After" not in response.headers
    assert elapsed_s < 8


def test_waiting_push_is_202_after_the_wait_if_the_job_takes_longer(sqlite_api: Api) -> None:
    response, elapsed_s = push_and_wait(sqlite_api, 1)
    assert (response.status_code, response.json()["done"]) == (202, False)
    assert response.headers["Retry-After"] == "1"
    assert 1 <= elapsed_s < 5


def test_waiting_push_waits_at_most_for_the_limit(sqlite_database: Database, serve: Any) -> None:
    response, elapsed_s = push_and_wait(serve(sqlite_database, api={"wait_limit_s": 0.5}), 600)
    assert (response.status_code, response.headers["Preference-Applied"]) == (202, "wait=0.5")
    assert 0.5 <= elapsed_s < 10


def test_waiting_push_is_answered_at_once_if_too_many_wait(sqlite_database: Database, serve: Any) -> None:
    api = serve(sqlite_database, api={"waiters": 1})
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(push_and_wait, api, 3, "First.")
        job_id = wait_for_only_job(sqlite_database)
        time.sleep(0.2)
        response, elapsed_s = push_and_wait(api, 3, "Second.")
        assert (response.status_code, elapsed_s < 2.5) == (202, True)
        assert "Preference-Applied" not in response.headers, "the preference was not applied"
        complete_job(sqlite_database, job_id)
        assert pending.result()[0].status_code == 200


def test_invalid_wait_preference_is_ignored(sqlite_api: Api) -> None:
    for prefer in ("wait", "wait=", "wait=soon", "wait=-5", "wait=0", "await=5", "return=minimal", ",;=,"):
        started = time.monotonic()
        response = sqlite_api.client.post("/v1/articles", json={"body": prefer}, headers={"Prefer": prefer})
        assert (response.status_code, time.monotonic() - started < 4) == (202, True), prefer
        assert "Preference-Applied" not in response.headers, prefer


# --- Redis is unreachable ---


def time_pushes(api: Api, count: int = 20) -> list[float]:
    seconds = []
    for index in range(count):
        started = time.monotonic()
        assert api.push(f"Story {index}.").status_code == 202
        seconds.append(time.monotonic() - started)
    return seconds


def test_push_does_not_wait_for_an_unreachable_redis(sqlite_api: Api, sqlite_database: Database) -> None:
    sqlite_api.client.get("/healthz")
    seconds = time_pushes(sqlite_api)
    assert statistics.median(seconds) < 0.1, seconds
    assert max(seconds) < 1, seconds
    assert count_articles(sqlite_database) == 20
    assert all(record.state is JobState.QUEUED for record in queries.list_jobs(sqlite_database, limit=30))
