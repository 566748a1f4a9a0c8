"""The invariants of the ledger, as docs/decisions/0001 lists them, checked on a whole database."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from sqlalchemy import select

from services.contracts import FINAL_STATES, JobState
from services.database.counters import CounterName, read_counters
from services.database.engine import Database
from services.database.tables import articles, indexed_results, jobs, results, tombstones

_WITHOUT_WAY_BACK = frozenset({JobState.SUCCEEDED, JobState.CANCELED})


class LedgerAudit:
    """Checks every invariant against the last look at the same ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._settled: dict[UUID, JobState] = {}
        self._documents: dict[UUID, str] = {}

    def check(self, *, accepted: int, retried: int, dropped: int, max_attempts: int) -> None:
        """Assert the invariants, given how many articles were accepted, and jobs retried and dropped, until now."""
        with self._database.read() as connection:
            rows = connection.execute(
                select(jobs, articles.c.withdrawn_at).join(articles, articles.c.id == jobs.c.article_id)
            ).all()
            stored = connection.execute(select(results.c.job_id, results.c.sequence, results.c.document)).all()
            buried = connection.execute(select(tombstones)).all()
            indexed = set(connection.execute(select(indexed_results.c.article_id)).scalars())
            counters = read_counters(connection)
        states = {row.id: JobState(row.state) for row in rows}
        assert len(states) == accepted, "1. an accepted article has exactly one job, for good"
        for row in rows:
            is_running, is_queued = row.state == JobState.RUNNING, row.state == JobState.QUEUED
            assert is_running == (row.lease_token is not None) == (row.lease_until is not None), "2. leases"
            assert row.message_id is None or is_queued, "3. only a queued job waits for a message"
            assert (row.message_id is None) == (row.dispatched_at is None), "3. a message has a time"
            assert (row.state in FINAL_STATES) == (row.finished_at is not None), "4. final jobs have a time"
            assert 0 <= row.attempts <= max_attempts, "5. attempts are bounded"
            assert row.state in {JobState.SUCCEEDED, JobState.QUEUED, JobState.RUNNING} or row.reason_code, (
                "4. a reason"
            )
        with_result = {row.job_id for row in stored}
        succeeded = {job_id for job_id, state in states.items() if state is JobState.SUCCEEDED}
        assert with_result == succeeded, "6. a result belongs to a job that succeeded, and each of those has one"
        numbers = sorted([row.sequence for row in stored] + [row.sequence for row in buried])
        assert numbers == list(range(1, len(numbers) + 1)), "7. results and tombstones have no gaps"
        for row in stored:
            assert self._documents.setdefault(row.job_id, row.document) == row.document, "6. a result never changes"
        for job_id, state in self._settled.items():
            assert states[job_id] is state, "8. no way leads out of succeeded and canceled"
        self._settled |= {job_id: state for job_id, state in states.items() if state in _WITHOUT_WAY_BACK}
        withdrawn = {row.article_id for row in rows if row.withdrawn_at is not None}
        assert not withdrawn & indexed, "9. no search finds an article that was withdrawn"
        assert {row.article_id for row in buried} == withdrawn, "9. followers are told of what was withdrawn"
        assert len(buried) == len(withdrawn), "9. and once"
        ended = sum(value for (name, _), value in counters.items() if name is CounterName.FINISHED)
        final = Counter(states.values())
        # A retry leaves a final state, and a drop goes from one to another: both were counted when they ended.
        assert ended == sum(final[state] for state in FINAL_STATES) + retried + dropped, "10. counters are exact"
        totals = {name: value for (name, label), value in counters.items() if not label}
        assert totals.get(CounterName.RESULTS, 0) == len(numbers), "10. counters are exact"
