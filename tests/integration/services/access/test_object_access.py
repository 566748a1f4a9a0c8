"""A key pushes to its feeds and sees its feeds; what belongs to others is not there."""

from __future__ import annotations

from uuid import UUID, uuid4

import httpx
import pytest

from services.caller import Scope
from services.database.engine import Database
from tests.support.api import Api, assert_problem, complete_job, fail_job, make_key, push_batch

BOTH = (Scope.INGEST, Scope.READ)


@pytest.fixture
def mine(api: Api, database: Database) -> httpx.Client:
    return api.client_of(make_key(database, *BOTH, feeds=("mine",)))


@pytest.fixture
def foreign(api: Api, database: Database) -> UUID:
    """A finished job of a feed that is not mine."""
    job_id = api.push_id("The mayor said yes.", feed="theirs", guid="42")
    complete_job(database, job_id)
    return job_id


def article_of(api: Api, job_id: UUID) -> str:
    return str(api.client.get(f"/v1/jobs/{job_id}").json()["metadata"]["article_id"])


def test_a_foreign_thing_answers_as_one_that_was_never_there(api: Api, mine: httpx.Client, foreign: UUID) -> None:
    for method, path in (
        ("GET", "/v1/jobs/{}"),
        ("GET", "/v1/jobs/{}/result"),
        ("DELETE", "/v1/jobs/{}"),
        ("POST", "/v1/articles/{}:withdraw"),
    ):
        known = article_of(api, foreign) if "articles" in path else str(foreign)
        never = str(uuid4())
        refused, missing = (mine.request(method, path.format(one)) for one in (known, never))
        assert_problem(refused, 404, "not_found")
        assert refused.text.replace(known, "") == missing.text.replace(never, ""), (method, path)
    assert api.client.get(f"/v1/jobs/{foreign}/result").status_code == 200


def test_waiting_for_a_foreign_job_does_not_wait(mine: httpx.Client, foreign: UUID) -> None:
    answer = mine.get(f"/v1/jobs/{foreign}", headers={"Prefer": "wait=30"}, timeout=5)
    assert_problem(answer, 404, "not_found")
    assert "preference-applied" not in answer.headers


def test_lists_hold_what_is_mine(api: Api, mine: httpx.Client, database: Database, foreign: UUID) -> None:
    own = api.push_id("The minister said no.", feed="mine", guid="42")
    complete_job(database, own)
    for query in ({}, {"guid": "42"}, {"state": "succeeded"}):
        assert [job["id"] for job in mine.get("/v1/jobs", params=query).json()["items"]] == [str(own)]
        assert len(api.client.get("/v1/jobs", params=query).json()["items"]) == 2
    assert [one["job_id"] for one in mine.get("/v1/results", params={"embed": "result"}).json()["items"]] == [str(own)]
    for path in ("/v1/jobs", "/v1/results"):
        theirs, nobodys = (mine.get(path, params={"feed": feed}).json() for feed in ("theirs", "nobodys"))
        assert (theirs["items"], nobodys["items"]) == ([], [])


def test_a_cursor_of_another_key_opens_nothing(api: Api, mine: httpx.Client, database: Database) -> None:
    for number in range(4):
        complete_job(database, api.push_id(f"Story {number}.", feed="theirs"))
    jobs = api.client.get("/v1/jobs", params={"limit": 2}).json()
    assert mine.get("/v1/jobs", params={"cursor": jobs["next"]}).json() == {"items": [], "next": None}
    results = api.client.get("/v1/results", params={"limit": 2}).json()
    page = mine.get("/v1/results", params={"after": results["after"]}).json()
    assert (page["items"], page["after"]) == ([], results["after"])


def test_pushing_goes_to_ones_own_feed(api: Api, mine: httpx.Client) -> None:
    assert_problem(mine.post("/v1/articles", json={"body": "One.", "feed": "theirs"}), 403, "feed_forbidden")
    named = mine.post("/v1/articles", json={"body": "Two.", "feed": "mine"})
    unnamed = mine.post("/v1/articles", json={"body": "Three."})
    assert [answer.json()["metadata"]["feed"] for answer in (named, unnamed)] == ["mine", "mine"]
    assert {job["metadata"]["feed"] for job in api.client.get("/v1/jobs").json()["items"]} == {"mine"}


def test_a_batch_takes_what_is_mine_and_refuses_the_rest(api: Api, mine: httpx.Client) -> None:
    lines = '{"body": "One.", "feed": "theirs"}\n{"body": "Two.", "feed": "mine"}\n{"body": "Three."}'
    items = mine.post("/v1/articles:batch", content=lines).json()["items"]
    assert [item["status"] for item in items] == [403, 202, 202]
    assert items[0]["problem"]["code"] == "feed_forbidden"
    assert {job["metadata"]["feed"] for job in api.client.get("/v1/jobs").json()["items"]} == {"mine"}


