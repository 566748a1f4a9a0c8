"""The first admin key of a service, and where the command line finds the key that it sends."""

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
_BORROWED_S: Final = 86_400


def key_file(settings: Settings) -> Path:
    """Where `stancewire up` keeps its admin key, readable for its owner alone."""
    return settings.state_dir / _FILE


def own_key(settings: Settings) -> str | None:
    """Return the key that commands send: ``STANCEWIRE_KEY``, else the key that `stancewire up` made, else None."""
    given = settings.key.get_secret_value()
    if given:
        return given
    try:
        return key_file(settings).read_text(encoding="ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def headers(settings: Settings) -> dict[str, str]:
    """The headers with which a command authenticates."""
    key = own_key(settings)
    return {} if key is None else {"Authorization": f"Bearer {key}"}


def ensure(database: Database, settings: Settings) -> str | None:
    """Make the first admin key where the database has none that works; returns its token then, and only then."""
    if keys.has_live_admin(database):
        return None
    _, token = keys.create(database, name="first admin key", scopes=[Scope.ADMIN], feeds=None, by=local())
    save(key_file(settings), token)
    return token


@contextmanager
def borrowed(database: Database, name: str) -> Iterator[dict[str, str]]:
    """The headers of a key that pushes to and sees every feed, and ends with the block: for `demo` and `bench`."""
    scopes = [Scope.INGEST, Scope.READ]
    key, token = keys.create(database, name=name, scopes=scopes, feeds=None, by=local(), expires_s=_BORROWED_S)
    try:
        yield {"Authorization": f"Bearer {token}"}
    finally:
        keys.revoke(database, key.id, local())


def save(file: Path, token: str) -> None:
    """Write a key to a file that nobody else may read, not even for a moment."""
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as opened:
        opened.write(token + "\n")
    fresh.replace(file)
