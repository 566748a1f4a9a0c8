"""The books: what was promised to a feed, beside what the ledger holds."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import func, select

from services.contracts import FINAL_STATES, JobState
from services.database.counters import CounterName, read_counters
from services.database.engine import Database, now_ms
from services.database.tables import IN_WINDOW, articles, jobs, results
from tests.faults.deployment import until
from tests.faults.load import Load
from tests.support.stack import check_result


@dataclass
class Books:
    """``lost``: taken in without a final state, or unknown to the ledger. ``doubled``: more than one job or result."""

    states: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    doubled: int = 0
    attempts: int = 0
    faulty: list[str] = field(default_factory=list)

    def check(self, load: Load) -> None:
        """Raise AssertionError unless the books are balanced."""
        assert (self.lost, self.doubled, self.faulty, load.defects) == (0, 0, [], []), self
        assert sum(self.states.values()) == load.count == len(load.answered)
        assert set(self.states) <= {str(state) for state in FINAL_STATES}


def unfinished(database: Database, feed: str) -> int:
    """How many of the feed's jobs are not final."""
    with database.read() as connection:
        query = select(func.count()).where(jobs.c.feed == feed, jobs.c.state.in_([JobState.QUEUED, JobState.RUNNING]))
        return int(connection.execute(query).scalar_one())


def finished(database: Database, feed: str) -> int:
    with database.read() as connection:
        query = select(func.count()).where(jobs.c.feed == feed, jobs.c.state.in_(sorted(FINAL_STATES)))
        return int(connection.execute(query).scalar_one())


def running(database: Database) -> dict[UUID, UUID]:
    """The jobs that are being worked on, each with the lease token that it shares with those of its message."""
    with database.read() as connection:
        rows = connection.execute(select(jobs.c.id, jobs.c.lease_token).where(jobs.c.state == JobState.RUNNING)).all()
    return {row.id: row.lease_token for row in rows}


def in_window(database: Database) -> set[UUID]:
    """The jobs whose message is on its way."""
    with database.read() as connection:
        return set(connection.execute(select(jobs.c.id).where(IN_WINDOW)).scalars())


def state_and_attempts(database: Database, job_id: UUID) -> tuple[JobState, int]:
    with database.read() as connection:
        row = connection.execute(select(jobs.c.state, jobs.c.attempts).where(jobs.c.id == job_id)).one()
    return JobState(row.state), row.attempts


def attempts_of(database: Database, job_ids: Iterable[UUID]) -> dict[UUID, int]:
    wanted = list(job_ids)
    with database.read() as connection:
        rows = connection.execute(select(jobs.c.id, jobs.c.attempts).where(jobs.c.id.in_(wanted))).all()
    return {row.id: row.attempts for row in rows}


def last_start_ms(database: Database, job_ids: Iterable[UUID], least_attempts: int) -> int | None:
    """When the last of these jobs began for the last time; those that were tried less often were not hit."""
    wanted = list(job_ids)
    with database.read() as connection:
        query = select(func.max(jobs.c.started_at)).where(jobs.c.id.in_(wanted), jobs.c.attempts >= least_attempts)
        last: int | None = connection.execute(query).scalar_one()
    return last


def begun_since(database: Database, since_ms: int) -> bool:
    with database.read() as connection:
        begun = select(jobs.c.id).where(jobs.c.started_at >= since_ms).limit(1)
        return connection.execute(begun).first() is not None


def clock_ms(database: Database) -> int:
    """The time by the ledger's own clock."""
    with database.read() as connection:
        return int(connection.execute(select(now_ms())).scalar_one())


def balance(database: Database, load: Load) -> Books:
    """Set what the feed was told beside what the ledger holds; reads every result."""
    books = Books()
    with database.read() as connection:
        kept = connection.execute(
            select(jobs.c.id, jobs.c.state, jobs.c.attempts, articles.c.guid, articles.c.revision)
            .join(articles, articles.c.id == jobs.c.article_id)
            .where(jobs.c.feed == load.feed)
        ).all()
        documents = connection.execute(
            select(results.c.job_id, results.c.document, articles.c.body)
            .join(jobs, jobs.c.id == results.c.job_id)
            .join(articles, articles.c.id == jobs.c.article_id)
            .where(results.c.feed == load.feed)
        ).all()
    books.states = Counter(str(row.state) for row in kept)
    books.attempts = sum(row.attempts for row in kept)
    by_guid = Counter(row.guid for row in kept)
    known = {row.id: row for row in kept}
    final = {row.id for row in kept if JobState(row.state) in FINAL_STATES}
    books.lost = sum(job_id not in final for job_id in load.answered.values())
    books.doubled = (
        sum(number - 1 for number in by_guid.values()) + len(documents) - len({row.job_id for row in documents})
    )
    succeeded = {row.id for row in kept if row.state == JobState.SUCCEEDED}
    if succeeded != {row.job_id for row in documents}:
        books.faulty.append(f"{len(succeeded)} jobs succeeded, {len(documents)} results are there")
    for row in documents:
        document = json.loads(row.document)
        try:
            check_result(document)
        except AssertionError as error:
            books.faulty.append(f"offsets of {known[row.job_id].guid}: {error}")
        if document["text"].strip() != row.body.strip():
            books.faulty.append(f"the result of {known[row.job_id].guid} is of another text")
    books.faulty += _totals_that_differ(database)
    return books


def _totals_that_differ(database: Database) -> list[str]:
    """The running totals are the same count, made another way; results are numbered without a gap."""
    with database.read() as connection:
        counters = read_counters(connection)
        states = dict(connection.execute(select(jobs.c.state, func.count()).group_by(jobs.c.state)).all())
        stored, last = connection.execute(select(func.count(), func.max(results.c.sequence))).one()
    said = {str(state): int(counters.get((CounterName.FINISHED, state), 0)) for state in FINAL_STATES}
    there = {str(state): states.get(state, 0) for state in FINAL_STATES}
    found = [] if said == there else [f"totals say {said}, the ledger {there}"]
    if stored != (last or 0):
        found.append(f"{stored} results, the last is number {last}")
    accepted = sum(value for (name, _), value in counters.items() if name is CounterName.ACCEPTED)
    if accepted != sum(states.values()):
        found.append(f"{accepted:.0f} accepted, {sum(states.values())} jobs")
    return found


def wait_all_final(database: Database, load: Load, patience_s: float) -> float:
    """Wait until the feed has pushed all and all is final; returns the seconds it took."""
    began = time.monotonic()
    load.join(timeout=patience_s)
    until(lambda: len(load.answered) >= load.count, patience_s, "the feed has pushed everything")
    until(lambda: unfinished(database, load.feed) == 0, patience_s, f"every job of {load.feed} is final")
    return time.monotonic() - began
