from __future__ import annotations

from typing import Any

import pytest

from services.caller import Scope
from services.database.engine import Database
from services.sources import store
from services.sources.records import SourceKind
from tests.support.api import Api, assert_problem, make_key

PATH = "/v1/feeds/wire/sources"


def add(api: Api, **source: Any) -> dict[str, Any]:
    response = api.client.post(PATH, json=source)
    assert response.status_code == 201, response.text
    view: dict[str, Any] = response.json()
    return view


def test_secret_is_shown_once_and_the_feed_is_registered(api: Api) -> None:
    added = add(api, kind="signed")
    assert added["secret"].startswith("whsec_")
    assert (added["push_url"], added["state"]) == ("/v1/push/wire", "active")
    own = add(api, kind="superdesk", secret="0123456789abcdef")  # noqa: S106 -- made up
    assert (own["secret"], own["push_url"]) == ("0123456789abcdef", "/v1/push/superdesk/wire")
    polled = add(api, kind="poll", url=" https://news.example/rss ", every_s=300, pages=True)
    assert (polled["url"], polled["every_s"], polled["secret"]) == ("https://news.example/rss", 300, None)
    items = api.client.get(PATH).json()["items"]
    assert [item["id"] for item in items] == [added["id"], own["id"], polled["id"]]
    assert "secret" not in items[0]
    assert api.client.get("/v1/feeds/wire").status_code == 200
    assert api.client.get(f"{PATH}/{polled['id']}").json() == items[2]


@pytest.mark.parametrize(
    ("source", "field", "reason"),
    [
        ({"kind": "poll"}, "url", "is missing"),
        ({"kind": "poll", "url": "ftp://news.example/"}, "url", "is not an address of http or https"),
        ({"kind": "poll", "url": "news.example/rss"}, "url", "is not an address of http or https"),
        ({"kind": "poll", "url": "http://[::1/"}, "url", "is not an address: "),
        ({"kind": "poll", "url": "https://a:b@news.example/"}, "url", "has a user name or password"),
        ({"kind": "poll", "url": "https://news.example/", "every_s": 5}, "every_s", "between 60 and 86400 seconds"),
        ({"kind": "poll", "url": "https://news.example/", "secret": "x" * 20}, "secret", "makes its own"),
        ({"kind": "signed", "url": "https://news.example/"}, "url", "its sender pushes"),
        ({"kind": "signed", "secret": "not base64, but long"}, "secret", "is not base64"),
        ({"kind": "superdesk", "secret": "short"}, "secret", "16 to 200"),
        ({"kind": "superdesk", "pages": True}, "pages", "only entries of fetched addresses"),
        ({"kind": "websub", "url": "https://news.example/"}, "kind", "`api.public_url`, which is not set"),
        ({"kind": "carrier pigeon"}, "kind", "Input should be"),
        ({"kind": "signed", "uri": "x"}, "uri", "Extra inputs"),
    ],
)
def test_source_that_cannot_work_is_refused_with_the_field(
    sqlite_api: Api, source: dict[str, Any], field: str, reason: str
) -> None:
    [error] = assert_problem(sqlite_api.client.post(PATH, json=source), 422, "invalid")["errors"]
    assert error["field"] == field
    assert reason in error["reason"]


def test_same_address_twice_and_too_many_sources_are_refused(sqlite_database: Database, serve: Any) -> None:
    api = serve(sqlite_database, sources={"per_feed": 1})
    add(api, kind="poll", url="https://news.example/rss")
    assert_problem(api.client.post(PATH, json={"kind": "signed"}), 409, "too_many_sources")
    api = serve(sqlite_database)
    same = api.client.post(PATH, json={"kind": "poll", "url": "https://news.example/rss"})
    assert_problem(same, 409, "source_exists")


def test_source_is_changed_paused_fetched_and_removed(sqlite_api: Api) -> None:
    client, source = sqlite_api.client, add(sqlite_api, kind="poll", url="https://news.example/rss")
    path = f"{PATH}/{source['id']}"
    changed = client.patch(path, json={"every_s": 600, "paused": True}).json()
    assert (changed["every_s"], changed["state"], changed["next_at"]) == (600, "paused", None)
    assert_problem(client.post(f"{path}:fetch"), 409, "conflict")
    resumed = client.patch(path, json={"paused": False}).json()
    assert (resumed["state"], resumed["every_s"]) == ("waiting", 600)
    assert client.post(f"{path}:fetch").json()["next_at"] is not None
    assert client.delete(path).status_code == 204
    assert_problem(client.get(path), 404, "not_found")
    actions = [entry["action"] for entry in client.get("/v1/audit", params={"subject": source["id"]}).json()["items"]]
    assert actions == ["source.remove", "source.set", "source.set", "source.add"]


def test_paused_sender_has_no_secret(sqlite_api: Api, sqlite_database: Database) -> None:
    source = add(sqlite_api, kind="signed")
    sqlite_api.client.patch(f"{PATH}/{source['id']}", json={"paused": True})
    assert store.with_secrets(sqlite_database, "wire", SourceKind.SIGNED) == []


def test_reader_sees_sources_and_activity_of_its_feeds_alone(sqlite_api: Api, sqlite_database: Database) -> None:
    add(sqlite_api, kind="signed")
    reader = sqlite_api.client_of(make_key(sqlite_database, Scope.READ, feeds=("wire",)))
    other = sqlite_api.client_of(make_key(sqlite_database, Scope.READ, feeds=("other",)))
    for path in (PATH, "/v1/feeds/wire/activity"):
        assert reader.get(path).status_code == 200
        assert_problem(other.get(path), 404, "not_found")


def test_activity_has_formats_and_refusals_that_are_the_same_as_one(sqlite_api: Api) -> None:
    client = sqlite_api.client
    sqlite_api.push(guid="1", feed="wire")
    for _ in range(3):
        client.post("/v1/articles?feed=wire", json={"type": "picture", "uri": "x"})
    client.post("/v1/articles?feed=wire", content=b"{broken", headers={"Content-Type": "application/json"})
    client.post("/v1/articles:batch?feed=wire", json=[{"body": "Mayor Ida Berg said no."}, {"body": " "}])
    sqlite_api.app.state.services.recorder.flush()
    activity = client.get("/v1/feeds/wire/activity").json()
    assert [(each["format"], each["documents"]) for each in activity["formats"]] == [("JSON", 2)]
    assert sorted((each["format"], each["code"], each["number"]) for each in activity["refusals"]) == [
        ("", "invalid", 1),
        ("JSON", "invalid", 1),
        ("ninjs", "no_text", 3),
    ]
    assert client.delete("/v1/feeds/wire/refusals").json() == {"refusals": 3}
    assert client.get("/v1/feeds/wire/activity").json()["refusals"] == []
