"""The secrets in the database: how they are stored, and encrypting all of them with the first key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, Connection, Table, select, update

from services.database.engine import Database
from services.database.sealing import SecretUnreadable
from services.database.tables import sources, webhooks

_SECRETS: Final[tuple[tuple[Table, Column[Any]], ...]] = (
    (sources, sources.c.secret),
    (webhooks, webhooks.c.secret),
    (webhooks, webhooks.c.previous_secret),
)


@dataclass(slots=True)
class StoredSecrets:
    """How many secrets are stored.

    ``current`` are encrypted with the first key, ``outdated`` with another one or not at all; none of the keys decrypts
    the ``unreadable`` ones.
    """

    current: int = 0
    outdated: int = 0
    unreadable: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.current + self.outdated + self.unreadable


def count(database: Database) -> StoredSecrets:
    """Count the secrets by how they are stored. Raises `InvalidInput` for keys that cannot be used."""
    counts = StoredSecrets()
    with database.read() as connection:
        for _, _, stored, _ in _stored(connection):
            _classify(database, stored, counts)
    return counts


def encrypt(database: Database) -> StoredSecrets:
    """Encrypt all secrets with the first key; return what was there before. Those that are unreadable stay.

    Raises `InvalidInput` for keys that cannot be used.
    """
    counts = StoredSecrets()
    sealer = database.sealer
    with database.write() as connection:
        for table, column, stored, row_id in _stored(connection):
            secret = _classify(database, stored, counts)
            if secret is not None and not sealer.is_current(stored):
                unchanged = (table.c.id == row_id) & (column == stored)
                connection.execute(update(table).where(unchanged).values({column: sealer.seal(secret)}))
    return counts


def _stored(connection: Connection) -> Iterator[tuple[Table, Column[Any], str, Any]]:
    for table, column in _SECRETS:
        for row_id, stored in connection.execute(select(table.c.id, column).where(column.is_not(None))).all():
            yield table, column, stored, row_id


def _classify(database: Database, stored: str, counts: StoredSecrets) -> str | None:
    """Count a secret and return it; None if it is unreadable."""
    try:
        secret = database.sealer.open(stored)
    except SecretUnreadable:
        counts.unreadable += 1
        return None
    if database.sealer.is_current(stored):
        counts.current += 1
    else:
        counts.outdated += 1
    return secret