def test_the_same_guid_in_another_feed_is_another_article(api: Api, mine: httpx.Client, foreign: UUID) -> None:
    own = mine.post("/v1/articles", json={"body": "The mayor said yes.", "guid": "42"})
    assert own.status_code == 202
    assert own.json()["id"] != str(foreign)
    assert own.json()["warnings"] == []


def test_idempotency_keys_of_others_are_not_mine(api: Api, mine: httpx.Client) -> None:
    key = {"Idempotency-Key": "monday"}
    assert push_batch(api, {"body": "One.", "feed": "theirs"}, **key).status_code == 200
    assert mine.post("/v1/articles:batch", content='{"body": "Other."}', headers=key).status_code == 200
    assert api.client.post("/v1/articles", json={"body": "One.", "feed": "mine"}, headers=key).status_code == 202
    assert mine.post("/v1/articles", json={"body": "Third."}, headers=key).status_code == 202
    assert_problem(mine.post("/v1/articles", json={"body": "Another."}, headers=key), 422, "idempotency_key_reused")


def test_a_feed_cancels_and_withdraws_its_own(api: Api, mine: httpx.Client) -> None:
    own = api.push_id("The minister said no.", feed="mine")
    assert mine.delete(f"/v1/jobs/{own}").json()["metadata"]["state"] == "canceled"
    assert mine.post(f"/v1/articles/{article_of(api, own)}:withdraw").status_code == 204
    assert mine.get(f"/v1/jobs/{own}/result").status_code == 410


def test_retry_and_drop_are_for_administrators(api: Api, mine: httpx.Client, database: Database) -> None:
    own = api.push_id("Le ministre dit non.", feed="mine")
    fail_job(database, own)
    for act in ("retry", "drop"):
        refused = mine.post(f"/v1/jobs/{own}:{act}")
        assert 'scope="admin"' in refused.headers["www-authenticate"]
        assert assert_problem(refused, 403, "forbidden")["detail"] == "the key lacks the scope admin"
        assert api.client.post(f"/v1/jobs/{own}:{act}").status_code == (200 if act == "retry" else 409)


def test_a_key_for_pushing_alone_reads_nothing(api: Api, database: Database) -> None:
    writer = api.client_of(make_key(database, Scope.INGEST, feeds=("mine",)))
    job_id = writer.post("/v1/articles", json={"body": "One."}).json()["id"]
    for path in (f"/v1/jobs/{job_id}", f"/v1/jobs/{job_id}/result", "/v1/jobs", "/v1/results"):
        assert_problem(writer.get(path), 403, "forbidden")


def test_a_reader_of_two_feeds_sees_both_and_pushes_to_none(api: Api, database: Database, foreign: UUID) -> None:
    own = api.push_id("The minister said no.", feed="mine")
    api.push("Somebody said maybe.", feed="third")
    reader = api.client_of(make_key(database, Scope.READ, feeds=("mine", "theirs")))
    assert {job["id"] for job in reader.get("/v1/jobs").json()["items"]} == {str(own), str(foreign)}
    assert_problem(reader.post("/v1/articles", json={"body": "One.", "feed": "mine"}), 403, "forbidden")
    assert_problem(reader.delete(f"/v1/jobs/{own}"), 403, "forbidden")


def test_no_route_that_takes_an_id_shows_a_foreign_thing(api: Api, database: Database, foreign: UUID) -> None:
    """Whatever routes there will be: with a key for another feed and every scope but admin, an ID of theirs is 404."""
    key = make_key(database, *BOTH, feeds=("mine",))
    ids = {"job_id": str(foreign), "article_id": article_of(api, foreign), "name": "theirs", "feed": "theirs"}
    tried = 0
    for path, operations in api.client.get("/openapi.json").json()["paths"].items():
        for method in operations:
            filled = path.format_map(ids | {"key_id": "0" * 12, "topic_id": "theirs"})
            if filled == path:
                continue
            answer = api.client_of(key).request(method, filled, json={} if method in {"post", "patch", "put"} else None)
            if answer.status_code != 403:  # for administrators
                assert_problem(answer, 404, "not_found")
                tried += 1
    assert tried >= 5
    finished = api.client.get(f"/v1/jobs/{foreign}").json()
    assert (finished["metadata"]["state"], finished["result"]["href"]) == ("succeeded", f"/v1/jobs/{foreign}/result")
