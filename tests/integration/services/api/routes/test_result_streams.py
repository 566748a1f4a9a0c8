"""Following results: waiting for the next page, and streams of server-sent events."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from services.access import keys
from services.caller import Scope, local
from services.database.engine import Database
from tests.integration.conftest import Serve
from tests.support.api import Api, assert_problem, complete_job, make_key

QUICK = {"heartbeat_s": 0.2, "poll_s": 0.02, "streams_per_key": 2, "streams": 3}


@pytest.fixture
def quick_api(sqlite_database: Database, serve: Serve) -> Api:
    return serve(sqlite_database, api=QUICK)


def store(api: Api, database: Database, *texts: str) -> list[str]:
    return [str(complete_job(database, api.push_id(text)).job_id) for text in texts]


def events_of(response: httpx.Response) -> Iterator[dict[str, str]]:
    """Yield the events of a stream as their fields; a comment is the field ''."""
    event: dict[str, str] = {}
    for line in response.iter_lines():
        if line:
            name, _, value = line.partition(":")
            event[name] = value.removeprefix(" ")
        elif event:
            yield event
            event = {}


def read_events(client: httpx.Client, number: int, **headers: str) -> list[dict[str, Any]]:
    """Return the next events with data of a new stream."""
    with client.stream("GET", "/v1/results/stream", headers=headers) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        events = (event for event in events_of(response) if "data" in event)
        return [{**event, "data": json.loads(event["data"])} for _, event in zip(range(number), events, strict=False)]


def test_stream_has_stored_results_and_then_new_ones_and_tombstones(quick_api: Api, sqlite_database: Database) -> None:
    stored = store(quick_api, sqlite_database, "One.", "Two.")
    with quick_api.client.stream("GET", "/v1/results/stream") as response:
        events = (event for event in events_of(response) if "data" in event)
        assert [json.loads(next(events)["data"])["job_id"] for _ in stored] == stored
        [later] = store(quick_api, sqlite_database, "Three.")
        event = next(events)
        item = json.loads(event["data"])
        assert (event["event"], item["job_id"], item["cursor"]) == ("result", later, event["id"])
        quick_api.client.post(f"/v1/articles/{item['article_id']}:withdraw").raise_for_status()
        assert next(events)["event"] == "withdrawn"


def test_stream_continues_behind_the_last_event_of_another_process(
    sqlite_database: Database, serve: Serve, quick_api: Api
) -> None:
    stored = store(quick_api, sqlite_database, *(f"Story {number}." for number in range(50)))
    first = read_events(quick_api.client, 30)
    other = serve(sqlite_database, api=QUICK)
    rest = read_events(other.client_of(quick_api.key), 20, **{"Last-Event-ID": first[-1]["id"]})
    assert [event["data"]["job_id"] for event in first + rest] == stored


def test_heartbeat_carries_the_cursor_and_ends_the_stream_of_a_revoked_key(
    quick_api: Api, sqlite_database: Database, serve: Serve
) -> None:
    store(quick_api, sqlite_database, "One.")
    after = quick_api.client.get("/v1/results").json()["after"]
    stored, token = keys.create(sqlite_database, name="test", scopes=[Scope.READ], feeds=None, by=local())
    with quick_api.client_of(token).stream("GET", "/v1/results/stream", params={"after": after}) as response:
        events = events_of(response)
        assert next(events) == {"retry": "2000"}
        assert next(events)["id"] == after
        quick_api.client.delete(f"/v1/keys/{stored.id}").raise_for_status()
        assert all("data" not in event for event in events)


def test_streams_of_a_key_and_of_all_are_bounded(quick_api: Api, sqlite_database: Database) -> None:
    token = make_key(sqlite_database, Scope.READ)
    client = quick_api.client_of(token)
    with client.stream("GET", "/v1/results/stream"), client.stream("GET", "/v1/results/stream"):
        refused = assert_problem(client.get("/v1/results/stream"), 429, "too_many_streams")
        assert "2 streams" in refused["detail"]
        with quick_api.client.stream("GET", "/v1/results/stream"):
            assert_problem(quick_api.client.get("/v1/results/stream"), 503, "streams_full")
    with client.stream("GET", "/v1/results/stream") as again:
        assert again.status_code == 200
    problem = assert_problem(client.get("/v1/results/stream", headers={"Last-Event-ID": "eA"}), 422, "invalid")
    assert problem["errors"][0]["field"] == "Last-Event-ID"


def test_page_that_waits_is_answered_with_the_next_result(quick_api: Api, sqlite_database: Database) -> None:
    after = quick_api.client.get("/v1/results").json()["after"]
    timer = threading.Timer(0.3, store, (quick_api, sqlite_database, "One."))
    timer.start()
    response = quick_api.client.get("/v1/results", params={"after": after}, headers={"Prefer": "wait=20"})
    timer.join()
    assert (len(response.json()["items"]), response.headers["Preference-Applied"]) == (1, "wait=20")
    nothing = quick_api.client.get(
        "/v1/results", params={"after": response.json()["after"]}, headers={"Prefer": "wait=1"}
    )
    assert nothing.json()["items"] == []


def test_results_are_exported_with_cursors_as_lines_and_tables(quick_api: Api, sqlite_database: Database) -> None:
    stored = store(quick_api, sqlite_database, "One.", "Two.", "Three.")
    lines = quick_api.client.get("/v1/results?embed=result", headers={"Accept": "application/x-ndjson"}).text
    items = [json.loads(line) for line in lines.splitlines()]
    assert [item["result"]["job_id"] for item in items] == stored
    rest = quick_api.client.get(
        "/v1/results", params={"after": items[0]["cursor"]}, headers={"Accept": "text/csv"}
    ).text.splitlines()
    assert [line.split(",")[2] for line in rest[1:]] == stored[1:]
