"""Tombstones: entries of the list of results that say which article was withdrawn or erased.

They are numbered in the sequence of the results, so a client that follows the list learns of each once, in the order in
which results and withdrawals were committed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select

from services.contracts import instant
from services.database.counters import NO_LABEL, CounterName, Key, increment
from services.database.engine import Database, now_ms
from services.database.tables import counters, tombstones


class TombstoneKind(StrEnum):
    """The fate of the article: ``withdrawn`` can be undone, ``erased`` cannot."""

    WITHDRAWN = "withdrawn"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Buried:
    """An article that gets a tombstone; ``job_id`` is its newest job. An erased one has no other identifying field."""

    feed: str
    article_id: UUID
    job_id: UUID
    guid: str | None = None
    version: str | None = None
    revision: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A tombstone as stored. ``guid``, ``version`` and ``revision`` are None if the article was erased."""

    sequence: int
    kind: TombstoneKind
    feed: str
    article_id: UUID
    job_id: UUID
    guid: str | None
    version: str | None
    revision: int | None
    reason: str
    stored_at: datetime


def add(
    connection: Connection,
    database: Database,
    kind: TombstoneKind,
    buried: Sequence[Buried],
    counts: Mapping[Key, float],
) -> None:
    """Add a tombstone for each article, and ``counts`` to the counters.

    Both in one call, since counters are locked in a fixed order. As for a result, the counter's row stays locked until
    COMMIT, so the numbers are in commit order.
    """
    if not buried:
        return
    totals = increment(connection, database, {**counts, (CounterName.RESULTS, NO_LABEL): len(buried)})
    first = int(totals[CounterName.RESULTS, NO_LABEL]) - len(buried) + 1
    rows = [
        {
            "sequence": sequence,
            "kind": kind,
            "feed": article.feed,
            "article_id": article.article_id,
            "job_id": article.job_id,
            "guid": article.guid,
            "version": article.version,
            "revision": article.revision,
            "reason": article.reason,
        }
        for sequence, article in enumerate(buried, first)
    ]
    connection.execute(insert(tombstones).values(stored_at=now_ms()), rows)


def remove(connection: Connection, article_id: UUID) -> None:
    """Remove the tombstones of an article that is erased: they name it."""
    connection.execute(delete(tombstones).where(tombstones.c.article_id == article_id))


def last_sequence(connection: Connection) -> int:
    """Return the last number that a result or a tombstone has; all numbers up to it are committed."""
    last = (counters.c.name == CounterName.RESULTS) & (counters.c.label == NO_LABEL)
    return int(connection.execute(select(counters.c.value).where(last)).scalar() or 0)


def latest_sequence(database: Database) -> int:
    """Return the last number of all, in a transaction of its own."""
    with database.read() as connection:
        return last_sequence(connection)


def following(
    connection: Connection,
    *,
    after: int,
    until: int,
    feed: str | None = None,
    limit: int,
    visible: Collection[str] | None = None,
) -> list[Tombstone]:
    """Return tombstones of visible feeds after the sequence ``after`` and not behind ``until``, in order."""
    query = select(tombstones).where(tombstones.c.sequence > after, tombstones.c.sequence <= until)
    if visible is not None:
        query = query.where(tombstones.c.feed.in_(sorted(visible)))
    if feed is not None:
        query = query.where(tombstones.c.feed == feed)
    return [_tombstone(row) for row in connection.execute(query.order_by(tombstones.c.sequence).limit(limit))]


def _tombstone(row: Any) -> Tombstone:
    return Tombstone(
        sequence=row.sequence,
        kind=TombstoneKind(row.kind),
        feed=row.feed,
        article_id=row.article_id,
        job_id=row.job_id,
        guid=row.guid,
        version=row.version,
        revision=row.revision,
        reason=row.reason,
        stored_at=instant(row.stored_at),
    )
