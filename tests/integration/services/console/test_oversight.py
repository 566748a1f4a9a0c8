"""Administration with the console: pauses of all intake, erasure, keys and the audit log."""

from __future__ import annotations

import re
from uuid import uuid4

import httpx
import pytest

from services.access import keys
from services.audit import log
from services.caller import Scope, local
from services.database.engine import Database
from services.feeds import pauses
from services.jobs import queries
from services.maintenance import erasure
from tests.support.api import Api, complete_job, make_key
from tests.support.console_forms import FORM_TOKEN, HTML, audit_entries, get_page, post_form
from tests.support.ledger import article, push

TOKEN = re.compile(r"swk_[0-9a-f]{12}_[0-9a-f]{48}")


def test_all_intake_is_paused_and_resumed(sqlite_api: Api, sqlite_database: Database) -> None:
    client = sqlite_api.client
    assert "Intake is open" in get_page(client, "/feeds")
    assert post_form(client, "/intake/pause", reason="  an \x00 upgrade\n").status_code == 303
    assert [(pause.feed, pause.reason) for pause in pauses.paused(sqlite_database)] == [("*", "an upgrade")]
    assert "No articles are accepted" in get_page(client, "/feeds")
    assert "an upgrade, since 20" in get_page(client, "/feeds")
    overview = get_page(client, "/")
    assert "Intake is paused" in overview
    assert 'href="/feeds#intake"' in overview
    assert post_form(client, "/intake/resume").status_code == 303
    assert pauses.intake(sqlite_database) is None
    assert audit_entries(sqlite_database)[:2] == [("intake.resume", "*"), ("intake.pause", "*")]
    assert post_form(client, "/intake/resume").status_code == 404
    post_form(client, "/intake/pause", reason="long " * 500)
    assert len(pauses.paused(sqlite_database)[0].reason) == 499


def test_article_is_erased_after_confirmation(sqlite_api: Api, sqlite_database: Database) -> None:
    client = sqlite_api.client
    job_id = sqlite_api.push_id("Private.", title="Oath", feed="wire", guid="g")
    sqlite_api.push_id("Private again.", title="Oath", feed="wire", guid="g", version="2")
    article_id = complete_job(sqlite_database, job_id).article_id
    assert f'href="/jobs/{job_id}/erase"' in get_page(client, f"/jobs/{job_id}")
    confirmation = get_page(client, f"/jobs/{job_id}/erase")
    assert "Oath" in confirmation
    assert str(job_id) in confirmation
    assert "1 other version is kept" in confirmation
    unconfirmed = post_form(client, f"/jobs/{job_id}/erase")
    assert (unconfirmed.status_code, "Tick the box to confirm" in unconfirmed.text) == (422, True)
    assert queries.job(sqlite_database, job_id).id == job_id
    response = post_form(client, f"/jobs/{job_id}/erase", sure="yes")
    notice = httpx.URL(response.headers["location"]).params["notice"]
    assert notice == f"The article {article_id} was erased with 1 job and 1 result."
    assert audit_entries(sqlite_database)[0] == ("article.erase", str(article_id))
    for path in (f"/jobs/{job_id}", f"/jobs/{job_id}/article", f"/jobs/{job_id}/erase"):
        assert "erased with its article" in get_page(client, path, 410)
    assert get_page(client, f"/jobs/{uuid4()}/erase", 404)


@pytest.mark.parametrize("action", ["retry", "cancel", "drop"])
def test_erased_job_answers_410_to_actions(sqlite_api: Api, sqlite_database: Database, action: str) -> None:
    [job] = push(sqlite_database, article("Private."))
    erasure.erase(sqlite_database, job.article_id, local())
    response = post_form(sqlite_api.client, f"/jobs/{job.job_id}/{action}")
    assert (
        response.status_code,
        "Permanently removed" in response.text,
        "erased with its article" in response.text,
    ) == (410, True, True)
    bulk_response = post_form(sqlite_api.client, "/jobs", action=action, job=[str(job.job_id)])
    assert "was erased with its article" in httpx.URL(bulk_response.headers["location"]).params["notice"]


def test_key_is_created_shown_once_and_revoked(sqlite_api: Api, sqlite_database: Database) -> None:
    client = sqlite_api.client
    response = post_form(
        client, "/keys", name="wire's own", scopes=["ingest", "read"], feeds="wire, evening", days="30"
    )
    assert (response.status_code, response.headers["cache-control"]) == (201, "no-store")
    [token] = set(TOKEN.findall(response.text))
    key_client = sqlite_api.client_of(token)
    assert key_client.post("/v1/articles", json={"feed": "wire", "body": "The minister said no."}).status_code == 202
    assert key_client.post("/v1/articles", json={"feed": "else", "body": "The minister said no."}).status_code == 403
    key_list = get_page(client, "/keys")
    assert "wire's own" in key_list
    assert "evening, wire" in key_list
    assert not TOKEN.search(key_list), "a key is shown once"
    key_id = token.split("_")[1]
    stored = keys.find(sqlite_database, key_id)
    assert stored
    assert 29 * 86_400 < (stored.expires_in_s or 0) <= 30 * 86_400
    assert post_form(client, f"/keys/{key_id}/revoke").status_code == 303
    assert key_client.get("/v1/jobs").status_code == 401
    assert "revoked" in get_page(client, "/keys")
    assert audit_entries(sqlite_database)[:2] == [("key.revoke", key_id), ("key.create", key_id)]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": " ", "scopes": ["read"]}, "name"),
        ({"name": "x"}, "scopes"),
        ({"name": "x", "scopes": ["everything"]}, "scopes"),
        ({"name": "x", "scopes": ["read"], "feeds": "Not-A-Name"}, "feeds"),
        ({"name": "x", "scopes": ["admin"], "feeds": "wire"}, "feeds"),
    ],
)
def test_invalid_key_form_is_shown_with_field_error(sqlite_api: Api, fields: dict[str, object], field: str) -> None:
    response = post_form(sqlite_api.client, "/keys", **fields)
    assert (response.status_code, f'id="wrong-{field}"' in response.text) == (422, True), response.text
    assert not TOKEN.search(response.text)


