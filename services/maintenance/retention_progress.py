"""How far retention has come, written down in the transaction that came so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, func, select

from services.contracts import Warned, instant
from services.database.engine import Database
from services.database.tables import retention_progress
from services.jobs.queries import Visible

NO_LABEL: Final = ""
GONE_SEQUENCE: Final = "results_gone"  # by feed: the last result that was removed for its age
GONE_STORED_AT: Final = "results_gone_stored_at"  # by feed: when that one was stored


def read(connection: Connection, name: str) -> int:
    """A mark; 0, which lies before everything, where there is none."""
    mine = (retention_progress.c.name == name) & (retention_progress.c.label == NO_LABEL)
    return int(connection.execute(select(retention_progress.c.value).where(mine)).scalar() or 0)


def write(connection: Connection, database: Database, values: Mapping[tuple[str, str], int]) -> None:
    """Set marks by name and label."""
    insert = database.insert(retention_progress)
    again = insert.on_conflict_do_update(
        index_elements=[retention_progress.c.name, retention_progress.c.label], set_={"value": insert.excluded.value}
    )
    connection.execute(
        again, [{"name": name, "label": label, "value": value} for (name, label), value in sorted(values.items())]
    )


@dataclass(frozen=True, slots=True)
class Missed:
    """What a reader has to know whose cursor lies before results that are no longer kept; the sequence of the last of these."""

    warning: Warned
    until: int


def missed(database: Database, after: int, feed: str | None, visible: Visible = None) -> Missed | None:
    """What was removed for its age behind the sequence ``after``, of one feed or of all ``visible``; None where nothing was."""
    query = select(retention_progress.c.name, func.max(retention_progress.c.value).label("last")).group_by(
        retention_progress.c.name
    )
    query = query.where(retention_progress.c.name.in_([GONE_SEQUENCE, GONE_STORED_AT]))
    if feed is not None:
        query = query.where(retention_progress.c.label == feed)
    if visible is not None:
        query = query.where(retention_progress.c.label.in_(visible))
    with database.read() as connection:
        last: dict[str, int] = {row.name: row.last for row in connection.execute(query)}
    until = last.get(GONE_SEQUENCE, 0)
    if until <= after:
        return None
    stored = f"{instant(last[GONE_STORED_AT]):%Y-%m-%dT%H:%M:%SZ}"
    what = "results" if feed is None else f"results of feed {feed!r}"
    detail = (
        f"some {what} after this cursor, stored until {stored}, are no longer kept; what follows are those that are"
    )
    return Missed(Warned(code="results_pruned", detail=detail), until)
