"""Pausing one feed, or all intake.

A paused feed stands still: its pushes are refused and its queued jobs wait; what a worker holds already is
finished. A pause of all intake refuses every push and lets the work go on, so that the backlog drains: what an
upgrade or a full disk calls for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select, update

from services.audit.log import record
from services.caller import Caller
from services.contracts import instant
from services.database.engine import Database, now_ms
from services.database.tables import ALL_FEEDS, QUEUED, jobs, pauses
from services.errors import NotFound

_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause: its feed (``ALL_FEEDS`` for all intake), its reason, and when it began (UTC)."""

    feed: str
    reason: str
    since: datetime


def pause(database: Database, feed: str, reason: str, by: Caller) -> None:
    """Pause a feed, or with ``ALL_FEEDS`` all intake; paused already, it gets the new reason.

    A feed need not have pushed.
    """
    row = {"feed": feed, "reason": reason, "paused_at": now_ms()}
    with database.write() as connection:
        connection.execute(
            database.insert(pauses)
            .values(row)
            .on_conflict_do_update(index_elements=[pauses.c.feed], set_={"reason": reason})
        )
        record(connection, by.actor, "intake.pause", feed, {"reason": reason})


def resume(database: Database, feed: str, by: Caller) -> None:
    """End a pause. Raises NotFound if the feed is not paused.

    The feed's jobs count as queued from now on: the time that they waited on purpose must not close the intake for all
    (``limits.wait_s``).
    """
    with database.read() as connection:
        since = connection.execute(select(pauses.c.paused_at).where(pauses.c.feed == feed)).scalar()
    if since is None:
        what = "intake as a whole" if feed == ALL_FEEDS else f"feed {feed!r}"
        raise NotFound(f"{what} is not paused")
    if feed != ALL_FEEDS:
        _rejuvenate(database, feed)
    with database.write() as connection:
        connection.execute(delete(pauses).where(pauses.c.feed == feed))
        record(connection, by.actor, "intake.resume", feed)


def _rejuvenate(database: Database, feed: str) -> None:
    """In small transactions, so that pushes of other feeds get their turn between them."""
    with database.read() as connection:
        now: int = connection.execute(select(now_ms())).scalar_one()
    stale = select(jobs.c.id).where(QUEUED, jobs.c.feed == feed, jobs.c.queued_at < now).limit(_BATCH)
    while True:
        with database.write() as connection:
            renewed = connection.execute(
                update(jobs).where(jobs.c.id.in_(stale), QUEUED).values(queued_at=now)
            ).rowcount
        if not renewed:
            return


def paused(database: Database) -> list[Pause]:
    """All pauses, all intake first."""
    with database.read() as connection:
        rows = connection.execute(select(pauses).order_by(pauses.c.feed)).all()
    return [Pause(row.feed, row.reason, instant(row.paused_at)) for row in rows]


def intake(database: Database) -> Pause | None:
    """The pause of all intake, if there is one."""
    return next((one for one in paused(database) if one.feed == ALL_FEEDS), None)
