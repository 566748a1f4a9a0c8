"""The first admin key of a service, and the key that the command line sends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from services.access import keys
from services.caller import Scope, local
from services.database.engine import Database
from services.settings import Settings

_FILE: Final = "admin.key"
_TEMPORARY_KEY_S: Final = 86_400


def key_file(settings: Settings) -> Path:
    """Return the file in which `stancewire up` stores its admin key, readable by its owner only."""
    return settings.state_dir / _FILE


def own_key(settings: Settings) -> str | None:
    """Return the key that commands send: ``STANCEWIRE_KEY``, else the key that `stancewire up` made, else None."""
    configured = settings.key.get_secret_value()
    if configured:
        return configured
    try:
        return key_file(settings).read_text(encoding="ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def headers(settings: Settings) -> dict[str, str]:
    """Return the headers with which a command authenticates; none without a key."""
    key = own_key(settings)
    return {} if key is None else {"Authorization": f"Bearer {key}"}


def ensure(database: Database, settings: Settings) -> str | None:
    """Create the first admin key if the database has no valid one.

    Returns the token of a new key, otherwise None.
    """
    if keys.has_live_admin(database):
        return None
    _, token = keys.create(database, name="first admin key", scopes=[Scope.ADMIN], feeds=None, by=local())
    save(key_file(settings), token)
    return token


@contextmanager
def borrowed(database: Database, name: str) -> Iterator[str]:
    """Provide a temporary key for `demo` and `bench`, revoked at the end of the block.

    The key can push to, and read from, every feed.
    """
    scopes = [Scope.INGEST, Scope.READ]
    key, token = keys.create(database, name=name, scopes=scopes, feeds=None, by=local(), expires_s=_TEMPORARY_KEY_S)
    try:
        yield token
    finally:
        keys.revoke(database, key.id, local())


def save(file: Path, token: str) -> None:
    """Write a key to a file that only its owner can read, from its creation on."""
    temporary = file.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as stream:
        stream.write(token + "\n")
    temporary.replace(file)