def test_expired_key_is_labelled_expired(sqlite_api: Api, sqlite_database: Database) -> None:
    keys.create(sqlite_database, name="brief", scopes={Scope.READ}, feeds=None, by=local(), expires_s=-5)
    row = re.search(r"<b>brief</b>.*?</tr>", get_page(sqlite_api.client, "/keys"), re.DOTALL)
    assert row
    assert "expired" in row.group()
    assert "Revoke" not in row.group()


def test_last_admin_key_cannot_be_revoked(sqlite_api: Api) -> None:
    response = post_form(sqlite_api.client, f"/keys/{sqlite_api.key.split('_')[1]}/revoke")
    assert (response.status_code, "last admin key" in response.text) == (409, True)
    assert post_form(sqlite_api.client, f"/keys/{'0' * 12}/revoke").status_code == 404
    assert post_form(sqlite_api.client, "/keys/nonsense/revoke").status_code == 404


def test_audit_log_is_listed_and_filtered(sqlite_api: Api, sqlite_database: Database) -> None:
    client = sqlite_api.client
    job_id = sqlite_api.push_id("Waits.", feed="wire")
    post_form(client, f"/jobs/{job_id}/cancel")
    post_form(client, "/feeds", name="evening", description="<b>late</b>")
    html = client.get("/audit", headers=HTML).text
    assert "&lt;b&gt;late" in html or "\\u003cb\\u003elate" in html, "input is escaped"
    assert f'href="/jobs/{job_id}"' in html
    assert 'href="/feeds/evening"' in html
    actor = f"key:{sqlite_api.key.split('_')[1]}"
    for query, expected in (
        ({"action": "job.cancel"}, (True, False)),
        ({"subject": " evening "}, (False, True)),
        ({"actor": actor}, (True, True)),
        ({"actor": actor, "action": "", "subject": ""}, (True, True)),
        ({"actor": "shell:nobody"}, (False, False)),
    ):
        entries = get_page(client, "/audit", **query)
        assert (f"/jobs/{job_id}" in entries, "/feeds/evening" in entries) == expected, query
    assert "No entry matches" in get_page(client, "/audit", actor="shell:nobody")
    assert "Invalid request" in get_page(client, "/audit", 422, cursor="nonsense")
    assert ("job.cancel", str(job_id)) in audit_entries(sqlite_database)


def test_pages_of_audit_entries_do_not_overlap(sqlite_api: Api, sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        for number in range(60):
            log.record(connection, "shell:me", "feed.add", f"feed-{number}.")
    first = get_page(sqlite_api.client, "/audit", actor="shell:me", action="feed.add")
    next_link = re.search(r'href="(/audit\?[^"]*cursor=[^"]*)"', first)
    assert next_link
    second = get_page(sqlite_api.client, next_link.group(1))
    feeds = [set(re.findall(r"feed-\d+\.", html)) for html in (first, second)]
    assert [len(names) for names in feeds] == [50, 10]
    assert not feeds[0] & feeds[1]


def test_pages_and_forms_of_administrators_are_closed_to_other_keys(sqlite_api: Api, sqlite_database: Database) -> None:
    reader = sqlite_api.client_of(make_key(sqlite_database, Scope.READ))
    job_id = sqlite_api.push_id("Waits.")
    home = get_page(reader, "/")
    assert 'href="/keys"' not in home
    assert 'href="/audit"' not in home
    for path in ("/keys", "/audit", f"/jobs/{job_id}/erase"):
        assert "Not allowed" in get_page(reader, path, 403)
    assert "Pause all intake" not in get_page(reader, "/feeds")
    assert "Erase" not in get_page(reader, f"/jobs/{job_id}")
    token = FORM_TOKEN.search(reader.get("/", headers=HTML).text) or FORM_TOKEN.search(
        reader.get("/login", headers=HTML).text
    )
    for path in ("/keys", "/intake/pause", "/intake/resume", f"/jobs/{job_id}/erase", f"/keys/{'0' * 12}/revoke"):
        fields = {"csrf": token.group(1) if token else "", "sure": "yes"}
        assert reader.post(path, data=fields, headers=HTML).status_code == 403, path
        assert sqlite_api.client.post(path, data={"sure": "yes"}, headers=HTML).status_code == 403, f"{path}: no token"
    assert queries.job(sqlite_database, job_id).id == job_id
    assert pauses.paused(sqlite_database) == []
