"""Progress marks of retention, written in the transaction that made the progress."""

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
REMOVED_SEQUENCE: Final = "results_gone"  # by feed: sequence of the last result removed for its age
REMOVED_STORED_AT: Final = "results_gone_stored_at"  # by feed: when that result was stored


def read(connection: Connection, name: str) -> int:
    """Return the mark ``name`` without a label, or 0, which precedes all values, if it was never written."""
    mark = (retention_progress.c.name == name) & (retention_progress.c.label == NO_LABEL)
    return int(connection.execute(select(retention_progress.c.value).where(mark)).scalar() or 0)


def write(connection: Connection, database: Database, values: Mapping[tuple[str, str], int]) -> None:
    """Set marks by name and label."""
    insert = database.insert(retention_progress)
    upsert = insert.on_conflict_do_update(
        index_elements=[retention_progress.c.name, retention_progress.c.label], set_={"value": insert.excluded.value}
    )
    connection.execute(
        upsert, [{"name": name, "label": label, "value": value} for (name, label), value in sorted(values.items())]
    )


@dataclass(frozen=True, slots=True)
class RemovedResults:
    """A warning for a reader whose cursor precedes removed results, and the sequence of the last of these results."""

    warning: Warned
    until: int


def removed_results(database: Database, after: int, feed: str | None, visible: Visible = None) -> RemovedResults | None:
    """Return which results after the sequence ``after`` were removed for their age, or None.

    ``feed`` restricts the search to one feed; otherwise all ``visible`` feeds count.
    """
    query = select(retention_progress.c.name, func.max(retention_progress.c.value).label("last")).group_by(
        retention_progress.c.name
    )
    query = query.where(retention_progress.c.name.in_([REMOVED_SEQUENCE, REMOVED_STORED_AT]))
    if feed is not None:
        query = query.where(retention_progress.c.label == feed)
    if visible is not None:
        query = query.where(retention_progress.c.label.in_(visible))
    with database.read() as connection:
        last: dict[str, int] = {row.name: row.last for row in connection.execute(query)}
    until = last.get(REMOVED_SEQUENCE, 0)
    if until <= after:
        return None
    stored = f"{instant(last[REMOVED_STORED_AT]):%Y-%m-%dT%H:%M:%SZ}"
    what = "results" if feed is None else f"results of feed {feed!r}"
    detail = f"some {what} after this cursor, stored until {stored}, were removed; the remaining ones follow"
    return RemovedResults(Warned(code="results_pruned", detail=detail), until)
