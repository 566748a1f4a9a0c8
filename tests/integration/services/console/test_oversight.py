"""What an administrator oversees on pages: pauses of all intake, erasing, keys, the audit log."""

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
from tests.support.api import Api, finish, make_key
from tests.support.console_forms import PAGE, TOKEN, acts, page, post
from tests.support.ledger import article, push

SECRET = re.compile(r"swk_[0-9a-f]{12}_[0-9a-f]{48}")


def test_all_intake_is_paused_and_goes_on(sqlite_api: Api, sqlite_database: Database) -> None:
    client = sqlite_api.client
    assert "Intake is open" in page(client, "/feeds")
    assert post(client, "/intake/pause", reason="  an \x00 upgrade\n").status_code == 303
    assert [(one.feed, one.reason) for one in pauses.paused(sqlite_database)] == [("*", "an upgrade")]
    assert "No articles are taken in" in page(client, "/feeds")
    assert "an upgrade, since 20" in page(client, "/feeds")
    seen = page(client, "/")
    assert "Intake is paused" in seen
    assert 'href="/feeds#intake"' in seen
    assert post(client, "/intake/resume").status_code == 303
    assert pauses.intake(sqlite_database) is None
    assert acts(sqlite_database)[:2] == [("intake.resume", "*"), ("intake.pause", "*")]
    assert post(client, "/intake/resume").status_code == 404
    post(client, "/intake/pause", reason="long " * 500)
    assert len(pauses.paused(sqlite_database)[0].reason) == 499


def test_an_article_is_erased_once_that_is_confirmed(sqlite_api: Api, sqlite_database: Database) -> None:
    client = sqlite_api.client
    job_id = sqlite_api.push_id("Private.", title="Oath", feed="wire", guid="g")
    sqlite_api.push_id("Private again.", title="Oath", feed="wire", guid="g", version="2")
    article_id = finish(sqlite_database, job_id).article_id
    assert f'href="/jobs/{job_id}/erase"' in page(client, f"/jobs/{job_id}")
    asked = page(client, f"/jobs/{job_id}/erase")
    assert "Oath" in asked
    assert str(job_id) in asked
    assert "1 other version of it stays" in asked
    unsure = post(client, f"/jobs/{job_id}/erase")
    assert (unsure.status_code, "Say that you mean it" in unsure.text) == (422, True)
    assert queries.job(sqlite_database, job_id).id == job_id
    done = post(client, f"/jobs/{job_id}/erase", sure="yes")
    notice = httpx.URL(done.headers["location"]).params["notice"]
    assert notice == f"Article {article_id} was erased with 1 job and 1 result."
    assert acts(sqlite_database)[0] == ("article.erase", str(article_id))
    for path in (f"/jobs/{job_id}", f"/jobs/{job_id}/article", f"/jobs/{job_id}/erase"):
        assert "erased with its article" in page(client, path, 410)
    assert page(client, f"/jobs/{uuid4()}/erase", 404)


@pytest.mark.parametrize("action", ["retry", "cancel", "drop"])
def test_what_was_erased_is_gone_for_acts_too(sqlite_api: Api, sqlite_database: Database, action: str) -> None:
    [one] = push(sqlite_database, article("Private."))
    erasure.erase(sqlite_database, one.article_id, local())
    gone = post(sqlite_api.client, f"/jobs/{one.job_id}/{action}")
    assert (gone.status_code, "Gone for good" in gone.text, "erased with its article" in gone.text) == (410, True, True)
    many = post(sqlite_api.client, "/jobs", action=action, job=[str(one.job_id)])
    assert "was erased with its article" in httpx.URL(many.headers["location"]).params["notice"]


def test_a_key_is_made_shown_once_and_revoked(sqlite_api: Api, sqlite_database: Database) -> None:
    client = sqlite_api.client
    made = post(client, "/keys", name="wire's own", scopes=["ingest", "read"], feeds="wire, evening", days="30")
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    [token] = set(SECRET.findall(made.text))
    stranger = sqlite_api.client_of(token)
    assert stranger.post("/v1/articles", json={"feed": "wire", "body": "The minister said no."}).status_code == 202
    assert stranger.post("/v1/articles", json={"feed": "else", "body": "The minister said no."}).status_code == 403
    listed = page(client, "/keys")
    assert "wire's own" in listed
    assert "evening, wire" in listed
    assert not SECRET.search(listed), "it is shown once"
    key_id = token.split("_")[1]
    stored = keys.find(sqlite_database, key_id)
    assert stored
    assert 29 * 86_400 < (stored.expires_in_s or 0) <= 30 * 86_400
    assert post(client, f"/keys/{key_id}/revoke").status_code == 303
    assert stranger.get("/v1/jobs").status_code == 401
    assert "revoked" in page(client, "/keys")
    assert acts(sqlite_database)[:2] == [("key.revoke", key_id), ("key.create", key_id)]


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
def test_a_key_that_cannot_be_comes_back_with_its_field(sqlite_api: Api, fields: dict[str, object], field: str) -> None:
    answer = post(sqlite_api.client, "/keys", **fields)
    assert (answer.status_code, f'id="wrong-{field}"' in answer.text) == (422, True), answer.text
    assert not SECRET.search(answer.text)


