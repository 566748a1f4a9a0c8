from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import httpx
import pytest

from services.contracts import JobState
from services.database.engine import Database
from services.errors import LeaseLost, TransientError
from services.jobs import leases
from tests.support.api import Api, finish, spoil, take
from tests.support.ledger import result_of, set_row, state_of


def code(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


def kill(database: Database, job_id: UUID) -> None:
    """Bring a job to where it was tried often enough."""
    reason = TransientError("the model was not ready")
    leases.requeue(database, take(database, job_id), reason, max_attempts=1, delay_s=0)


def test_a_job_tells_where_it_is(api: Api, database: Database) -> None:
    job_id = api.push_id()
    queued = api.client.get(f"/v1/jobs/{job_id}")
    assert (queued.json()["metadata"]["state"], queued.headers["Retry-After"]) == ("queued", "1")
    claimed = take(database, job_id)
    running = api.client.get(f"/v1/jobs/{job_id}").json()
    assert (running["metadata"]["state"], running["metadata"]["attempts"], running["done"]) == ("running", 1, False)
    assert running["metadata"]["started_at"]
    leases.complete(database, claimed, result_of(claimed))
    done = api.client.get(f"/v1/jobs/{job_id}")
    assert "Retry-After" not in done.headers
    assert (done.json()["done"], done.json()["error"]) == (True, None)
    assert done.json()["result"]["href"] == f"/v1/jobs/{job_id}/result"
    assert done.json()["metadata"]["finished_at"] >= done.json()["metadata"]["started_at"]


def test_a_failed_job_tells_why(sqlite_api: Api, sqlite_database: Database) -> None:
    job_id = sqlite_api.push_id()
    spoil(sqlite_database, job_id)
    job = sqlite_api.client.get(f"/v1/jobs/{job_id}").json()
    assert (job["done"], job["result"]) == (True, None)
    assert job["error"] == {"code": "language_unsupported", "detail": "it is in French"}


def test_what_is_not_there_is_404_and_what_is_no_id_422(sqlite_api: Api) -> None:
    for method, path in (
        ("GET", "/v1/jobs/{}"),
        ("DELETE", "/v1/jobs/{}"),
        ("GET", "/v1/jobs/{}/result"),
        ("POST", "/v1/jobs/{}:retry"),
        ("POST", "/v1/jobs/{}:drop"),
        ("POST", "/v1/articles/{}:withdraw"),
    ):
        assert code(sqlite_api.client.request(method, path.format(uuid4()))) == (404, "not_found"), (method, path)
        malformed = sqlite_api.client.request(method, path.format("seventeen"))
        assert code(malformed) == (422, "invalid"), (method, path)
        assert malformed.json()["errors"][0]["field"] in {"job_id", "article_id"}


def test_waiting_for_a_job_ends_when_it_does(api: Api, database: Database) -> None:
    job_id = api.push_id()
    with ThreadPoolExecutor(8) as pool:
        began = time.monotonic()
        path, wish = f"/v1/jobs/{job_id}", {"Prefer": "wait=10"}
        pending = [pool.submit(api.client.get, path, headers=wish) for _ in range(8)]
        time.sleep(0.3)
        finish(database, job_id)
        answers = [one.result() for one in pending]
    assert time.monotonic() - began < 3
    assert {(answer.status_code, answer.json()["done"]) for answer in answers} == {(200, True)}
    assert {answer.headers["Preference-Applied"] for answer in answers} == {"wait=10"}


def test_waiting_for_a_job_that_takes_longer_ends_in_time(sqlite_api: Api) -> None:
    job_id = sqlite_api.push_id()
    began = time.monotonic()
    answer = sqlite_api.client.get(f"/v1/jobs/{job_id}", headers={"Prefer": "wait=1"})
    assert 1 <= time.monotonic() - began < 2
    assert (answer.status_code, answer.json()["done"], answer.headers["Retry-After"]) == (200, False, "1")


def test_a_job_that_is_done_is_not_waited_for(sqlite_api: Api, sqlite_database: Database) -> None:
    job_id = sqlite_api.push_id()
    finish(sqlite_database, job_id)
    began = time.monotonic()
    assert sqlite_api.client.get(f"/v1/jobs/{job_id}", headers={"Prefer": "wait=10"}).json()["done"]
    assert time.monotonic() - began < 1


def test_a_canceled_job_stores_nothing_and_stays_canceled(api: Api, database: Database) -> None:
    job_id = api.push_id()
    claimed = take(database, job_id)
    canceled = api.client.delete(f"/v1/jobs/{job_id}")
    assert (canceled.status_code, canceled.json()["metadata"]["state"], canceled.json()["done"]) == (
        200,
        "canceled",
        True,
    )
    assert canceled.json()["error"]["code"] == "canceled"
    with pytest.raises(LeaseLost):
        leases.complete(database, claimed, result_of(claimed))
    assert code(api.client.delete(f"/v1/jobs/{job_id}")) == (409, "job_final")
    assert code(api.client.get(f"/v1/jobs/{job_id}/result")) == (409, "job_canceled")


def test_a_final_job_cannot_be_canceled(sqlite_api: Api, sqlite_database: Database) -> None:
    job_id = sqlite_api.push_id()
    finish(sqlite_database, job_id)
    refused = sqlite_api.client.delete(f"/v1/jobs/{job_id}")
    assert code(refused) == (409, "job_final")
    assert "succeeded" in refused.json()["detail"]
    assert sqlite_api.client.get(f"/v1/jobs/{job_id}/result").status_code == 200


def test_a_dead_job_is_retried(api: Api, database: Database) -> None:
    job_id = api.push_id()
    kill(database, job_id)
    assert state_of(database, job_id) is JobState.DEAD
    again = api.client.post(f"/v1/jobs/{job_id}:retry")
    assert (again.status_code, again.json()["metadata"]["state"], again.json()["metadata"]["attempts"]) == (
        200,
        "queued",
        0,
    )
    assert code(api.client.post(f"/v1/jobs/{job_id}:retry")) == (409, "job_not_retryable")
    finish(database, job_id)
    assert api.client.get(f"/v1/jobs/{job_id}/result").status_code == 200


def test_a_failed_job_is_dropped(sqlite_api: Api, sqlite_database: Database) -> None:
    job_id = sqlite_api.push_id()
    assert code(sqlite_api.client.post(f"/v1/jobs/{job_id}:drop")) == (409, "job_not_droppable")
    spoil(sqlite_database, job_id)
    dropped = sqlite_api.client.post(f"/v1/jobs/{job_id}:drop")
    assert (dropped.status_code, dropped.json()["metadata"]["state"]) == (200, "canceled")
    assert dropped.json()["error"]["code"] == "dropped"


def walk(api: Api, **parameters: str | int) -> list[list[dict[str, object]]]:
    """All pages of a list of jobs."""
    pages: list[list[dict[str, object]]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = api.client.get("/v1/jobs", params={**parameters, **cursor})
        assert answer.status_code == 200
        pages.append(answer.json()["items"])
        if answer.json()["next"] is None:
            return pages
        cursor = {"cursor": answer.json()["next"]}


def test_pages_of_jobs_hold_each_once_newest_first(api: Api) -> None:
    pushed = [
        str(api.push_id(f"Story {number}.", feed="ab"[number % 2], guid=f"g{number // 2}")) for number in range(11)
    ]
    pages = walk(api, limit=4)
    assert [len(page) for page in pages] == [4, 4, 3]
    assert [job["id"] for page in pages for job in page] == pushed[::-1]
    assert [len(page) for page in walk(api, limit=11)] == [11], "a full last page has no next"
    assert [job["id"] for page in walk(api, limit=1, feed="b") for job in page] == pushed[1::2][::-1]
    assert [job["id"] for page in walk(api, guid="g0") for job in page] == pushed[1::-1]
    assert [job["id"] for page in walk(api, guid="g0", feed="a") for job in page] == pushed[:1]
    assert walk(api, feed="nobody") == [[]]


def test_jobs_pushed_meanwhile_do_not_disturb_the_pages(sqlite_api: Api) -> None:
    pushed = [str(sqlite_api.push_id(f"Story {number}.")) for number in range(4)]
    first = sqlite_api.client.get("/v1/jobs", params={"limit": 2}).json()
    sqlite_api.push("Newer.")
    second = sqlite_api.client.get("/v1/jobs", params={"limit": 2, "cursor": first["next"]}).json()
    assert [job["id"] for job in first["items"] + second["items"]] == pushed[::-1]
    assert second["next"] is None


def test_jobs_are_listed_by_state(sqlite_api: Api, sqlite_database: Database) -> None:
    ids = {each: sqlite_api.push_id(each) for each in JobState}
    take(sqlite_database, ids[JobState.RUNNING])
    finish(sqlite_database, ids[JobState.SUCCEEDED])
    spoil(sqlite_database, ids[JobState.FAILED])
    kill(sqlite_database, ids[JobState.DEAD])
    sqlite_api.client.delete(f"/v1/jobs/{ids[JobState.CANCELED]}")
    for state, job_id in ids.items():
        listed = sqlite_api.client.get("/v1/jobs", params={"state": state}).json()["items"]
        assert [job["id"] for job in listed] == [str(job_id)], state


def test_a_bad_parameter_is_named(api: Api) -> None:
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
        refused = api.client.get("/v1/jobs", params={field: value})
        assert code(refused) == (422, "invalid"), (field, value)
        assert [error["field"] for error in refused.json()["errors"]] == [field]


def test_a_page_holds_no_more_than_the_setting_allows(sqlite_database: Database, serve: Callable[..., Api]) -> None:
    api = serve(sqlite_database, api={"page_limit": 3})
    for number in range(5):
        api.push(f"Story {number}.")
    page = api.client.get("/v1/jobs", params={"limit": 1000}).json()
    assert len(page["items"]) == 3
    assert page["next"]


def test_a_job_waits_for_its_time_and_says_so_no_worse(sqlite_api: Api, sqlite_database: Database) -> None:
    """A postponed job is queued, keeps its attempts, and shows no error before it is final."""
    job_id = sqlite_api.push_id()
    reason = TransientError("busy")
    leases.requeue(sqlite_database, take(sqlite_database, job_id), reason, max_attempts=3, delay_s=60)
    job = sqlite_api.client.get(f"/v1/jobs/{job_id}").json()
    assert (job["metadata"]["state"], job["metadata"]["attempts"], job["done"], job["error"]) == (
        "queued",
        1,
        False,
        None,
    )
    set_row(sqlite_database, job_id, next_run_at=0)
    finish(sqlite_database, job_id)
    assert sqlite_api.client.get(f"/v1/jobs/{job_id}").json()["error"] is None
