"""API keys of the form ``swk_<id>_<secret>``. The ID is public; only the SHA-256 of the secret is stored."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, or_, select, update

from services.audit.log import record
from services.caller import Caller, Scope
from services.contracts import instant
from services.database.engine import Database, now_ms
from services.database.tables import api_keys, sessions
from services.errors import Conflict, NotFound
from services.feeds import store as feed_store

_FORM: Final = re.compile(r"swk_([0-9a-f]{12})_([0-9a-f]{48})")


@dataclass(frozen=True, slots=True)
class Presented:
    """A key as a caller presents it, with the hash of its secret instead of the secret."""

    id: str
    secret_hash: str


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is stored. Times are in UTC; ``feeds`` is None for all feeds."""

    id: str
    name: str
    scopes: frozenset[Scope]
    feeds: frozenset[str] | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None

    @property
    def caller(self) -> Caller:
        """Return the caller that this key authenticates."""
        return Caller(self.id, f"key:{self.id}", self.scopes, self.feeds)


@dataclass(frozen=True, slots=True)
class Stored:
    """The parts of a stored key that authentication needs."""

    key: Key
    secret_hash: str
    expires_in_s: float | None  # by the database's clock, when it was read


def parse(token: str) -> Presented | None:
    """Return the key in ``token``, or None if it does not have the form of a key."""
    match = _FORM.fullmatch(token)
    return Presented(match.group(1), _hash(match.group(2))) if match else None


def create(
    database: Database,
    *,
    name: str,
    scopes: Collection[Scope],
    feeds: Collection[str] | None,
    by: Caller,
    expires_s: int | None = None,
) -> tuple[Key, str]:
    """Create a key, and register those of its feeds that do not exist.

    Returns the key and its token, which is not stored. Raises ValueError for scopes or feeds that a key cannot have.
    """
    if not scopes:
        raise ValueError("scopes: a key needs at least one")
    if feeds is not None and not feeds:
        raise ValueError("feeds: give at least one, or '*' for all")
    if feeds is not None and Scope.ADMIN in scopes:
        raise ValueError("feeds: an admin key has access to every feed; leave them out")
    key_id, secret = secrets.token_hex(6), secrets.token_hex(24)
    allowed = None if feeds is None else sorted(set(feeds))
    row = {
        "id": key_id,
        "name": name,
        "secret_hash": _hash(secret),
        "scopes": " ".join(sorted(set(scopes))),
        "feeds": None if allowed is None else json.dumps(allowed),
        "created_at": now_ms(),
        "created_by": by.actor,
        "expires_at": None if expires_s is None else now_ms() + expires_s * 1000,
    }
    with database.write() as connection:
        feed_store.register_on_first_push(connection, database, allowed or (), by)
        connection.execute(insert(api_keys).values(row))
        detail = {"name": name, "scopes": sorted(set(scopes)), "feeds": allowed or "*", "expires_s": expires_s}
        record(connection, by.actor, "key.create", key_id, detail)
        stored = _get_row(connection, key_id)
    return key_of_row(stored), f"swk_{key_id}_{secret}"


def find(database: Database, key_id: str) -> Stored | None:
    """Return the key with this ID, also if it was revoked or has expired, or None."""
    with database.read() as connection:
        row = connection.execute(select(api_keys, now_ms().label("now")).where(api_keys.c.id == key_id)).one_or_none()
    if row is None:
        return None
    expires_in_s = None if row.expires_at is None else (row.expires_at - row.now) / 1000
    return Stored(key_of_row(row), row.secret_hash, expires_in_s)


def list_keys(database: Database) -> list[Key]:
    """Return all keys, newest first, including revoked ones, so that IDs in the audit log can be looked up."""
    with database.read() as connection:
        rows = connection.execute(select(api_keys).order_by(api_keys.c.created_at.desc(), api_keys.c.id))
        return [key_of_row(row) for row in rows]


def revoke(database: Database, key_id: str, by: Caller, *, keep_an_admin: bool = True) -> Key:
    """Revoke a key and end its sessions; revoking it a second time has no effect.

    Raises NotFound, and Conflict for the last valid admin key if ``keep_an_admin`` is set.
    """
    with database.write() as connection:
        database.serialize(connection)  # two admins that revoke each other must not leave none
        row = _get_row(connection, key_id)
        others = select(api_keys.c.id).where(_live_admin(), api_keys.c.id != key_id)
        if keep_an_admin and Scope.ADMIN in key_of_row(row).scopes and connection.execute(others).first() is None:
            detail = "this is the last admin key; make another first, or use `stancewire keys revoke` on the machine"
            raise Conflict(detail, code="last_admin_key")
        if row.revoked_at is None:
            connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(revoked_at=now_ms()))
            connection.execute(delete(sessions).where(sessions.c.key_id == key_id))
            record(connection, by.actor, "key.revoke", key_id, {"name": row.name})
        return key_of_row(_get_row(connection, key_id))


def has_live_admin(database: Database) -> bool:
    """Return whether there is a valid admin key."""
    with database.read() as connection:
        return connection.execute(select(api_keys.c.id).where(_live_admin()).limit(1)).first() is not None


def _live_admin() -> ColumnElement[bool]:
    unexpired = or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > now_ms())
    return api_keys.c.scopes.contains(Scope.ADMIN) & api_keys.c.revoked_at.is_(None) & unexpired


def _get_row(connection: Connection, key_id: str) -> Row[Any]:
    row = connection.execute(select(api_keys).where(api_keys.c.id == key_id)).one_or_none()
    if row is None:
        raise NotFound(f"there is no key {key_id}")
    return row


def key_of_row(row: Row[Any]) -> Key:
    """Return the key in a row with all columns of ``api_keys``."""
    return Key(
        id=row.id,
        name=row.name,
        scopes=frozenset(map(Scope, row.scopes.split())),
        feeds=None if row.feeds is None else frozenset(json.loads(row.feeds)),
        created_at=instant(row.created_at),
        created_by=row.created_by,
        expires_at=None if row.expires_at is None else instant(row.expires_at),
        revoked_at=None if row.revoked_at is None else instant(row.revoked_at),
    )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
