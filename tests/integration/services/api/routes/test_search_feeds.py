"""Searches as Atom feeds."""

from __future__ import annotations

from typing import Any

import feedparser
import httpx

from services.caller import Scope
from services.database.engine import Database
from tests.integration.conftest import Serve
from tests.support.api import Api, assert_problem, make_key
from tests.support.speech import Statement, store_result

STORY: dict[str, Any] = {
    "url": "https://news.example/7?a=1&b=2",
    "title": "Tram & <bridge>",
    "published_at": "2026-11-20T10:00:00Z",
}


def test_feed_has_the_latest_items_with_links_to_their_articles(api: Api, database: Database) -> None:
    store_result(database, Statement("Zoë Berg", "“no” to <it>\x0b", target="Port Union"), feed="wire", **STORY)
    store_result(database, Statement("Ann Lee", "yes"), feed="wire")
    response = api.client.get("/v1/attributions.atom", params={"speaker": "berg"})
    assert response.headers["Content-Type"].startswith("application/atom+xml")
    parsed = feedparser.parse(response.content)
    assert not parsed.bozo
    assert parsed.feed.title == "Stancewire: Statements · speaker berg"
    assert parsed.feed.id.endswith("/v1/attributions.atom?speaker=berg")
    [entry] = parsed.entries
    assert (entry.link, entry.summary, entry.updated) == (
        STORY["url"],
        "“no” to <it>",
        "2026-11-20T10:00:00+00:00",
    )
    assert entry.title.startswith("Zoë Berg: “no” to")
    [stance] = feedparser.parse(api.client.get("/v1/stances.atom", params={"target": "port union"}).content).entries
    assert stance.title == "Zoë Berg opposes Port Union"
    assert feedparser.parse(api.client.get("/v1/stances.atom?speaker=nobody").content).entries == []


def test_key_in_the_address_is_only_for_feeds_and_only_if_the_settings_allow_it(
    sqlite_database: Database, serve: Serve
) -> None:
    key = make_key(sqlite_database, Scope.READ)
    closed, opened = serve(sqlite_database), serve(sqlite_database, access={"query_keys": True})
    assert_problem(closed.client_of(None).get("/v1/stances.atom", params={"key": key}), 401, "key_missing")
    anonymous: httpx.Client = opened.client_of(None)
    feed = anonymous.get("/v1/stances.atom", params={"key": key, "target": "x"})
    assert feed.status_code == 200
    assert "swk_" not in feed.text
    assert_problem(anonymous.get("/v1/stances.atom", params={"key": "swk_wrong"}), 401, "key_malformed")
    assert_problem(anonymous.get("/v1/stances", params={"key": key}), 401, "key_missing")
