"""Feeds are registered at or before their first push and can have their own limits."""

from __future__ import annotations

from typing import Any

import pytest

from services.caller import Scope
from services.database.engine import Database
from tests.support.api import Api, assert_problem, make_key, push_batch


def add_feed(api: Api, name: str, **settings: Any) -> dict[str, Any]:
    answer = api.client.post("/v1/feeds", json={"name": name, **settings})
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def names(api: Api, key: str | None = None) -> list[str]:
    client = api.client if key is None else api.client_of(key)
    return [feed["name"] for feed in client.get("/v1/feeds").json()["items"]]


def test_feed_is_registered_at_its_first_push(api: Api) -> None:
    assert names(api) == []
    api.push("One.", feed="wire")
    api.push("Two.", feed="wire")
    push_batch(api, {"body": "Three.", "feed": "agency"}, {"body": "Four."})
    assert names(api) == ["agency", "default", "wire"]
    wire = api.client.get("/v1/feeds/wire").json()
    assert (wire["description"], wire["queued_limit"], wire["rate_per_s"], wire["paused_at"]) == ("", None, None, None)
    assert wire["created_by"].startswith("key:")


def test_feeds_of_a_new_key_are_registered(api: Api) -> None:
    request = {"name": "the wire", "scopes": ["ingest"], "feeds": ["wire"]}
    api.client.post("/v1/keys", json=request).raise_for_status()
    assert names(api) == ["wire"]


def test_feed_is_added_shown_and_changed(api: Api) -> None:
    feed = add_feed(api, "wire", description="The wire", queued_limit=7)
    assert (feed["queued_limit"], feed["rate_per_s"]) == (7, None)
    changed = api.client.patch("/v1/feeds/wire", json={"rate_per_s": 2.5, "queued_limit": None})
    assert changed.json() == feed | {"rate_per_s": 2.5, "queued_limit": None}
    assert api.client.get("/v1/feeds/wire").json() == changed.json()
    assert_problem(api.client.post("/v1/feeds", json={"name": "wire"}), 409, "feed_exists")
    assert_problem(api.client.patch("/v1/feeds/nobody", json={"rate_per_s": 2.5}), 404, "not_found")
    assert_problem(api.client.get("/v1/feeds/nobody"), 404, "not_found")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": "No Capitals"}, "name"),
        ({"description": "two\nlines"}, "description"),
        ({"queued_limit": -1}, "queued_limit"),
        ({"queued_limit": False}, "queued_limit"),
        ({"rate_per_s": 0}, "rate_per_s"),
        ({"rate_per_s": 5e-324}, "rate_per_s"),
        ({"rate_per_s": "2"}, "rate_per_s"),
        ({"paused_at": "2026-01-01T00:00:00Z"}, "paused_at"),
    ],
)
def test_invalid_feed_is_rejected_with_its_field(
    shared_api: tuple[Api, Database], wrong: dict[str, Any], field: str
) -> None:
    api, _ = shared_api
    errors = assert_problem(api.client.post("/v1/feeds", json={"name": "wire"} | wrong), 422, "invalid")["errors"]
    assert [error["field"] for error in errors] == [field]


def test_key_sees_only_its_feeds(api: Api, database: Database) -> None:
    add_feed(api, "mine")
    add_feed(api, "theirs")
    key = make_key(database, Scope.READ, feeds=("mine",))
    assert names(api, key) == ["mine"]
    assert_problem(api.client_of(key).get("/v1/feeds/theirs"), 404, "not_found")


def test_queue_limit_of_a_feed_overrides_the_general_one(database: Database, serve: Any) -> None:
    api: Api = serve(database, limits={"queued_per_feed": 3}, feeds={"cache_s": 0.01})
    add_feed(api, "small", queued_limit=0)
    add_feed(api, "large", queued_limit=5)
    assert_problem(api.push("One.", feed="small"), 429, "feed_queue_full")
    answers = push_batch(api, *({"body": f"Story {number}.", "feed": "large"} for number in range(5))).json()["items"]
    assert [item["status"] for item in answers] == [202] * 5


def test_rate_of_a_feed_is_enforced_per_article(database: Database, serve: Any) -> None:
    api: Api = serve(database, feeds={"burst_s": 1})
    add_feed(api, "slow", rate_per_s=3)
    answers = push_batch(api, *({"body": f"Story {number}.", "feed": "slow"} for number in range(8))).json()["items"]
    statuses = [item["status"] for item in answers]
    assert statuses[:3] == [202] * 3
    assert statuses[-1] == 429
    refused = api.push("Late.", feed="slow")
    assert refused.headers["retry-after"] == "1"
    assert_problem(refused, 429, "feed_rate")
    assert api.push("Other.", feed="quick").status_code == 202


def test_push_beyond_the_number_of_feeds_is_refused(database: Database, serve: Any) -> None:
    api: Api = serve(database, limits={"feeds": 2})
    assert [api.push("One.", feed=feed).status_code for feed in ("a", "b", "c", "a")] == [202, 202, 429, 200]
    assert_problem(api.push("Two.", feed="d"), 429, "too_many_feeds")
    assert names(api) == ["a", "b"]
