"""The list of sessions, the end of each, and what a copy of a cookie is worth after it."""

from __future__ import annotations

import re

import httpx
import pytest

from services.access import keys
from services.caller import Scope, local
from services.database.engine import Database
from tests.support.api import Api, make_key
from tests.support.console_forms import HTML, get_page, post_form

COOKIE = "stancewire_session"


def log_in(api: Api, key: str) -> httpx.Client:
    client = api.client_of(None)
    assert post_form(client, "/login", "/login", key=key).status_code == 303
    return client


def copy_of(client: httpx.Client, api: Api) -> httpx.Client:
    """Return another browser with the same cookie."""
    copy = api.client_of(None)
    copy.cookies.set(COOKIE, client.cookies[COOKIE], domain="127.0.0.1")
    return copy


def is_logged_in(client: httpx.Client) -> bool:
    return client.get("/jobs", headers=HTML).status_code == 200


def test_copied_cookie_is_worthless_after_the_logout(sqlite_api: Api) -> None:
    client = log_in(sqlite_api, sqlite_api.key)
    copy = copy_of(client, sqlite_api)
    assert is_logged_in(copy)
    assert post_form(client, "/logout").status_code == 303
    assert not is_logged_in(copy)
    assert not is_logged_in(client)


def test_sessions_of_a_revoked_key_end(sqlite_api: Api, sqlite_database: Database) -> None:
    key = make_key(sqlite_database, Scope.READ)
    client = log_in(sqlite_api, key)
    assert is_logged_in(client)
    keys.revoke(sqlite_database, key.split("_")[1], local())
    assert not is_logged_in(client)


def test_admin_ends_a_session_from_the_list(sqlite_api: Api, sqlite_database: Database) -> None:
    admin, reader = log_in(sqlite_api, sqlite_api.key), log_in(sqlite_api, make_key(sqlite_database, Scope.READ))
    page = get_page(admin, "/sessions")
    assert page.count('/end"') == 2
    assert page.count("this browser") == 1
    assert "python-httpx" in page
    own_page = get_page(reader, "/sessions")
    [path] = re.findall(r'action="(/sessions/[0-9a-f]{64}/end)"', own_page)
    response = post_form(admin, path)
    assert response.status_code == 303
    assert "The session was ended." in get_page(admin, response.headers["location"])
    assert not is_logged_in(reader)
    assert is_logged_in(admin)
    assert post_form(admin, path).status_code == 404


def test_reader_ends_the_own_sessions_in_other_browsers_only(sqlite_api: Api, sqlite_database: Database) -> None:
    key = make_key(sqlite_database, Scope.READ)
    first, second, admin = log_in(sqlite_api, key), log_in(sqlite_api, key), log_in(sqlite_api, sqlite_api.key)
    response = post_form(second, "/sessions/end-others", "/sessions")
    assert "1 session was ended." in get_page(second, response.headers["location"])
    assert [is_logged_in(client) for client in (first, second, admin)] == [False, True, True]


def test_session_is_ended_only_by_a_form_of_the_same_session(sqlite_api: Api) -> None:
    client = log_in(sqlite_api, sqlite_api.key)
    response = client.post("/sessions/end-others", data={"csrf": "forged"}, headers=HTML)
    assert response.status_code == 403


@pytest.mark.parametrize("mark", ["", "&mark=", "&mark=forged"])
def test_notice_in_the_words_of_a_stranger_is_not_shown(sqlite_api: Api, mark: str) -> None:
    client = log_in(sqlite_api, sqlite_api.key)
    assert "Call this number" not in get_page(client, f"/?notice=Call+this+number{mark}")
    assert "Call this number" not in get_page(sqlite_api.client_of(None), f"/login?notice=Call+this+number{mark}")
