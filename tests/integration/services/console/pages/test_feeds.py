"""The pages of feeds, and pauses of a feed and of all intake."""

from __future__ import annotations

import re

import pytest

from services.database.engine import Database
from services.feeds import pauses
from services.feeds import store as feeds
from tests.support.api import Api
from tests.support.console_forms import audit_entries, get_page, post_form


def test_feed_is_registered_and_changed(sqlite_api: Api, sqlite_database: Database) -> None:
    client = sqlite_api.client
    assert "No feeds yet" in get_page(client, "/feeds")
    assert post_form(client, "/feeds", name=" wire ", description="The agency", queued_limit="50").status_code == 303
    html = get_page(client, "/feeds")
    assert "The agency" in html
    assert ">50<" in html.replace(" ", "")
    html = get_page(client, "/feeds/wire")
    assert 'value="50"' in html
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
    assert (duplicate.status_code, "already exists" in duplicate.text) == (409, True)
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
    assert [pause.reason for pause in pauses.list_pauses(sqlite_database)] == ["it sends rubbish"]
    assert post_form(client, "/feeds/wire/resume").status_code == 303
    assert "Paused" not in get_page(client, "/feeds/wire")
    assert post_form(client, "/feeds/wire/resume").status_code == 404


def test_all_intake_is_paused_and_resumed(sqlite_api: Api, sqlite_database: Database) -> None:
    client = sqlite_api.client
    assert "Intake is open" in get_page(client, "/feeds")
    assert post_form(client, "/intake/pause", reason="  an \x00 upgrade\n").status_code == 303
    assert [(pause.feed, pause.reason) for pause in pauses.list_pauses(sqlite_database)] == [("*", "an upgrade")]
    assert "No articles are accepted" in get_page(client, "/feeds")
    assert "an upgrade, since 20" in get_page(client, "/feeds")
    overview = get_page(client, "/")
    assert "Intake is paused" in overview
    assert 'href="/feeds#intake"' in overview
    assert post_form(client, "/intake/resume").status_code == 303
    assert pauses.intake_pause(sqlite_database) is None
    assert audit_entries(sqlite_database)[:2] == [("intake.resume", "*"), ("intake.pause", "*")]
    assert post_form(client, "/intake/resume").status_code == 404
    post_form(client, "/intake/pause", reason="long " * 500)
    assert len(pauses.list_pauses(sqlite_database)[0].reason) == 499
