"""Administration of feeds and topics with the forms of the console."""

from __future__ import annotations

import re

import pytest

from services.caller import Scope
from services.database.engine import Database
from services.feeds import pauses
from services.feeds import store as feeds
from services.topics import store
from tests.support.api import Api, make_key
from tests.support.console_forms import audit_entries, get_page, post_form

TRAMS = {"name": "Tram plan", "claim": "The city should build trams.", "aliases": "trams\n\n light rail \n"}


def test_feed_is_registered_and_changed(sqlite_api: Api, sqlite_database: Database) -> None:
    client = sqlite_api.client
    assert "No feeds yet" in get_page(client, "/feeds")
    assert post_form(client, "/feeds", name=" wire ", description="The agency", queued_limit="50").status_code == 303
    listed = get_page(client, "/feeds")
    assert "The agency" in listed
    assert ">50<" in listed.replace(" ", "")
    shown = get_page(client, "/feeds/wire")
    assert 'value="50"' in shown
    assert post_form(client, "/feeds/wire", description="", queued_limit="", rate_per_s="2.5").status_code == 303
    feed = feeds.show(sqlite_database, "wire")
    assert (feed.description, feed.queued_limit, feed.rate_per_s) == ("", None, 2.5)
    assert {("feed.add", "wire"), ("feed.set", "wire")} <= set(audit_entries(sqlite_database))


def test_feed_list_shows_queued_and_accepted_articles(sqlite_api: Api) -> None:
    for number in range(3):
        sqlite_api.push_id(f"Story {number}.", feed="wire")
    row = re.search(r'<a href="/feeds/wire">.*?</tr>', get_page(sqlite_api.client, "/feeds"), re.DOTALL)
    assert row
    assert re.findall(r'<a href="/jobs[^"]*">(\d+)</a>', row.group()) == ["3", "3"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "A B"}, "name"),
        ({}, "name"),
        ({"name": "wire", "queued_limit": "-1"}, "queued_limit"),
        ({"name": "wire", "queued_limit": "many"}, "queued_limit"),
        ({"name": "wire", "rate_per_s": "0"}, "rate_per_s"),
    ],
)
def test_invalid_feed_form_is_shown_with_field_error(sqlite_api: Api, fields: dict[str, str], field: str) -> None:
    response = post_form(sqlite_api.client, "/feeds", **fields)
    assert response.status_code == 422
    assert f'aria-describedby="wrong-{field}"' in response.text
    assert fields.get("name", "") in response.text


def test_existing_feed_is_not_registered_again(sqlite_api: Api) -> None:
    post_form(sqlite_api.client, "/feeds", name="wire")
    duplicate = post_form(sqlite_api.client, "/feeds", name="wire")
    assert (duplicate.status_code, "is there already" in duplicate.text) == (409, True)
    invalid = post_form(sqlite_api.client, "/feeds/wire", rate_per_s="-3")
    assert (invalid.status_code, 'value="-3"' in invalid.text) == (422, True)
    assert post_form(sqlite_api.client, "/feeds/none", rate_per_s="3").status_code == 404
    get_page(sqlite_api.client, "/feeds/none", 404)
    get_page(sqlite_api.client, "/feeds/A B", 404)


def test_feed_is_paused_and_resumed(sqlite_api: Api, sqlite_database: Database) -> None:
    client = sqlite_api.client
    post_form(client, "/feeds", name="wire")
    assert post_form(client, "/feeds/wire/pause", reason="it sends rubbish").status_code == 303
    assert "Paused" in get_page(client, "/feeds/wire")
    assert "paused" in get_page(client, "/feeds")
    assert [pause.reason for pause in pauses.paused(sqlite_database)] == ["it sends rubbish"]
    assert post_form(client, "/feeds/wire/resume").status_code == 303
    assert "Paused" not in get_page(client, "/feeds/wire")
    assert post_form(client, "/feeds/wire/resume").status_code == 404


def test_topic_is_registered_changed_retired_and_made_active_again(sqlite_api: Api, sqlite_database: Database) -> None:
    client = sqlite_api.client
    assert "No topics yet" in get_page(client, "/topics")
    assert post_form(client, "/topics", **TRAMS).status_code == 303
    assert "also trams, light rail" in get_page(client, "/topics")
    assert 'value="Tram plan"' in get_page(client, "/topics/tram-plan")
    assert post_form(client, "/topics/tram-plan", name="Trams", aliases="tram plan").status_code == 303
    topic = store.get(sqlite_database, "tram-plan").topic
    assert (topic.name, topic.aliases, topic.claim) == ("Trams", ("tram plan",), TRAMS["claim"])
    assert post_form(client, "/topics/tram-plan/retire").status_code == 303
    assert "retired" in get_page(client, "/topics")
    assert store.active(sqlite_database) == ()
    assert post_form(client, "/topics/tram-plan/resume").status_code == 303
    assert [topic.id for topic in store.active(sqlite_database)] == ["tram-plan"]
    assert [action for action, subject in audit_entries(sqlite_database) if subject == "tram-plan"].count(
        "topic.change"
    ) == 3


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"name": "", "claim": "x"}, "name", ""),
        ({"name": "Trams", "claim": ""}, "claim", ""),
        ({"name": "Trams", "claim": "x", "aliases": "good\n…"}, "aliases", "line 2 "),
        ({"name": "Trams", "claim": "x", "aliases": "\n".join(f"a{n}" for n in range(300))}, "aliases", "at most 200"),
    ],
)
def test_invalid_topic_form_is_shown_with_field_error(
    sqlite_api: Api, fields: dict[str, str], field: str, reason: str
) -> None:
    response = post_form(sqlite_api.client, "/topics", **fields)
    assert response.status_code == 422
    assert f'aria-describedby="wrong-{field}"' in response.text
    assert reason in response.text


def test_existing_topic_is_not_registered_again(sqlite_api: Api) -> None:
    post_form(sqlite_api.client, "/topics", **TRAMS)
    assert "already" in post_form(sqlite_api.client, "/topics", **TRAMS).text
    get_page(sqlite_api.client, "/topics/none", 404)
    get_page(sqlite_api.client, "/topics/A B", 404)


def test_read_only_key_sees_no_forms_and_may_not_submit_them(sqlite_api: Api, sqlite_database: Database) -> None:
    post_form(sqlite_api.client, "/topics", **TRAMS)
    for feed in ("visible", "private"):
        post_form(sqlite_api.client, "/feeds", name=feed)
    reader = sqlite_api.client_of(make_key(sqlite_database, Scope.READ, Scope.INGEST, feeds=("visible",)))
    assert ("visible" in get_page(reader, "/feeds"), "private" in get_page(reader, "/feeds")) == (True, False)
    for path in ("/feeds", "/feeds/visible", "/topics", "/topics/tram-plan"):
        assert 'method="post"' not in get_page(reader, path), path
    get_page(reader, "/feeds/private", 404)
    for path, fields in (
        ("/feeds", {"name": "x"}),
        ("/feeds/visible", {}),
        ("/topics", TRAMS),
        ("/topics/tram-plan", {"name": "x"}),
        ("/topics/tram-plan/retire", {}),
        ("/topics/tram-plan/resume", {}),
        ("/feeds/visible/pause", {}),
        ("/feeds/visible/resume", {}),
    ):
        assert post_form(reader, path, **fields).status_code == 403, path
