"""Forms, the session cookie, and the access of keys to pages and forms."""

from __future__ import annotations

import re
from typing import Any

import httpx

from services.caller import Scope
from services.contracts import JobState
from services.database.engine import Database
from services.feeds import pauses
from services.jobs import queries
from tests.support.api import Api, make_key
from tests.support.console_forms import FORM_TOKEN, HTML, form_token, get_page, post_form
from tests.support.ledger import state_of

TRAMS = {"name": "Tram plan", "claim": "The city should build trams.", "aliases": "trams\n\n light rail \n"}
TOKEN = re.compile(r"swk_[0-9a-f]{12}_[0-9a-f]{48}")


def test_form_from_another_site_or_session_is_rejected(sqlite_api: Api, sqlite_database: Database) -> None:
    job_id = sqlite_api.push_id()
    path = f"/jobs/{job_id}/cancel"
    fields = {"csrf": form_token(sqlite_api.client)}
    responses = [
        sqlite_api.client.post(path, headers=HTML),
        sqlite_api.client.post(path, data={"csrf": "x" * 43}, headers=HTML),
        sqlite_api.client.post(path, data=fields, headers=HTML | {"Sec-Fetch-Site": "cross-site"}),
        sqlite_api.client.post(path, data=fields, headers=HTML | {"Sec-Fetch-Site": "same-site"}),
        sqlite_api.client.post(path, data=fields, headers=HTML | {"Origin": "http://evil.example"}),
        httpx.post(f"http://127.0.0.1:{sqlite_api.port}{path}", data=fields, headers=HTML),
    ]
    assert [response.status_code for response in responses] == [403] * len(responses)
    assert all("load the page again" in response.text for response in responses)
    assert state_of(sqlite_database, job_id) is JobState.QUEUED
    assert post_form(sqlite_api.client, path).status_code == 303


def test_session_cookie_is_http_only_same_site_and_secure_behind_https(sqlite_database: Database, serve: Any) -> None:
    api: Api = serve(sqlite_database, api={"trusted_proxies": "127.0.0.1"})

    def cookie(**headers: str) -> str:
        response = httpx.get(f"http://127.0.0.1:{api.port}/", headers=HTML | headers)
        return response.headers["set-cookie"]

    assert "HttpOnly" in cookie()
    assert "SameSite=strict" in cookie()
    assert "Secure" not in cookie()
    assert "Secure" in cookie(**{"X-Forwarded-Proto": "https"}), "a trusted proxy terminates TLS"
    assert "set-cookie" not in api.client.get("/", headers=HTML | {"Cookie": cookie().partition(";")[0]}).headers


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
    assert pauses.list_pauses(sqlite_database) == []
