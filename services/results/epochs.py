"""Epochs: what makes a cursor of results meaningful after the database was restored from a backup.

Results are numbered without gaps, and readers remember the last number. A restore takes the numbering back to the last
result of the backup, so a number behind it stands for one result before the restore and for another one after it. Each
restore therefore begins an epoch, and each cursor carries the epoch in which it was issued.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select

from services.contracts import Warned, instant
from services.contracts.cursors import ResultCursor
from services.database.engine import Database, now_ms
from services.database.tables import epochs
from services.results.tombstones import last_sequence

_ID_BYTES: Final = 6


@dataclass(frozen=True, slots=True)
class Position:
    """Where a reader continues: after ``sequence`` in the current ``epoch``, with a warning if it changed."""

    epoch: str
    sequence: int
    warning: Warned | None = None


def locate(database: Database, cursor: ResultCursor | None) -> Position:
    """Return where a reader with this cursor continues; a reader without one starts at the first result.

    A cursor of an earlier epoch continues after the last result that both epochs have in common. A cursor of an epoch
    that this database never had starts again at the first result, so that nothing is missed. A cursor without an epoch
    was issued by a version without epochs, in the first one.
    """
    with database.read() as connection:
        known = connection.execute(select(epochs).order_by(epochs.c.number)).all()
    current = known[-1]
    if cursor is None:
        return Position(current.id, 0)
    numbers = {row.id: row.number for row in known} | {"": known[0].number}
    number = numbers.get(cursor.epoch)
    if number == current.number:
        return Position(current.id, cursor.sequence)
    if number is None:
        detail = "the cursor belongs to another database, or to one that this was restored over; all results follow"
        return Position(current.id, 0, Warned(code="results_restarted", detail=detail))
    return _after_restore(cursor.sequence, [row for row in known if row.number > number])


def _after_restore(sequence: int, later: Sequence[Row[Any]]) -> Position:
    """Return the position behind the results that a cursor has in common with all ``later`` epochs."""
    current = later[-1]
    restored_at = f"{instant(current.began_at):%Y-%m-%dT%H:%M:%SZ}"
    detail = (
        f"the database was restored from a backup on {restored_at}: results stored between the backup and the restore "
        "are gone, and articles that were accepted in that time have to be pushed again; articles that had no result "
        "in the backup are analysed again"
    )
    common = min(sequence, *(row.sequence for row in later))
    return Position(current.id, common, Warned(code="results_restored", detail=detail))


def begin(connection: Connection) -> Position:
    """Begin an epoch after the last result of a database that was just restored, and return that position."""
    sequence = last_sequence(connection)
    number = connection.execute(select(func.max(epochs.c.number))).scalar_one() + 1
    epoch = secrets.token_hex(_ID_BYTES)
    connection.execute(insert(epochs).values(number=number, id=epoch, sequence=sequence, began_at=now_ms()))
    return Position(epoch, sequence)
