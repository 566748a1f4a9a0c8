"""Compares what the API promised to a feed with the content of the ledger."""

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
from services.database.tables import IN_WINDOW, articles, hosts, jobs, results
from services.jobs.hosts import HostRole
from tests.faults.deployment import wait_until
from tests.faults.load import Load
from tests.support.stack import check_result


@dataclass
class LedgerAudit:
    """The result of an audit; -1 where no audit was made.

    ``lost`` counts accepted articles without a job in a final state. ``doubled`` counts second jobs and second results
    of one article. ``inconsistencies`` are other contradictions, in words.
    """

    states: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    doubled: int = 0
    attempts: int = 0
    inconsistencies: list[str] = field(default_factory=list)

    def assert_clean(self, load: Load) -> None:
        """Raise AssertionError unless every accepted article has exactly one final job."""
        assert (self.lost, self.doubled, self.inconsistencies, load.defects) == (0, 0, [], []), self
        assert sum(self.states.values()) == load.count == len(load.accepted)
        assert set(self.states) <= {str(state) for state in FINAL_STATES}


def count_unfinished(database: Database, feed: str) -> int:
    with database.read() as connection:
        query = select(func.count()).where(jobs.c.feed == feed, jobs.c.state.in_([JobState.QUEUED, JobState.RUNNING]))
        return int(connection.execute(query).scalar_one())


def count_finished(database: Database, feed: str) -> int:
    with database.read() as connection:
        query = select(func.count()).where(jobs.c.feed == feed, jobs.c.state.in_(sorted(FINAL_STATES)))
        return int(connection.execute(query).scalar_one())


def running_jobs(database: Database) -> dict[UUID, UUID]:
    """Return the running jobs with their lease tokens; the jobs of one message share a token."""
    with database.read() as connection:
        rows = connection.execute(select(jobs.c.id, jobs.c.lease_token).where(jobs.c.state == JobState.RUNNING)).all()
    return {row.id: row.lease_token for row in rows}


def dispatched_jobs(database: Database) -> set[UUID]:
    """Return the jobs whose message was sent and not yet received."""
    with database.read() as connection:
        return set(connection.execute(select(jobs.c.id).where(IN_WINDOW)).scalars())


def hosts_of(database: Database, role: HostRole) -> set[str]:
    """Return the names of all registered hosts of a role, whether or not they are alive."""
    with database.read() as connection:
        return set(connection.execute(select(hosts.c.name).where(hosts.c.role == role)).scalars())


def attempts_by_job(database: Database, job_ids: Iterable[UUID]) -> dict[UUID, int]:
    ids = list(job_ids)
    with database.read() as connection:
        rows = connection.execute(select(jobs.c.id, jobs.c.attempts).where(jobs.c.id.in_(ids))).all()
    return {row.id: row.attempts for row in rows}


def last_start_ms(database: Database, job_ids: Iterable[UUID], min_attempts: int) -> int | None:
    """Return the latest start of these jobs, without those that have fewer than ``min_attempts`` attempts."""
    ids = list(job_ids)
    with database.read() as connection:
        query = select(func.max(jobs.c.started_at)).where(jobs.c.id.in_(ids), jobs.c.attempts >= min_attempts)
        started: int | None = connection.execute(query).scalar_one()
    return started


def any_started_since(database: Database, since_ms: int) -> bool:
    with database.read() as connection:
        query = select(jobs.c.id).where(jobs.c.started_at >= since_ms).limit(1)
        return connection.execute(query).first() is not None


def clock_ms(database: Database) -> int:
    """Return the time of the ledger's own clock."""
    with database.read() as connection:
        return int(connection.execute(select(now_ms())).scalar_one())


def audit_ledger(database: Database, load: Load) -> LedgerAudit:
    """Compare the jobs and all results of a feed with the answers to its pushes."""
    audit = LedgerAudit()
    with database.read() as connection:
        job_rows = connection.execute(
            select(jobs.c.id, jobs.c.state, jobs.c.attempts, articles.c.guid, articles.c.revision)
            .join(articles, articles.c.id == jobs.c.article_id)
            .where(jobs.c.feed == load.feed)
        ).all()
        result_rows = connection.execute(
            select(results.c.job_id, results.c.document, articles.c.body)
            .join(jobs, jobs.c.id == results.c.job_id)
            .join(articles, articles.c.id == jobs.c.article_id)
            .where(results.c.feed == load.feed)
        ).all()
    audit.states = Counter(str(row.state) for row in job_rows)
    audit.attempts = sum(row.attempts for row in job_rows)
    jobs_by_guid = Counter(row.guid for row in job_rows)
    guids = {row.id: row.guid for row in job_rows}
    final = {row.id for row in job_rows if JobState(row.state) in FINAL_STATES}
    audit.lost = sum(job_id not in final for job_id in load.accepted.values())
    second_results = len(result_rows) - len({row.job_id for row in result_rows})
    audit.doubled = sum(count - 1 for count in jobs_by_guid.values()) + second_results
    succeeded = {row.id for row in job_rows if row.state == JobState.SUCCEEDED}
    if succeeded != {row.job_id for row in result_rows}:
        audit.inconsistencies.append(f"{len(succeeded)} jobs succeeded, but there are {len(result_rows)} results")
    for row in result_rows:
        document = json.loads(row.document)
        try:
            check_result(document)
        except AssertionError as error:
            audit.inconsistencies.append(f"offsets of {guids[row.job_id]}: {error}")
        if document["text"].strip() != row.body.strip():
            audit.inconsistencies.append(f"the result of {guids[row.job_id]} has another text than the article")
    audit.inconsistencies += _counter_inconsistencies(database)
    return audit


def _counter_inconsistencies(database: Database) -> list[str]:
    """Compare the ledger's counters with its rows; results must be numbered without a gap."""
    with database.read() as connection:
        counters = read_counters(connection)
        rows = connection.execute(select(jobs.c.state, func.count()).group_by(jobs.c.state)).all()
        result_count, last_number = connection.execute(select(func.count(), func.max(results.c.sequence))).one()
    states: dict[str, int] = {str(state): count for state, count in rows}
    counted = {str(state): int(counters.get((CounterName.FINISHED, state), 0)) for state in FINAL_STATES}
    in_rows = {str(state): states.get(state, 0) for state in FINAL_STATES}
    inconsistencies = [] if counted == in_rows else [f"the counters have {counted}, the rows {in_rows}"]
    if result_count != (last_number or 0):
        inconsistencies.append(f"there are {result_count} results, but the last has the number {last_number}")
    accepted = sum(value for (name, _), value in counters.items() if name is CounterName.ACCEPTED)
    if accepted != sum(states.values()):
        inconsistencies.append(f"the counter of accepted articles is {accepted:.0f}, with {sum(states.values())} jobs")
    return inconsistencies


def wait_all_final(database: Database, load: Load, timeout_s: float) -> float:
    """Wait until the feed has pushed everything and all its jobs are final; return the seconds it took."""
    began = time.monotonic()
    load.join(timeout=timeout_s)
    wait_until(lambda: len(load.accepted) >= load.count, timeout_s, "the feed has pushed everything")
    wait_until(lambda: count_unfinished(database, load.feed) == 0, timeout_s, f"every job of {load.feed} is final")
    return time.monotonic() - began
