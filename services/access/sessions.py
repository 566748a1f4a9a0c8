"""Sessions of the console, as they are stored: whoever holds a key and logged in, from which browser, until when.

A cookie is only as good as its row: a logout, the end of the key, or another visitor of the list removes the row, and
from then on every copy of the cookie is worthless. The ID of a session is in its cookie alone; the store has its hash.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete, insert, select, update

from services.access.keys import Key, key_of_row
from services.audit.log import record
from services.caller import Caller, Scope
from services.contracts import instant
from services.database.engine import Database, now_ms
from services.database.tables import api_keys, sessions
from services.errors import NotFound, StoreUnavailable

_SEEN_EVERY_MS: Final = 60_000
_BROWSER_MAX: Final = 200
_ADDRESS_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session that has not ended. ``id`` is the hash of the ID in the cookie; times are in UTC."""

    id: str
    key_id: str
    key_name: str
    address: str
    browser: str
    started_at: datetime
    seen_at: datetime
    ends_at: datetime


def hash_of(session_id: str) -> str:
    """Return the ID under which a session is stored and listed."""
    return hashlib.sha256(session_id.encode()).hexdigest()


def begin(database: Database, session_id: str, key_id: str, *, lifetime_s: float, address: str, browser: str) -> None:
    """Store a new session, and remove those that have ended by themselves."""
    row = {
        "id_hash": hash_of(session_id),
        "key_id": key_id,
        "address": address[:_ADDRESS_MAX],
        "browser": "".join(filter(str.isprintable, browser))[:_BROWSER_MAX],
        "started_at": now_ms(),
        "seen_at": now_ms(),
        "ends_at": now_ms() + int(lifetime_s * 1000),
    }
    with database.write() as connection:
        connection.execute(delete(sessions).where(sessions.c.ends_at <= now_ms()))
        connection.execute(insert(sessions).values(row))


def find_key(database: Database, session_id: str) -> Key | None:
    """Return the key of a session, or None if the session has ended or the key was revoked or has expired."""
    ours = sessions.c.id_hash == hash_of(session_id)
    is_valid = api_keys.c.revoked_at.is_(None) & (
        (api_keys.c.expires_at.is_(None)) | (api_keys.c.expires_at > now_ms())
    )
    is_stale = (sessions.c.seen_at < now_ms() - _SEEN_EVERY_MS).label("is_stale")
    query = (
        select(api_keys, is_stale)
        .join(sessions, sessions.c.key_id == api_keys.c.id)
        .where(ours, sessions.c.ends_at > now_ms(), is_valid)
    )
    with database.read() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        return None
    if row.is_stale:  # a page must not fail because a time could not be stored
        with contextlib.suppress(StoreUnavailable), database.write() as connection:
            connection.execute(update(sessions).where(ours).values(seen_at=now_ms()))
    return key_of_row(row)


def list_sessions(database: Database, by: Caller) -> list[StoredSession]:
    """Return the sessions that ``by`` may end, the last seen first: those of its key, or all for an admin."""
    query = (
        select(sessions, api_keys.c.name.label("key_name"))
        .join(api_keys, api_keys.c.id == sessions.c.key_id)
        .where(sessions.c.ends_at > now_ms(), api_keys.c.revoked_at.is_(None))
        .order_by(sessions.c.seen_at.desc(), sessions.c.id_hash)
    )
    if not by.has(Scope.ADMIN):
        query = query.where(sessions.c.key_id == by.key_id)
    with database.read() as connection:
        return [
            StoredSession(
                id=row.id_hash,
                key_id=row.key_id,
                key_name=row.key_name,
                address=row.address,
                browser=row.browser,
                started_at=instant(row.started_at),
                seen_at=instant(row.seen_at),
                ends_at=instant(row.ends_at),
            )
            for row in connection.execute(query)
        ]


def log_out(database: Database, session_id: str) -> None:
    """End the session of a cookie. Ending it a second time has no effect."""
    with database.write() as connection:
        connection.execute(delete(sessions).where(sessions.c.id_hash == hash_of(session_id)))


def end(database: Database, listed_id: str, by: Caller) -> None:
    """End a session from the list. Raises `NotFound` if it has ended or ``by`` may not end it."""
    wanted = sessions.c.id_hash == listed_id
    if not by.has(Scope.ADMIN):
        wanted &= sessions.c.key_id == by.key_id
    with database.write() as connection:
        key_id = connection.execute(delete(sessions).where(wanted).returning(sessions.c.key_id)).scalar()
        if key_id is None:
            raise NotFound("the session has already ended")
        record(connection, by.actor, "session.end", key_id, {"sessions": 1})


def end_others(database: Database, session_id: str, by: Caller) -> int:
    """End all sessions of the key of ``by`` except the one of this cookie, and return their number."""
    others = (sessions.c.key_id == by.key_id) & (sessions.c.id_hash != hash_of(session_id))
    with database.write() as connection:
        number = connection.execute(delete(sessions).where(others)).rowcount
        if number:
            record(connection, by.actor, "session.end", by.key_id, {"sessions": number})
    return number
