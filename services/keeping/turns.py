"""Work that one process does at a time, on any host: a turn in the ledger, held for a while and lost by who dies with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import Connection, delete, select, update

from services.results.database import Database, now_ms
from services.results.tables import turns

_HELD_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to do ``name``, for a minute from when it was last used."""

    name: str
    holder: UUID


def take(database: Database, name: str) -> Turn | None:
    """The turn, or None while another holds it. Held from further ahead than a turn lasts, the clock was set back: it is free."""
    turn = Turn(name, uuid4())
    until = now_ms() + _HELD_MS
    free = (turns.c.held_until < now_ms()) | (turns.c.held_until > now_ms() + 2 * _HELD_MS)
    statement = database.insert(turns).values(name=name, holder=turn.holder, held_until=until)
    with database.write() as connection:
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=[turns.c.name], set_={"holder": turn.holder, "held_until": until}, where=free
            )
        )
        holder = connection.execute(select(turns.c.holder).where(turns.c.name == name)).scalar_one()
    return turn if holder == turn.holder else None


def still_held(connection: Connection, turn: Turn) -> bool:
    """Whether the turn is still ours, for another minute then; to be asked in the transaction that does a part of the work."""
    mine = (turns.c.name == turn.name) & (turns.c.holder == turn.holder)
    return connection.execute(update(turns).where(mine).values(held_until=now_ms() + _HELD_MS)).rowcount == 1


def leave(database: Database, turn: Turn) -> None:
    """Let another have it."""
    with database.write() as connection:
        connection.execute(delete(turns).where(turns.c.name == turn.name, turns.c.holder == turn.holder))
