"""Feeds and topics, administered over forms."""

from __future__ import annotations

import re

import pytest

from services.caller import Scope
from services.database.engine import Database
from services.feeds import pauses
from services.feeds import store as feeds
from services.topics import store
from tests.support.api import Api, make_key
from tests.support.console_forms import acts, page, post

TRAMS = {"name": "Tram plan", "claim": "The city should build trams.", "aliases": "trams\n\n light rail \n"}


def test_a_feed_is_made_known_and_given_limits(sqlite_api: Api, sqlite_database: Database) -> None:
    client = sqlite_api.client
    assert "No feed is known yet" in page(client, "/feeds")
    assert post(client, "/feeds", name=" wire ", description="The agency", queued_limit="50").status_code == 303
    listed = page(client, "/feeds")
    assert "The agency" in listed
    assert ">50<" in listed.replace(" ", "")
    shown = page(client, "/feeds/wire")
    assert 'value="50"' in shown
    assert post(client, "/feeds/wire", description="", queued_limit="", rate_per_s="2.5").status_code == 303
    feed = feeds.show(sqlite_database, "wire")
    assert (feed.description, feed.queued_limit, feed.rate_per_s) == ("", None, 2.5)
    assert {("feed.add", "wire"), ("feed.set", "wire")} <= set(acts(sqlite_database))


def test_what_waits_of_a_feed_is_told(sqlite_api: Api) -> None:
    for number in range(3):
        sqlite_api.push_id(f"Story {number}.", feed="wire")
    row = re.search(r'<a href="/feeds/wire">.*?</tr>', page(sqlite_api.client, "/feeds"), re.DOTALL)
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
def test_a_feed_that_cannot_be_comes_back_with_its_field(sqlite_api: Api, fields: dict[str, str], field: str) -> None:
    answer = post(sqlite_api.client, "/feeds", **fields)
    assert answer.status_code == 422
    assert f'aria-describedby="wrong-{field}"' in answer.text
    assert fields.get("name", "") in answer.text


def test_a_feed_that_is_there_is_not_made_again(sqlite_api: Api) -> None:
    post(sqlite_api.client, "/feeds", name="wire")
    again = post(sqlite_api.client, "/feeds", name="wire")
    assert (again.status_code, "is there already" in again.text) == (409, True)
    wrong = post(sqlite_api.client, "/feeds/wire", rate_per_s="-3")
    assert (wrong.status_code, 'value="-3"' in wrong.text) == (422, True)
    assert post(sqlite_api.client, "/feeds/none", rate_per_s="3").status_code == 404
    page(sqlite_api.client, "/feeds/none", 404)
    page(sqlite_api.client, "/feeds/A B", 404)


def test_a_feed_is_paused_and_goes_on(sqlite_api: Api, sqlite_database: Database) -> None:
    client = sqlite_api.client
    post(client, "/feeds", name="wire")
    assert post(client, "/feeds/wire/pause", reason="it sends rubbish").status_code == 303
    assert "Paused" in page(client, "/feeds/wire")
    assert "paused" in page(client, "/feeds")
    assert [one.reason for one in pauses.paused(sqlite_database)] == ["it sends rubbish"]
    assert post(client, "/feeds/wire/resume").status_code == 303
    assert "Paused" not in page(client, "/feeds/wire")
    assert post(client, "/feeds/wire/resume").status_code == 404


def test_a_topic_is_registered_changed_retired_and_taken_up_again(sqlite_api: Api, sqlite_database: Database) -> None:
    client = sqlite_api.client
    assert "No topic is registered" in page(client, "/topics")
    assert post(client, "/topics", **TRAMS).status_code == 303
    assert "also trams, light rail" in page(client, "/topics")
    assert 'value="Tram plan"' in page(client, "/topics/tram-plan")
    assert post(client, "/topics/tram-plan", name="Trams", aliases="tram plan").status_code == 303
    topic = store.get(sqlite_database, "tram-plan").topic
    assert (topic.name, topic.aliases, topic.claim) == ("Trams", ("tram plan",), TRAMS["claim"])
    assert post(client, "/topics/tram-plan/retire").status_code == 303
    assert "retired" in page(client, "/topics")
    assert store.active(sqlite_database) == ()
    assert post(client, "/topics/tram-plan/resume").status_code == 303
    assert [one.id for one in store.active(sqlite_database)] == ["tram-plan"]
    assert [action for action, subject in acts(sqlite_database) if subject == "tram-plan"].count("topic.change") == 3


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"name": "", "claim": "x"}, "name", ""),
        ({"name": "Trams", "claim": ""}, "claim", ""),
        ({"name": "Trams", "claim": "x", "aliases": "good\n…"}, "aliases", "line 2 "),
        ({"name": "Trams", "claim": "x", "aliases": "\n".join(f"a{n}" for n in range(300))}, "aliases", "at most 200"),
    ],
)
def test_a_topic_that_cannot_be_comes_back_with_its_field(
    sqlite_api: Api, fields: dict[str, str], field: str, said: str
) -> None:
    answer = post(sqlite_api.client, "/topics", **fields)
    assert answer.status_code == 422
    assert f'aria-describedby="wrong-{field}"' in answer.text
    assert said in answer.text


def test_a_topic_that_is_there_is_not_registered_again(sqlite_api: Api) -> None:
    post(sqlite_api.client, "/topics", **TRAMS)
    assert "already" in post(sqlite_api.client, "/topics", **TRAMS).text
    page(sqlite_api.client, "/topics/none", 404)
    page(sqlite_api.client, "/topics/A B", 404)


def test_a_key_that_reads_sees_no_form_and_may_not_act(sqlite_api: Api, sqlite_database: Database) -> None:
    post(sqlite_api.client, "/topics", **TRAMS)
    for feed in ("mine", "other"):
        post(sqlite_api.client, "/feeds", name=feed)
    reader = sqlite_api.client_of(make_key(sqlite_database, Scope.READ, Scope.INGEST, feeds=("mine",)))
    assert ("mine" in page(reader, "/feeds"), "other" in page(reader, "/feeds")) == (True, False)
    for path in ("/feeds", "/feeds/mine", "/topics", "/topics/tram-plan"):
        assert 'method="post"' not in page(reader, path), path
    page(reader, "/feeds/other", 404)
    for path, fields in (
        ("/feeds", {"name": "x"}),
        ("/feeds/mine", {}),
        ("/topics", TRAMS),
        ("/topics/tram-plan", {"name": "x"}),
        ("/topics/tram-plan/retire", {}),
        ("/topics/tram-plan/resume", {}),
        ("/feeds/mine/pause", {}),
        ("/feeds/mine/resume", {}),
    ):
        assert post(reader, path, **fields).status_code == 403, path
