"""Pausing one feed, or all intake.

While a feed is paused, its pushes are refused and its queued jobs wait; jobs that a worker has already leased are
finished. A pause of all intake refuses every push, but workers continue, so the backlog drains: this is meant for an
upgrade or a full disk.
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
    """Pause a feed, or all intake with ``ALL_FEEDS``. A feed that is already paused gets the new reason.

    A feed can be paused before its first push.
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

    The feed's jobs count as queued from now on, because the time of the pause must not close the intake of all feeds
    (``limits.wait_s``).
    """
    with database.read() as connection:
        since = connection.execute(select(pauses.c.paused_at).where(pauses.c.feed == feed)).scalar()
    if since is None:
        what = "intake as a whole" if feed == ALL_FEEDS else f"feed {feed!r}"
        raise NotFound(f"{what} is not paused")
    if feed != ALL_FEEDS:
        _reset_queued_at(database, feed)
    with database.write() as connection:
        connection.execute(delete(pauses).where(pauses.c.feed == feed))
        record(connection, by.actor, "intake.resume", feed)


def _reset_queued_at(database: Database, feed: str) -> None:
    """Set the queue time of the feed's jobs to now.

    Small transactions let pushes of other feeds run in between.
    """
    with database.read() as connection:
        now: int = connection.execute(select(now_ms())).scalar_one()
    queued_before_now = select(jobs.c.id).where(QUEUED, jobs.c.feed == feed, jobs.c.queued_at < now).limit(_BATCH)
    while True:
        with database.write() as connection:
            updated = connection.execute(
                update(jobs).where(jobs.c.id.in_(queued_before_now), QUEUED).values(queued_at=now)
            ).rowcount
        if not updated:
            return


def list_pauses(database: Database) -> list[Pause]:
    """Return all pauses; a pause of all intake comes first."""
    with database.read() as connection:
        rows = connection.execute(select(pauses).order_by(pauses.c.feed)).all()
    return [Pause(row.feed, row.reason, instant(row.paused_at)) for row in rows]


def intake_pause(database: Database) -> Pause | None:
    """Return the pause of all intake, or None."""
    return next((active for active in list_pauses(database) if active.feed == ALL_FEEDS), None)