def test_a_key_that_has_expired_is_told_as_such(sqlite_api: Api, sqlite_database: Database) -> None:
    keys.create(sqlite_database, name="brief", scopes={Scope.READ}, feeds=None, by=local(), expires_s=-5)
    row = re.search(r"<b>brief</b>.*?</tr>", page(sqlite_api.client, "/keys"), re.DOTALL)
    assert row
    assert "expired" in row.group()
    assert "Revoke" not in row.group()


def test_the_last_admin_key_is_kept(sqlite_api: Api) -> None:
    refused = post(sqlite_api.client, f"/keys/{sqlite_api.key.split('_')[1]}/revoke")
    assert (refused.status_code, "last admin key" in refused.text) == (409, True)
    assert post(sqlite_api.client, f"/keys/{'0' * 12}/revoke").status_code == 404
    assert post(sqlite_api.client, "/keys/nonsense/revoke").status_code == 404


def test_the_audit_log_is_listed_and_filtered(sqlite_api: Api, sqlite_database: Database) -> None:
    client = sqlite_api.client
    job_id = sqlite_api.push_id("Waits.", feed="wire")
    post(client, f"/jobs/{job_id}/cancel")
    post(client, "/feeds", name="evening", description="<b>late</b>")
    seen = client.get("/audit", headers=PAGE).text
    assert "&lt;b&gt;late" in seen or "\\u003cb\\u003elate" in seen, "what people typed is text"
    assert f'href="/jobs/{job_id}"' in seen
    assert 'href="/feeds/evening"' in seen
    me = f"key:{sqlite_api.key.split('_')[1]}"
    for query, shown in (
        ({"action": "job.cancel"}, (True, False)),
        ({"subject": " evening "}, (False, True)),
        ({"actor": me}, (True, True)),
        ({"actor": me, "action": "", "subject": ""}, (True, True)),
        ({"actor": "shell:nobody"}, (False, False)),
    ):
        found = page(client, "/audit", **query)
        assert (f"/jobs/{job_id}" in found, "/feeds/evening" in found) == shown, query
    assert "No act fits" in page(client, "/audit", actor="shell:nobody")
    assert "That was not understood" in page(client, "/audit", 422, cursor="nonsense")
    assert ("job.cancel", str(job_id)) in acts(sqlite_database)


def test_pages_of_acts_follow_one_another(sqlite_api: Api, sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        for number in range(60):
            log.record(connection, "shell:me", "feed.add", f"feed-{number}.")
    first = page(sqlite_api.client, "/audit", actor="shell:me", action="feed.add")
    older = re.search(r'href="(/audit\?[^"]*cursor=[^"]*)"', first)
    assert older
    second = page(sqlite_api.client, older.group(1))
    found = [set(re.findall(r"feed-\d+\.", one)) for one in (first, second)]
    assert [len(one) for one in found] == [50, 10]
    assert not found[0] & found[1]


def test_who_is_no_administrator_sees_none_of_it(sqlite_api: Api, sqlite_database: Database) -> None:
    reader = sqlite_api.client_of(make_key(sqlite_database, Scope.READ))
    job_id = sqlite_api.push_id("Waits.")
    home = page(reader, "/")
    assert 'href="/keys"' not in home
    assert 'href="/audit"' not in home
    for path in ("/keys", "/audit", f"/jobs/{job_id}/erase"):
        assert "Not allowed" in page(reader, path, 403)
    assert "Pause all intake" not in page(reader, "/feeds")
    assert "Erase" not in page(reader, f"/jobs/{job_id}")
    token = TOKEN.search(reader.get("/", headers=PAGE).text) or TOKEN.search(reader.get("/login", headers=PAGE).text)
    for path in ("/keys", "/intake/pause", "/intake/resume", f"/jobs/{job_id}/erase", f"/keys/{'0' * 12}/revoke"):
        fields = {"csrf": token.group(1) if token else "", "sure": "yes"}
        assert reader.post(path, data=fields, headers=PAGE).status_code == 403, path
        assert sqlite_api.client.post(path, data={"sure": "yes"}, headers=PAGE).status_code == 403, f"{path}: no token"
    assert queries.job(sqlite_database, job_id).id == job_id
    assert pauses.paused(sqlite_database) == []
