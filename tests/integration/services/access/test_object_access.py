"""A key pushes to and sees its own feeds; objects of other feeds are answered as not found."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID, uuid4

import httpx
import pytest

from services.caller import Scope
from services.database.engine import Database
from tests.support.api import Api, assert_problem, complete_job, fail_job, make_key, push_batch

BOTH = (Scope.INGEST, Scope.READ)
# Access is decided above SQL, or by a condition on the feed that is the same for both kinds of database.
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
def own_client(api: Api, database: Database) -> httpx.Client:
    return api.client_of(make_key(database, *BOTH, feeds=("mine",)))


@pytest.fixture
def foreign_job(api: Api, database: Database) -> UUID:
    """A finished job of another feed."""
    job_id = api.push_id("The mayor said yes.", feed="theirs", guid="42")
    complete_job(database, job_id)
    return job_id


def article_of(api: Api, job_id: UUID) -> str:
    return str(api.client.get(f"/v1/jobs/{job_id}").json()["metadata"]["article_id"])


def test_foreign_object_is_answered_like_an_unknown_one(api: Api, own_client: httpx.Client, foreign_job: UUID) -> None:
    for method, path in (
        ("GET", "/v1/jobs/{}"),
        ("GET", "/v1/jobs/{}/result"),
        ("DELETE", "/v1/jobs/{}"),
        ("POST", "/v1/articles/{}:withdraw"),
    ):
        known = article_of(api, foreign_job) if "articles" in path else str(foreign_job)
        never = str(uuid4())
        refused, missing = (own_client.request(method, path.format(object_id)) for object_id in (known, never))
        assert_problem(refused, 404, "not_found")
        assert refused.text.replace(known, "") == missing.text.replace(never, ""), (method, path)
    assert api.client.get(f"/v1/jobs/{foreign_job}/result").status_code == 200


def test_wait_preference_for_a_foreign_job_is_ignored(own_client: httpx.Client, foreign_job: UUID) -> None:
    answer = own_client.get(f"/v1/jobs/{foreign_job}", headers={"Prefer": "wait=30"}, timeout=5)
    assert_problem(answer, 404, "not_found")
    assert "preference-applied" not in answer.headers


def test_lists_contain_own_feeds_only(
    api: Api, own_client: httpx.Client, database: Database, foreign_job: UUID
) -> None:
    own = api.push_id("The minister said no.", feed="mine", guid="42")
    complete_job(database, own)
    for query in ({}, {"guid": "42"}, {"state": "succeeded"}):
        assert [job["id"] for job in own_client.get("/v1/jobs", params=query).json()["items"]] == [str(own)]
        assert len(api.client.get("/v1/jobs", params=query).json()["items"]) == 2
    assert [item["job_id"] for item in own_client.get("/v1/results", params={"embed": "result"}).json()["items"]] == [
        str(own)
    ]
    for path in ("/v1/jobs", "/v1/results"):
        theirs, nobodys = (own_client.get(path, params={"feed": feed}).json() for feed in ("theirs", "nobodys"))
        assert (theirs["items"], nobodys["items"]) == ([], [])


def test_cursor_of_another_key_shows_nothing_foreign(api: Api, own_client: httpx.Client, database: Database) -> None:
    for number in range(4):
        complete_job(database, api.push_id(f"Story {number}.", feed="theirs"))
    jobs = api.client.get("/v1/jobs", params={"limit": 2}).json()
    assert own_client.get("/v1/jobs", params={"cursor": jobs["next"]}).json() == {"items": [], "next": None}
    results = api.client.get("/v1/results", params={"limit": 2}).json()
    page = own_client.get("/v1/results", params={"after": results["after"]}).json()
    assert (page["items"], page["after"]) == ([], results["after"])


def test_push_to_a_foreign_feed_is_forbidden_and_own_feed_is_the_default(api: Api, own_client: httpx.Client) -> None:
    assert_problem(own_client.post("/v1/articles", json={"body": "One.", "feed": "theirs"}), 403, "feed_forbidden")
    named = own_client.post("/v1/articles", json={"body": "Two.", "feed": "mine"})
    unnamed = own_client.post("/v1/articles", json={"body": "Three."})
    assert [answer.json()["metadata"]["feed"] for answer in (named, unnamed)] == ["mine", "mine"]
    assert {job["metadata"]["feed"] for job in api.client.get("/v1/jobs").json()["items"]} == {"mine"}


def test_batch_accepts_own_feed_and_refuses_foreign_lines(api: Api, own_client: httpx.Client) -> None:
    lines = '{"body": "One.", "feed": "theirs"}\n{"body": "Two.", "feed": "mine"}\n{"body": "Three."}'
    items = own_client.post("/v1/articles:batch", content=lines).json()["items"]
    assert [item["status"] for item in items] == [403, 202, 202]
    assert items[0]["problem"]["code"] == "feed_forbidden"
    assert {job["metadata"]["feed"] for job in api.client.get("/v1/jobs").json()["items"]} == {"mine"}


def test_same_guid_in_another_feed_is_another_article(api: Api, own_client: httpx.Client, foreign_job: UUID) -> None:
    own = own_client.post("/v1/articles", json={"body": "The mayor said yes.", "guid": "42"})
    assert own.status_code == 202
    assert own.json()["id"] != str(foreign_job)
    assert own.json()["warnings"] == []


def test_idempotency_keys_are_separate_for_each_key(api: Api, own_client: httpx.Client) -> None:
    key = {"Idempotency-Key": "monday"}
    assert push_batch(api, {"body": "One.", "feed": "theirs"}, **key).status_code == 200
    assert own_client.post("/v1/articles:batch", content='{"body": "Other."}', headers=key).status_code == 200
    assert api.client.post("/v1/articles", json={"body": "One.", "feed": "mine"}, headers=key).status_code == 202
    assert own_client.post("/v1/articles", json={"body": "Third."}, headers=key).status_code == 202
    assert_problem(
        own_client.post("/v1/articles", json={"body": "Another."}, headers=key), 422, "idempotency_key_reused"
    )


def test_ingest_key_cancels_and_withdraws_in_its_feed(api: Api, own_client: httpx.Client) -> None:
    own = api.push_id("The minister said no.", feed="mine")
    assert own_client.delete(f"/v1/jobs/{own}").json()["metadata"]["state"] == "canceled"
    assert own_client.post(f"/v1/articles/{article_of(api, own)}:withdraw").status_code == 204
    assert own_client.get(f"/v1/jobs/{own}/result").status_code == 410


def test_retry_and_drop_need_an_admin_key(api: Api, own_client: httpx.Client, database: Database) -> None:
    own = api.push_id("Le ministre dit non.", feed="mine")
    fail_job(database, own)
    for act in ("retry", "drop"):
        refused = own_client.post(f"/v1/jobs/{own}:{act}")
        assert 'scope="admin"' in refused.headers["www-authenticate"]
        assert assert_problem(refused, 403, "forbidden")["detail"] == "the key lacks the scope admin"
        assert api.client.post(f"/v1/jobs/{own}:{act}").status_code == (200 if act == "retry" else 409)


def test_ingest_only_key_cannot_read(api: Api, database: Database) -> None:
    writer = api.client_of(make_key(database, Scope.INGEST, feeds=("mine",)))
    job_id = writer.post("/v1/articles", json={"body": "One."}).json()["id"]
    for path in (f"/v1/jobs/{job_id}", f"/v1/jobs/{job_id}/result", "/v1/jobs", "/v1/results"):
        assert_problem(writer.get(path), 403, "forbidden")


def test_read_key_of_two_feeds_sees_both_and_cannot_push(api: Api, database: Database, foreign_job: UUID) -> None:
    own = api.push_id("The minister said no.", feed="mine")
    api.push("Somebody said maybe.", feed="third")
    reader = api.client_of(make_key(database, Scope.READ, feeds=("mine", "theirs")))
    assert {job["id"] for job in reader.get("/v1/jobs").json()["items"]} == {str(own), str(foreign_job)}
    assert_problem(reader.post("/v1/articles", json={"body": "One.", "feed": "mine"}), 403, "forbidden")
    assert_problem(reader.delete(f"/v1/jobs/{own}"), 403, "forbidden")


def test_no_route_shows_a_foreign_object(api: Api, database: Database, foreign_job: UUID) -> None:
    """On every route, a key of another feed with all scopes but admin gets 404 for the ID of a foreign object."""
    client = api.client_of(make_key(database, *BOTH, feeds=("mine",)))
    ids = {"job_id": str(foreign_job), "article_id": article_of(api, foreign_job), "name": "theirs", "feed": "theirs"}
    tried = 0
    for path, operations in api.client.get("/openapi.json").json()["paths"].items():
        for method in operations:
            filled = path.format_map(defaultdict(_any_id, ids | {"key_id": "0" * 12, "topic_id": "theirs"}))
            if filled == path or path.startswith("/v1/push/"):  # pushes there are signed and need no key
                continue
            answer = client.request(method, filled, json={} if method in {"post", "patch", "put"} else None)
            if answer.status_code not in {403, 422}:  # for administrators; an ID of another form
                assert_problem(answer, 404, "not_found")
                tried += 1
    assert tried >= 15
    finished = api.client.get(f"/v1/jobs/{foreign_job}").json()
    assert (finished["metadata"]["state"], finished["result"]["href"]) == (
        "succeeded",
        f"/v1/jobs/{foreign_job}/result",
    )


def _any_id() -> str:
    return str(uuid4())
