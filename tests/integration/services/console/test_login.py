"""Who gets into the console, what they see there and what they may do."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from html import unescape
from typing import Any

import httpx
import pytest

from services.access import keys
from services.caller import Scope, local
from services.console import login_attempts, sessions
from services.contracts import JobState
from services.database.engine import Database
from tests.support.api import Api, finish, make_key, spoil
from tests.support.ledger import state_of

PAGE = {"Accept": "text/html"}
TOKEN = re.compile(r'name="csrf" value="([^"]+)"')
Browser = Callable[[], httpx.Client]


@pytest.fixture
def browser(sqlite_api: Api) -> Browser:
    """A browser without a key: what it knows is in its cookies."""
    return lambda: sqlite_api.client_of(None)


def post(client: httpx.Client, path: str, at: str = "/login", **fields: Any) -> httpx.Response:
    token = TOKEN.search(client.get(at, headers=PAGE, follow_redirects=True).text)
    assert token
    return client.post(path, data={"csrf": token.group(1), **fields}, headers=PAGE)


def log_in(client: httpx.Client, key: str, **fields: str) -> httpx.Response:
    return post(client, "/login", key=key, **fields)


def test_without_a_key_every_page_leads_to_the_login_and_back(browser: Browser, sqlite_api: Api) -> None:
    job_id = sqlite_api.push_id(title="Secret story")
    client = browser()
    for path in ("/", "/overview/live", "/jobs?state=queued", f"/jobs/{job_id}", f"/jobs/{job_id}/article", "/try"):
        answer = client.get(path, headers=PAGE)
        assert (answer.status_code, answer.headers["location"][:12]) == (303, "/login?next="), path
        assert "Secret story" not in answer.text
    onward = httpx.URL(client.get("/jobs?state=queued", headers=PAGE).headers["location"]).params["next"]
    assert onward == "/jobs?state=queued"
    entered = log_in(client, sqlite_api.key, next=onward)
    assert (entered.status_code, entered.headers["location"]) == (303, onward)
    assert "Secret story" in client.get(onward, headers=PAGE).text
    assert client.get("/login", headers=PAGE).headers["location"] == "/"


def test_a_part_of_a_page_has_its_page_loaded_again_once_the_session_is_over(browser: Browser) -> None:
    answer = browser().get("/overview/live", headers=PAGE | {"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (401, "true")


def test_the_cookie_holds_no_key_and_is_renewed_at_the_login(browser: Browser, sqlite_api: Api) -> None:
    client = browser()
    client.get("/login", headers=PAGE)
    before = client.cookies["stancewire_session"]
    entered = log_in(client, sqlite_api.key)
    cookies = entered.headers.get_list("set-cookie")
    assert len(cookies) == 1
    assert "HttpOnly" in cookies[0]
    assert "SameSite=strict" in cookies[0]
    assert client.cookies["stancewire_session"] != before
    assert sqlite_api.key.split("_")[2] not in cookies[0]


@pytest.mark.parametrize("key", ["", "swk_", "swk_000000000000_" + "0" * 48, "Bearer x", "é", "a\nb"])
def test_a_wrong_key_does_not_get_in(browser: Browser, key: str) -> None:
    client = browser()
    answer = log_in(client, key or " ")
    assert (answer.status_code, "No key like this works here" in answer.text) == (401, True)
    assert client.get("/", headers=PAGE).status_code == 303


def test_a_key_that_only_pushes_does_not_get_in(browser: Browser, sqlite_database: Database) -> None:
    answer = log_in(browser(), make_key(sqlite_database, Scope.INGEST))
    assert (answer.status_code, "may push articles and not read them" in answer.text) == (403, True)


@pytest.mark.parametrize(
    "onward", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\tx"]
)
def test_the_login_leads_nowhere_else(browser: Browser, sqlite_api: Api, onward: str) -> None:
    assert log_in(browser(), sqlite_api.key, next=onward).headers["location"] == "/"


def test_too_many_wrong_keys_are_held_off(browser: Browser, sqlite_api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    client = browser()
    assert [log_in(client, f"wrong {number}").status_code for number in range(10)] == [401] * 10
    held = log_in(client, sqlite_api.key)
    assert (held.status_code, "too many wrong keys" in held.text.lower()) == (429, True)
    assert 0 < int(held.headers["Retry-After"]) <= 60
    later = time.monotonic() + 61
    monkeypatch.setattr(login_attempts.time, "monotonic", lambda: later)
    assert log_in(client, sqlite_api.key).status_code == 303


def test_a_login_form_from_elsewhere_logs_nobody_in(browser: Browser, sqlite_api: Api) -> None:
    client = browser()
    client.get("/login", headers=PAGE)
    assert client.post("/login", data={"key": sqlite_api.key, "csrf": "x"}, headers=PAGE).status_code == 403
    assert client.get("/", headers=PAGE).status_code == 303


def test_after_the_logout_nothing_is_shown(browser: Browser, sqlite_api: Api) -> None:
    client = browser()
    log_in(client, sqlite_api.key)
    assert client.get("/", headers=PAGE).status_code == 200
    assert post(client, "/logout", at="/").headers["location"] == "/login"
    assert client.get("/", headers=PAGE).status_code == 303


def test_a_session_ends_with_its_time_and_with_its_key(
    browser: Browser, sqlite_api: Api, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make_key(sqlite_database, Scope.READ)
    first, second = browser(), browser()
    log_in(first, key)
    log_in(second, sqlite_api.key)
    keys.revoke(sqlite_database, key.split("_")[1], local())
    assert first.get("/", headers=PAGE).status_code == 303
    assert second.get("/", headers=PAGE).status_code == 200
    later = time.time() + sqlite_api.app.state.services.settings.console.session_s + 1
    monkeypatch.setattr(sessions.time, "time", lambda: later)
    assert second.get("/", headers=PAGE).status_code == 303


def test_a_key_sees_its_feeds_and_no_more(browser: Browser, sqlite_api: Api, sqlite_database: Database) -> None:
    mine, other = (sqlite_api.push_id(f"{feed}.", feed=feed, title=f"Of {feed}") for feed in ("mine", "other"))
    for job_id in (mine, other):
        finish(sqlite_database, job_id)
    client = browser()
    log_in(client, make_key(sqlite_database, Scope.READ, feeds=("mine",)))
    for path in ("/", "/overview/live", "/jobs"):
        seen = client.get(path, headers=PAGE).text
        assert ("Of mine" in seen, "Of other" in seen) == (True, False), path
    assert "Since the ledger began" not in client.get("/", headers=PAGE).text, "totals tell of every feed"
    for path in ("/jobs/{}", "/jobs/{}/article", "/jobs/{}/waiting"):
        assert client.get(path.format(mine), headers=PAGE).status_code == 200
        assert client.get(path.format(other), headers=PAGE).status_code == 404


def test_a_key_that_reads_may_not_act(browser: Browser, sqlite_api: Api, sqlite_database: Database) -> None:
    job_id = sqlite_api.push_id()
    spoil(sqlite_database, job_id)
    client = browser()
    log_in(client, make_key(sqlite_database, Scope.READ))
    seen = client.get(f"/jobs/{job_id}", headers=PAGE).text
    assert "reads only" in seen
    assert "/retry" not in seen
    assert "checkbox" not in client.get("/jobs", headers=PAGE).text
    for path, fields in (
        (f"/jobs/{job_id}/retry", {}),
        ("/jobs", {"action": "retry", "job": str(job_id)}),
        ("/try", {"body": "x"}),
    ):
        refused = post(client, path, at="/", **fields)
        assert (refused.status_code, "the key lacks the scope" in unescape(refused.text).lower()) == (403, True), path
    assert state_of(sqlite_database, job_id) is JobState.FAILED


def test_an_act_is_noted_with_the_key_that_did_it(browser: Browser, sqlite_api: Api, sqlite_database: Database) -> None:
    job_id = sqlite_api.push_id()
    client = browser()
    log_in(client, sqlite_api.key)
    assert post(client, f"/jobs/{job_id}/cancel", at="/").status_code == 303
    with sqlite_database.read() as connection:
        noted = connection.exec_driver_sql("SELECT actor, subject FROM audit_log WHERE action = 'job.cancel'").all()
    assert [tuple(row) for row in noted] == [(f"key:{sqlite_api.key.split('_')[1]}", str(job_id))]


def test_where_no_key_is_asked_for_pages_open_and_forms_still_need_their_token(
    sqlite_database: Database, serve: Callable[..., Api]
) -> None:
    api = serve(sqlite_database, access={"required": False})
    client = api.client_of(None)
    job_id = api.push_id()
    assert "Log out" not in client.get("/", headers=PAGE).text
    assert client.post(f"/jobs/{job_id}/cancel", headers=PAGE).status_code == 403
    assert post(client, f"/jobs/{job_id}/cancel", at="/try").status_code == 303
