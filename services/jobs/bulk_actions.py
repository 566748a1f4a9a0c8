"""Apply one action to many jobs, selected by state, feed and reason.

Each job has its own short transaction and its own line in the audit log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from services.caller import Caller
from services.contracts import JobState
from services.database.engine import Database
from services.database.tables import jobs
from services.errors import Conflict, Gone, NotFound
from services.jobs import actions

_PAGE: Final = 200


class BulkAction(StrEnum):
    """An action that can be applied to many jobs."""

    RETRY = "retry"
    DROP = "drop"
    CANCEL = "cancel"
    REPRIORITISE = "reprioritise"


# The states in which a job allows each action.
STATES: Final = {
    BulkAction.RETRY: frozenset({JobState.FAILED, JobState.DEAD}),
    BulkAction.DROP: frozenset({JobState.FAILED, JobState.DEAD}),
    BulkAction.CANCEL: frozenset({JobState.HELD, JobState.QUEUED, JobState.RUNNING}),
    BulkAction.REPRIORITISE: frozenset({JobState.QUEUED}),
}


@dataclass(frozen=True, slots=True)
class Selection:
    """A selection of jobs by state, feed and reason; None means every allowed state, every feed, any reason."""

    state: JobState | None = None
    feed: str | None = None
    reason: str | None = None


@dataclass(slots=True)
class Outcome:
    """The outcome of a bulk action: the number of changed jobs, and the number of refused jobs by error code.

    ``more`` is true if the limit left selected jobs untouched.
    """

    changed: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    more: bool = False


def count(database: Database, act: BulkAction, chosen: Selection) -> int:
    """Return the current number of selected jobs.

    Raises `ValueError` for a state that the action does not allow.
    """
    with database.read(long=True) as connection:
        query = select(func.count()).select_from(jobs).where(*_conditions(act, chosen))
        return int(connection.execute(query).scalar_one())


def apply(
    database: Database, act: BulkAction, chosen: Selection, by: Caller, *, priority: int = 0, limit: int | None = None
) -> Outcome:
    """Apply the action once to each selected job, oldest first, to at most ``limit`` jobs.

    Jobs added meanwhile may be missed. A job that was changed meanwhile so that it does not allow the action counts
    as refused. Raises `ValueError` for a state that the action does not allow.
    """
    acts: dict[BulkAction, Callable[[Database, UUID], None]] = {
        BulkAction.RETRY: partial(actions.retry, by=by),
        BulkAction.DROP: partial(actions.drop, by=by),
        BulkAction.CANCEL: partial(actions.cancel, by=by),
        BulkAction.REPRIORITISE: partial(actions.reprioritise, priority=priority, by=by),
    }
    conditions, outcome = _conditions(act, chosen), Outcome()
    left, last = limit, UUID(int=0)
    while left is None or left > 0:
        size = _PAGE if left is None else min(_PAGE, left)
        with database.read() as connection:
            query = select(jobs.c.id).where(*conditions, jobs.c.id > last).order_by(jobs.c.id).limit(size)
            page = list(connection.execute(query).scalars())
        for job_id in page:
            try:
                acts[act](database, job_id)
            except (Conflict, NotFound, Gone) as error:
                outcome.refused[error.code] += 1
            else:
                outcome.changed += 1
        if len(page) < size:
            return outcome
        last = page[-1]
        left = None if left is None else left - len(page)
    with database.read() as connection:
        outcome.more = (
            connection.execute(select(jobs.c.id).where(*conditions, jobs.c.id > last).limit(1)).first() is not None
        )
    return outcome


def _conditions(act: BulkAction, chosen: Selection) -> list[ColumnElement[bool]]:
    if chosen.state is not None and chosen.state not in STATES[act]:
        allowed = ", ".join(sorted(STATES[act]))
        raise ValueError(f"a job that is {chosen.state} cannot be acted on so ({act}): {allowed}")
    states = STATES[act] if chosen.state is None else {chosen.state}
    conditions: list[ColumnElement[bool]] = [jobs.c.state.in_(sorted(states))]
    if chosen.feed is not None:
        conditions.append(jobs.c.feed == chosen.feed)
    if chosen.reason is not None:
        conditions.append(jobs.c.reason_code == chosen.reason)
    return conditions
