"""Database locks for work of a single process: one holder across all hosts, expiring if the holder dies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import Connection, delete, select, update

from services.database.engine import Database, now_ms
from services.database.tables import locks

_HELD_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class DatabaseLock:
    """A lock on the work called ``name``, valid for ``held_ms`` from when it was acquired or last extended."""

    name: str
    holder: UUID
    held_ms: int = _HELD_MS


def acquire(database: Database, name: str, held_ms: int = _HELD_MS) -> DatabaseLock | None:
    """Acquire the lock called ``name``, or return None while another holder has it.

    ``held_ms`` is how long the work stands still if its holder dies; the lock has to be extended well within it.
    A lock that expires more than two lifetimes ahead is treated as free: the clock was set back.
    """
    lock = DatabaseLock(name, uuid4(), held_ms)
    until = now_ms() + held_ms
    free = (locks.c.held_until < now_ms()) | (locks.c.held_until > now_ms() + 2 * _HELD_MS)
    statement = database.insert(locks).values(name=name, holder=lock.holder, held_until=until)
    with database.write() as connection:
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=[locks.c.name], set_={"holder": lock.holder, "held_until": until}, where=free
            )
        )
        holder = connection.execute(select(locks.c.holder).where(locks.c.name == name)).scalar_one()
    return lock if holder == lock.holder else None


def extend(connection: Connection, lock: DatabaseLock) -> bool:
    """Extend the lock by its time from now; return False if it was lost.

    To be called in the transaction that does a part of the work.
    """
    ours = (locks.c.name == lock.name) & (locks.c.holder == lock.holder)
    return connection.execute(update(locks).where(ours).values(held_until=now_ms() + lock.held_ms)).rowcount == 1


def release(database: Database, lock: DatabaseLock) -> None:
    """Release the lock, unless it was already lost to another holder."""
    with database.write() as connection:
        connection.execute(delete(locks).where(locks.c.name == lock.name, locks.c.holder == lock.holder))
