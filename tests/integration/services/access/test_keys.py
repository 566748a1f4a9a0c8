"""Keys from making to ending, over HTTP, on both databases."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import select, text, update

from services.caller import Scope
from services.database.engine import Database, now_ms
from services.database.tables import api_keys, audit_log
from tests.support.api import Api, assert_problem, make_key
from tests.support.tls import TLS

CHALLENGE = 'Bearer realm="stancewire"'


def list_jobs_with(api: Api, authorization: str | None) -> httpx.Response:
    headers: dict[bytes, bytes] = {} if authorization is None else {b"Authorization": authorization.encode("latin-1")}
    return httpx.get(f"http://127.0.0.1:{api.port}/v1/jobs", headers=headers, verify=TLS)


def create_key(api: Api, **fields: Any) -> dict[str, Any]:
    body = {"name": "the wire", "scopes": ["ingest", "read"], "feeds": ["wire"]} | fields
    answer = api.client.post("/v1/keys", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    shown: dict[str, Any] = answer.json()
    return shown


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, "key_missing"),
        ("", "key_malformed"),
        ("Bearer", "key_malformed"),
        ("Bearer swk_123_456", "key_malformed"),
        (f"Basic swk_{'1' * 12}_{'1' * 48}", "key_malformed"),
        (f"Bearer swk_{'1' * 12}_{'1' * 48}\u00e9", "key_malformed"),
        (f"Bearer swk_{'1' * 12}_{'1' * 48}", "key_unknown"),
    ],
)
def test_request_without_a_valid_key_is_rejected(sqlite_api: Api, authorization: str | None, code: str) -> None:
    answer = list_jobs_with(sqlite_api, authorization)
    assert_problem(answer, 401, code)
    assert answer.headers["www-authenticate"].startswith(CHALLENGE)
    assert ("invalid_token" in answer.headers["www-authenticate"]) is (code != "key_missing")


def test_wrong_secret_is_answered_like_an_unknown_key(api: Api) -> None:
    wrong = api.key[:-1] + ("0" if api.key[-1] != "0" else "1")
    unknown = f"swk_{'f' * 12}_{api.key[-48:]}"
    assert list_jobs_with(api, f"Bearer {wrong}").json() == list_jobs_with(api, f"Bearer {unknown}").json()
    assert list_jobs_with(api, f"bearer  {api.key}").status_code == 200


def test_secret_is_shown_once_and_stored_as_a_hash(api: Api, database: Database) -> None:
    key = create_key(api)
    secret = key["key"].rpartition("_")[2]
    assert list_jobs_with(api, f"Bearer {key['key']}").status_code == 200
    with database.read() as connection:
        rows = [str(tuple(row)) for table in (api_keys, audit_log) for row in connection.execute(select(table))]
    assert secret not in "".join(rows)
    assert secret not in api.client.get("/v1/keys").text
    [listed] = [item for item in api.client.get("/v1/keys").json()["items"] if item["id"] == key["id"]]
    assert listed == {name: value for name, value in key.items() if name != "key"}
    assert (listed["feeds"], listed["scopes"], listed["revoked_at"]) == (["wire"], ["ingest", "read"], None)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "n" * 101}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["root"]}, "scopes"),
        ({"scopes": ["admin"]}, "feeds"),
        ({"feeds": []}, "feeds"),
        ({"feeds": ["No Capitals"]}, "feeds"),
        ({"expires_s": 0}, "expires_s"),
        ({"secret": "mine"}, "secret"),
    ],
)
def test_invalid_key_request_is_rejected_with_its_field(
    shared_api: tuple[Api, Database], wrong: dict[str, Any], field: str
) -> None:
    api, _ = shared_api
    body = {"name": "the wire", "scopes": ["ingest"], "feeds": ["wire"]} | wrong
    errors = assert_problem(api.client.post("/v1/keys", json=body), 422, "invalid")["errors"]
    assert {error["field"].split(".")[0] for error in errors} == {field}


def test_revoked_key_ends_at_once_in_its_process_and_soon_in_others(
    database: Database, serve: Any, eventually: Any
) -> None:
    first, second = serve(database, access={"cache_s": 0.5}), serve(database, access={"cache_s": 0.5})
    key = create_key(first)
    bearer = f"Bearer {key['key']}"
    assert [list_jobs_with(api, bearer).status_code for api in (first, second)] == [200, 200]
    revoked = first.client.delete(f"/v1/keys/{key['id']}")
    assert revoked.status_code == 200
    assert revoked.json()["revoked_at"]
    assert_problem(list_jobs_with(first, bearer), 401, "key_revoked")
    eventually(lambda: list_jobs_with(second, bearer).status_code == 401, 3)
    assert first.client.delete(f"/v1/keys/{key['id']}").json()["revoked_at"] == revoked.json()["revoked_at"]


def test_key_in_use_is_served_from_the_cache(api: Api, database: Database) -> None:
    client = api.client_of(make_key(database, Scope.READ))
    assert client.get("/v1/jobs").status_code == 200
    with database.write() as connection:
        connection.execute(text("ALTER TABLE api_keys RENAME TO away"))
    assert client.get("/v1/jobs").status_code == 200
    assert list_jobs_with(api, f"Bearer swk_{'1' * 12}_{'1' * 48}").status_code == 503


def test_key_expires_by_the_database_clock(api: Api, database: Database) -> None:
    key = create_key(api, expires_s=3600)
    assert list_jobs_with(api, f"Bearer {key['key']}").status_code == 200
    with database.write() as connection:
        past = update(api_keys).where(api_keys.c.id == key["id"]).values(expires_at=now_ms() - 1)
        connection.execute(past)
    api.app.state.services.key_cache.forget(key["id"])
    assert_problem(list_jobs_with(api, f"Bearer {key['key']}"), 401, "key_expired")


def test_cached_key_expires_in_time(api: Api, database: Database, eventually: Any) -> None:
    client = api.client_of(make_key(database, Scope.READ, expires_s=1))
    assert client.get("/v1/jobs").status_code == 200
    eventually(lambda: client.get("/v1/jobs").status_code == 401, 3)


def test_last_admin_key_cannot_be_revoked(api: Api, database: Database) -> None:
    [admin] = [item for item in api.client.get("/v1/keys").json()["items"] if item["scopes"] == ["admin"]]
    assert_problem(api.client.delete(f"/v1/keys/{admin['id']}"), 409, "last_admin_key")
    make_key(database, Scope.ADMIN)
    assert api.client.delete(f"/v1/keys/{admin['id']}").status_code == 200
    assert list_jobs_with(api, f"Bearer {api.key}").status_code == 401


def test_revoking_an_unknown_key_is_not_found(api: Api) -> None:
    assert_problem(api.client.delete("/v1/keys/" + "0" * 12), 404, "not_found")
    assert_problem(api.client.delete("/v1/keys/ABC"), 422, "invalid")


def test_sent_key_counts_even_if_none_is_required(sqlite_database: Database, serve: Any) -> None:
    api = serve(sqlite_database, access={"required": False})
    assert list_jobs_with(api, None).status_code == 200
    assert list_jobs_with(api, "Bearer nonsense").status_code == 401
    reader = api.client_of(make_key(sqlite_database, Scope.READ))
    assert_problem(reader.post("/v1/articles", json={"body": "One."}), 403, "forbidden")
