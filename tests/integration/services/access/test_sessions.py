from __future__ import annotations

import pytest
from sqlalchemy import select, update

from services.access import keys, sessions
from services.access.keys import Key
from services.caller import Caller, Scope, local
from services.database import tables
from services.database.engine import Database
from services.errors import NotFound
from tests.support.console_forms import audit_entries

FIREFOX = "Mozilla/5.0 Firefox/150"


def make(database: Database, *scopes: Scope) -> Key:
    return keys.create(database, name="desk", scopes=scopes, feeds=None, by=local())[0]


def begin(database: Database, session_id: str, key: Key, lifetime_s: float = 60) -> None:
    sessions.begin(
        database, session_id, key.id, lifetime_s=lifetime_s, address="192.0.2.1", browser=FIREFOX + "\n\x1b" + "x" * 500
    )


def listed(database: Database, by: Caller) -> list[str]:
    return [session.id for session in sessions.list_sessions(database, by)]


def test_session_gives_its_key_until_it_ends(database: Database) -> None:
    key = make(database, Scope.READ)
    begin(database, "one", key)
    begin(database, "two", key)
    assert sessions.find_key(database, "one") == key
    sessions.log_out(database, "one")
    sessions.log_out(database, "one")
    assert (sessions.find_key(database, "one"), sessions.find_key(database, "two")) == (None, key)
    begin(database, "over", key, lifetime_s=0)
    assert sessions.find_key(database, "over") is None
    begin(database, "three", key)
    with database.read() as connection:
        assert len(connection.execute(select(tables.sessions.c.id_hash)).all()) == 2


def test_session_of_a_revoked_or_expired_key_ends(database: Database) -> None:
    make(database, Scope.ADMIN)
    key, expiring = make(database, Scope.READ), make(database, Scope.READ)
    begin(database, "one", key)
    begin(database, "two", expiring)
    keys.revoke(database, key.id, local())
    with database.write() as connection:
        connection.execute(update(tables.api_keys).where(tables.api_keys.c.id == expiring.id).values(expires_at=1))
    assert [sessions.find_key(database, name) for name in ("one", "two")] == [None, None]
    assert sessions.hash_of("one") not in listed(database, local())


def test_list_has_who_from_where_and_when_but_no_cookie(database: Database) -> None:
    key = make(database, Scope.READ)
    begin(database, "one", key)
    [session] = sessions.list_sessions(database, key.caller)
    assert (session.id, session.key_id, session.key_name) == (sessions.hash_of("one"), key.id, "desk")
    assert (session.address, len(session.browser)) == ("192.0.2.1", 200)
    assert session.browser.startswith(FIREFOX + "x")
    assert session.started_at <= session.seen_at < session.ends_at


def test_time_of_the_last_page_is_renewed_after_a_minute(database: Database) -> None:
    key = make(database, Scope.READ)
    begin(database, "one", key)
    with database.write() as connection:
        connection.execute(update(tables.sessions).values(seen_at=1000))
    sessions.find_key(database, "one")
    [session] = sessions.list_sessions(database, key.caller)
    assert session.seen_at >= session.started_at


def test_only_an_admin_sees_and_ends_sessions_of_other_keys(database: Database) -> None:
    admin, reader, other = make(database, Scope.ADMIN), make(database, Scope.READ), make(database, Scope.READ)
    for name, key in (("a", admin), ("r", reader), ("r2", reader), ("o", other)):
        begin(database, name, key)
    ids = {name: sessions.hash_of(name) for name in ("a", "r", "r2", "o")}
    assert set(listed(database, reader.caller)) == {ids["r"], ids["r2"]}
    assert set(listed(database, admin.caller)) == set(ids.values())
    with pytest.raises(NotFound):
        sessions.end(database, ids["o"], reader.caller)
    sessions.end(database, ids["o"], admin.caller)
    assert sessions.end_others(database, "r", reader.caller) == 1
    assert set(listed(database, admin.caller)) == {ids["a"], ids["r"]}
    with pytest.raises(NotFound):
        sessions.end(database, ids["r2"], admin.caller)
    assert audit_entries(database)[:2] == [("session.end", reader.id), ("session.end", other.id)]
