"""Jobs that are held: under an embargo until its end, or withheld until their feed or an operator releases them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, select, update

from services.contracts import Article, JobState, PubStatus, Warned, instant, ledger_time
from services.database.engine import Database, now_ms
from services.database.tables import HELD, jobs

WITHHELD_UNTIL: Final = 253_402_300_799_000  # the end of the year 9999, for a story without a time of release
EMBARGO_LATE: Final = Warned(
    code="embargo_late",
    detail="embargoed: the story was read before its embargo was known; withdraw it to hide its result",
)
_NO_MESSAGE: Final[dict[str, Any]] = {"message_id": None, "dispatched_at": None}


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a job is held, and until when (ms)."""

    until: int
    reason: Warned


def hold_of(article: Article, now: int) -> Hold | None:
    """Return the hold of an article at the time ``now`` (ms), or None if it may be read."""
    if article.pubstatus is PubStatus.WITHHELD:
        detail = "pubstatus is withheld: the story is read when it is pushed as usable, or released by an operator"
        return Hold(WITHHELD_UNTIL, Warned(code="withheld", detail=detail))
    if article.embargoed is None or ledger_time(article.embargoed) <= now:
        return None
    until = ledger_time(article.embargoed)
    detail = f"the story is read when its embargo ends, at {instant(until):%Y-%m-%dT%H:%M:%SZ}"
    return Hold(until, Warned(code="embargoed", detail=detail))


def held_values(hold: Hold) -> dict[str, Any]:
    """Return the columns of a job that the hold sets."""
    reason = {"reason_code": hold.reason.code, "reason_detail": hold.reason.detail}
    return {"state": JobState.HELD, "next_run_at": hold.until, **reason}


def hold_until(moment: datetime) -> datetime | None:
    """Return when a held job is released by itself, given its next run; None for a withheld story."""
    return None if ledger_time(moment) >= WITHHELD_UNTIL else moment


def put_on_hold(connection: Connection, job_id: UUID, hold: Hold) -> bool:
    """Hold a job that has not begun, or change its hold. Return False if it has begun or ended."""
    waits = jobs.c.state.in_([JobState.QUEUED, JobState.HELD])
    changed = connection.execute(
        update(jobs).where(jobs.c.id == job_id, waits).values(**held_values(hold), **_NO_MESSAGE)
    )
    return changed.rowcount == 1


def release(connection: Connection, job_ids: Sequence[UUID]) -> int:
    """Queue those of the jobs that are held, and return their number."""
    held = jobs.c.id.in_(job_ids) & (jobs.c.state == JobState.HELD)
    return _queue(connection, held)


def end(connection: Connection, job_id: UUID, reason: Warned) -> bool:
    """End a held job, which is then never read. Return False if it is not held any more."""
    canceled = {"state": JobState.CANCELED, "finished_at": now_ms()}
    why = {"reason_code": reason.code, "reason_detail": reason.detail}
    held = (jobs.c.id == job_id) & (jobs.c.state == JobState.HELD)
    return connection.execute(update(jobs).where(held).values(**canceled, **why)).rowcount == 1


def release_due(database: Database) -> int:
    """Queue the jobs whose embargo has ended, and return their number."""
    due = HELD & (jobs.c.next_run_at <= now_ms())
    with database.read() as connection:  # usually no embargo has ended, and a read needs no lock
        if connection.execute(select(jobs.c.id).where(due).limit(1)).first() is None:
            return 0
    with database.write() as connection:
        return _queue(connection, due)


def _queue(connection: Connection, condition: Any) -> int:
    queued = {"state": JobState.QUEUED, "queued_at": now_ms(), "next_run_at": now_ms()}
    reason = {"reason_code": None, "reason_detail": None}
    return connection.execute(update(jobs).where(condition).values(**queued, **reason)).rowcount
