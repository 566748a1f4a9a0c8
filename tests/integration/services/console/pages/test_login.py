"""Login and sessions of the console, and the access that keys give to pages."""

from __future__ import annotations

import time
from collections.abc import Callable
from html import unescape

import httpx
import pytest

from services.access import keys, rate_limiter
from services.caller import Scope, local
from services.contracts import JobState
from services.database.engine import Database
from tests.support.api import Api, complete_job, fail_job, make_key
from tests.support.console_forms import HTML, post_form
from tests.support.ledger import state_of

NewBrowser = Callable[[], httpx.Client]


@pytest.fixture
def new_browser(sqlite_api: Api) -> NewBrowser:
    """Return a factory of clients without a key; each has its own cookies."""
    return lambda: sqlite_api.client_of(None)


class Clock:
    """A clock for the rate limiter that moves only when a test moves it."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


def log_in(client: httpx.Client, key: str, **fields: str) -> httpx.Response:
    return post_form(client, "/login", "/login", key=key, **fields)


def test_pages_redirect_to_login_and_back(new_browser: NewBrowser, sqlite_api: Api) -> None:
    job_id = sqlite_api.push_id(title="Secret story")
    client = new_browser()
    for path in ("/", "/overview/live", "/jobs?state=queued", f"/jobs/{job_id}", f"/jobs/{job_id}/article", "/try"):
        response = client.get(path, headers=HTML)
        assert (response.status_code, response.headers["location"][:12]) == (303, "/login?next="), path
        assert "Secret story" not in response.text
    next_path = httpx.URL(client.get("/jobs?state=queued", headers=HTML).headers["location"]).params["next"]
    assert next_path == "/jobs?state=queued"
    response = log_in(client, sqlite_api.key, next=next_path)
    assert (response.status_code, response.headers["location"]) == (303, next_path)
    assert "Secret story" in client.get(next_path, headers=HTML).text
    assert client.get("/login", headers=HTML).headers["location"] == "/"


def test_live_fragment_makes_the_page_reload_after_the_session_ended(new_browser: NewBrowser) -> None:
    response = new_browser().get("/overview/live", headers=HTML | {"HX-Request": "true"})
    assert (response.status_code, response.headers["HX-Refresh"]) == (401, "true")


def test_cookie_does_not_contain_the_key_and_is_renewed_at_login(new_browser: NewBrowser, sqlite_api: Api) -> None:
    client = new_browser()
    client.get("/login", headers=HTML)
    before = client.cookies["stancewire_session"]
    response = log_in(client, sqlite_api.key)
    cookies = response.headers.get_list("set-cookie")
    assert len(cookies) == 1
    assert "HttpOnly" in cookies[0]
    assert "SameSite=strict" in cookies[0]
    assert client.cookies["stancewire_session"] != before
    assert sqlite_api.key.split("_")[2] not in cookies[0]


@pytest.mark.parametrize("key", ["", "swk_", "swk_000000000000_" + "0" * 48, "Bearer x", "é", "a\nb"])
def test_login_with_invalid_key_is_rejected(new_browser: NewBrowser, key: str) -> None:
    client = new_browser()
    response = log_in(client, key or " ")
    assert (response.status_code, "This key is not valid" in response.text) == (401, True)
    assert client.get("/", headers=HTML).status_code == 303


def test_login_with_ingest_only_key_is_rejected(new_browser: NewBrowser, sqlite_database: Database) -> None:
    response = log_in(new_browser(), make_key(sqlite_database, Scope.INGEST))
    assert (response.status_code, "may push articles but not read them" in response.text) == (403, True)


@pytest.mark.parametrize(
    "next_path", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\tx"]
)
def test_login_does_not_redirect_to_other_sites(new_browser: NewBrowser, sqlite_api: Api, next_path: str) -> None:
    assert log_in(new_browser(), sqlite_api.key, next=next_path).headers["location"] == "/"


def test_login_is_refused_for_a_while_after_too_many_wrong_keys(
    new_browser: NewBrowser, sqlite_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(rate_limiter, "time", clock)
    client = new_browser()
    assert [log_in(client, f"wrong {number}").status_code for number in range(10)] == [401] * 10
    refused = log_in(client, "wrong again")
    assert (refused.status_code, "too many wrong keys" in refused.text.lower()) == (429, True)
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert log_in(client, sqlite_api.key).status_code == 303, "a right key is never locked out"
    clock.now += int(refused.headers["Retry-After"])
    assert log_in(new_browser(), "wrong later").status_code == 401


def test_login_form_without_token_is_rejected(new_browser: NewBrowser, sqlite_api: Api) -> None:
    client = new_browser()
    client.get("/login", headers=HTML)
    assert client.post("/login", data={"key": sqlite_api.key, "csrf": "x"}, headers=HTML).status_code == 403
    assert client.get("/", headers=HTML).status_code == 303


def test_logout_ends_access_to_pages(new_browser: NewBrowser, sqlite_api: Api) -> None:
    client = new_browser()
    log_in(client, sqlite_api.key)
    assert client.get("/", headers=HTML).status_code == 200
    assert post_form(client, "/logout", "/").headers["location"] == "/login"
    assert client.get("/", headers=HTML).status_code == 303


def test_session_ends_with_its_lifetime_or_its_key(
    new_browser: NewBrowser, sqlite_api: Api, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make_key(sqlite_database, Scope.READ)
    first, second = new_browser(), new_browser()
    log_in(first, key)
    log_in(second, sqlite_api.key)
    keys.revoke(sqlite_database, key.split("_")[1], local())
    assert first.get("/", headers=HTML).status_code == 303
    assert second.get("/", headers=HTML).status_code == 200
    later = time.time() + sqlite_api.app.state.services.settings.console.session_s + 1
    monkeypatch.setattr(time, "time", lambda: later)
    assert second.get("/", headers=HTML).status_code == 303


def test_pages_show_only_the_feeds_of_the_key(
    new_browser: NewBrowser, sqlite_api: Api, sqlite_database: Database
) -> None:
    visible_job, hidden_job = (
        sqlite_api.push_id(f"{feed}.", feed=feed, title=f"Of {feed}") for feed in ("visible", "hidden")
    )
    for job_id in (visible_job, hidden_job):
        complete_job(sqlite_database, job_id)
    client = new_browser()
    log_in(client, make_key(sqlite_database, Scope.READ, feeds=("visible",)))
    for path in ("/", "/overview/live", "/jobs"):
        html = client.get(path, headers=HTML).text
        assert ("Of visible" in html, "Of hidden" in html) == (True, False), path
    assert "Totals since installation" not in client.get("/", headers=HTML).text, "totals include every feed"
    for path in ("/jobs/{}", "/jobs/{}/article", "/jobs/{}/waiting"):
        assert client.get(path.format(visible_job), headers=HTML).status_code == 200
        assert client.get(path.format(hidden_job), headers=HTML).status_code == 404


def test_read_only_key_sees_no_actions_and_may_not_perform_them(
    new_browser: NewBrowser, sqlite_api: Api, sqlite_database: Database
) -> None:
    job_id = sqlite_api.push_id()
    fail_job(sqlite_database, job_id)
    client = new_browser()
    log_in(client, make_key(sqlite_database, Scope.READ))
    html = client.get(f"/jobs/{job_id}", headers=HTML).text
    assert "read-only" in html
    assert "/retry" not in html
    assert "checkbox" not in client.get("/jobs", headers=HTML).text
    for path, fields in (
        (f"/jobs/{job_id}/retry", {}),
        ("/jobs", {"action": "retry", "job": str(job_id)}),
        ("/try", {"body": "x"}),
    ):
        response = post_form(client, path, "/", **fields)
        assert (response.status_code, "the key lacks the scope" in unescape(response.text).lower()) == (403, True), path
    assert state_of(sqlite_database, job_id) is JobState.FAILED


def test_action_is_recorded_with_the_key_of_the_session(
    new_browser: NewBrowser, sqlite_api: Api, sqlite_database: Database
) -> None:
    job_id = sqlite_api.push_id()
    client = new_browser()
    log_in(client, sqlite_api.key)
    assert post_form(client, f"/jobs/{job_id}/cancel", "/").status_code == 303
    with sqlite_database.read() as connection:
        entries = connection.exec_driver_sql("SELECT actor, subject FROM audit_log WHERE action = 'job.cancel'").all()
    assert [tuple(row) for row in entries] == [(f"key:{sqlite_api.key.split('_')[1]}", str(job_id))]


def test_without_required_keys_pages_are_open_and_forms_still_need_their_token(
    sqlite_database: Database, serve: Callable[..., Api]
) -> None:
    api = serve(sqlite_database, access={"required": False})
    client = api.client_of(None)
    job_id = api.push_id()
    assert "Log out" not in client.get("/", headers=HTML).text
    assert client.post(f"/jobs/{job_id}/cancel", headers=HTML).status_code == 403
    assert post_form(client, f"/jobs/{job_id}/cancel", "/try").status_code == 303
