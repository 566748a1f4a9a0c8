"""The sources of a feed on its page, and what was refused."""

from __future__ import annotations

import re

from services.caller import local
from services.database.engine import Database
from services.feeds import refusals
from services.feeds import store as feeds
from services.feeds.refusals import NewRefusal, RefusedDocument
from services.settings import Sources
from services.sources import store
from services.sources.records import SourceState
from tests.support.api import Api
from tests.support.console_forms import get_page, post_form


def test_source_with_a_secret_shows_it_once(sqlite_api: Api, sqlite_database: Database) -> None:
    feeds.add(sqlite_database, "wire", {}, local())
    answer = post_form(sqlite_api.client, "/feeds/wire/sources", kind="signed")
    assert answer.status_code == 201
    [secret] = re.findall(r"whsec_[\w+/=]+", answer.text)
    assert "/v1/push/wire" in answer.text
    assert secret not in get_page(sqlite_api.client, "/feeds/wire")


def test_polled_address_is_added_paused_fetched_and_removed(sqlite_api: Api, sqlite_database: Database) -> None:
    feeds.add(sqlite_database, "wire", {}, local())
    client = sqlite_api.client
    values = {"kind": "poll", "url": "https://news.example/rss", "every_s": "600", "pages": "yes"}
    assert post_form(client, "/feeds/wire/sources", **values).status_code == 303
    [source] = store.list_sources(sqlite_database, "wire")
    assert (source.url, source.every_s, source.pages) == ("https://news.example/rss", 600, True)
    page = get_page(client, "/feeds/wire")
    assert "https://news.example/rss" in page
    assert "sources.fetch" in page, "nothing is fetched by default"
    path = f"/feeds/wire/sources/{source.id}"
    for action, state in (("pause", SourceState.PAUSED), ("resume", SourceState.WAITING)):
        assert post_form(client, f"{path}/{action}").status_code == 303
        assert store.show(sqlite_database, "wire", source.id).state is state
    assert post_form(client, f"{path}/fetch").status_code == 303
    assert post_form(client, f"{path}/remove").status_code == 303
    assert store.list_sources(sqlite_database, "wire") == []


def test_source_that_cannot_work_is_shown_with_its_error(sqlite_api: Api, sqlite_database: Database) -> None:
    feeds.add(sqlite_database, "wire", {}, local())
    for values, field in (
        ({"kind": "poll", "url": "ftp://x.example/"}, "url"),
        ({"kind": "poll", "url": "https://x.example/", "every_s": "often"}, "every_s"),
        ({"kind": "websub", "url": "https://x.example/"}, "kind"),
    ):
        answer = post_form(sqlite_api.client, "/feeds/wire/sources", **values)
        assert answer.status_code == 422
        assert f'aria-describedby="wrong-{field}"' in answer.text


def test_refusals_are_shown_with_their_reason_downloaded_and_cleared(
    sqlite_api: Api, sqlite_database: Database
) -> None:
    feeds.add(sqlite_database, "wire", {}, local())
    kept = RefusedDocument(b"<script>alert(1)</script>", "application/json")
    new = NewRefusal("wire", "invalid", "ninjs: body_html: <b>is missing</b>", "ninjs", document=kept)
    refusals.note(sqlite_database, [new, new], Sources())
    page = get_page(sqlite_api.client, "/feeds/wire")
    assert "ninjs: body_html: &lt;b&gt;is missing&lt;/b&gt;" in sqlite_api.client.get("/feeds/wire").text
    [link] = re.findall(r"/feeds/wire/refusals/[0-9a-f-]{36}", page)
    download = sqlite_api.client.get(link)
    assert download.content == kept.content
    assert download.headers["content-type"] == "application/octet-stream"
    assert download.headers["content-disposition"].startswith("attachment")
    assert post_form(sqlite_api.client, "/feeds/wire/refusals/clear").status_code == 303
    assert "Nothing was refused." in get_page(sqlite_api.client, "/feeds/wire")


def test_list_of_feeds_shows_sources_that_fail_and_the_last_push(sqlite_api: Api, sqlite_database: Database) -> None:
    sqlite_api.push_id(feed="wire")
    sqlite_api.app.state.services.recorder.flush()
    assert re.search(r'<time datetime="[^"]+" title="[^"]+">just now|s ago', get_page(sqlite_api.client, "/feeds"))
    assert "JSON" in get_page(sqlite_api.client, "/feeds/wire")
