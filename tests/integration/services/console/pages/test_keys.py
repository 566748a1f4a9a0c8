"""The page of API keys."""

from __future__ import annotations

import re
from typing import Any

import pytest

from services.access import keys
from services.caller import Scope, local
from services.database.engine import Database
from tests.support.api import Api
from tests.support.console_forms import audit_entries, get_page, post_form

TOKEN = re.compile(r"swk_[0-9a-f]{12}_[0-9a-f]{48}")


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
def test_invalid_key_form_is_shown_with_field_error(sqlite_api: Api, fields: dict[str, Any], field: str) -> None:
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
