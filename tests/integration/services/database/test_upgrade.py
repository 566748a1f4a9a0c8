"""Upgrade of a database from the first schema to the newest while processes of the first version still use it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import TextClause, Uuid, bindparam, event, text

from services.caller import local
from services.contracts import JobState
from services.database import migrations
from services.database.engine import Database
from services.jobs import actions, backlog, dispatch_window, leases
from services.settings import Database as DatabaseSettings
from tests.support.api import complete_job
from tests.support.ledger import claim_all, fill, listed_results, result_of, state_of

ARTICLE = (
    "INSERT INTO articles (id, feed, guid, version, revision, identity, content_hash, title, language,"
    " media_type, body, received_at)"
    " VALUES (:article, 'wire', :guid, '1', 1, :hash, :hash, 'A title', 'en', 'text/plain', :body, :now)"
)
JOB = (
    "INSERT INTO jobs (id, article_id, analysis, feed, words, state, attempts, next_run_at, created_at, queued_at,"
    " lease_token, lease_until, finished_at, reason_code) VALUES"
    " (:job, :article, 1, 'wire', 4, :state, :attempts, :now, :now, :now, :token, :until, :finished, :reason)"
)
COUNT = (
    "INSERT INTO counters (name, label, value) VALUES (:name, :label, 1) ON CONFLICT (name, label)"
    " DO UPDATE SET value = counters.value + 1 RETURNING value"
)
RESULT = (
    "INSERT INTO results (job_id, sequence, feed, document, etag, stored_at, attributions, stances)"
    " VALUES (:job, :sequence, 'wire', :document, 'e', :now, 0, 0)"
)
NEXT_JOB = (
    "SELECT id AS job, article_id AS article FROM jobs"
    " WHERE state = 'queued' AND feed = 'wire' AND message_id IS NULL LIMIT 1"
)
LEASE = (
    "UPDATE jobs SET state = 'running', attempts = attempts + 1, lease_token = :token, lease_until = :until,"
    " message_id = NULL WHERE id = :job AND state = 'queued'"
)
COMPLETE = (
    "UPDATE jobs SET state = 'succeeded', lease_token = NULL, lease_until = NULL, finished_at = :now"
    " WHERE id = :job AND state = 'running' AND lease_token = :token"
)
PER_STATE = {JobState.QUEUED: 40, JobState.RUNNING: 3, JobState.DEAD: 2, JobState.FAILED: 2, JobState.SUCCEEDED: 8}


def typed(statement: str) -> TextClause:
    """Return the statement with its IDs bound, and for `NEXT_JOB` also read, as UUIDs."""
    names = [name for name in ("job", "article", "token") if f":{name}" in statement]
    clause = text(statement).bindparams(*(bindparam(name, type_=Uuid()) for name in names))
    return clause.columns(job=Uuid(), article=Uuid()) if statement == NEXT_JOB else clause  # type: ignore[return-value]  # executes alike


def document(job: UUID, article: UUID) -> str:
    """Return a result of the first version, which has no positions yet."""
    pipeline = {"version": "0.1.0", "model": "rules-2026.11", "analysed_at": "2026-11-20T00:00:00Z"}
    body = {
        "schema": "stancewire.result/1",
        "job_id": str(job),
        "article_id": str(article),
        "language": "en",
        "pipeline": pipeline,
    }
    return json.dumps(body | {"text": "Old words.", "entities": [], "attributions": [], "stances": [], "warnings": []})


class FirstVersion:
    """A process of the first version: its SQL names the columns that existed then."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.done: list[UUID] = []
        self.longest_s = 0.0

    def accept(self, number: int, state: JobState = JobState.QUEUED) -> UUID:
        now = int(time.time() * 1000)
        running, final = state is JobState.RUNNING, state not in {JobState.QUEUED, JobState.RUNNING}
        row: dict[str, Any] = {
            "article": uuid4(),
            "job": uuid4(),
            "guid": f"g{number}",
            "hash": uuid4().hex * 2,
            "now": now,
        }
        row |= {
            "state": state.value,
            "body": f"Story {number} is long.",
            "attempts": 0 if state is JobState.QUEUED else 1,
        }
        row |= {"token": uuid4() if running else None, "until": now - 1000 if running else None}
        row |= {"finished": now if final else None, "reason": "defect" if state is JobState.DEAD else None}
        with self._database.write() as connection:
            connection.execute(typed(ARTICLE), row)
            connection.execute(typed(JOB), row)
            connection.execute(typed(COUNT), {"name": "accepted", "label": "wire"})
            if final:
                connection.execute(typed(COUNT), {"name": "finished", "label": state.value})
            if state is JobState.SUCCEEDED:
                self._store(connection, row)
        return UUID(str(row["job"]))

    def work(self) -> bool:
        """Lease a job and complete it, each in its own transaction; return False if none is queued."""
        started = time.monotonic()
        with self._database.write() as connection:
            job = connection.execute(typed(NEXT_JOB)).one_or_none()
            if job is None:
                return False
            now = int(time.time() * 1000)
            row = {"job": job.job, "article": job.article, "token": uuid4(), "until": now + 30_000, "now": now}
            if connection.execute(typed(LEASE), row).rowcount != 1:
                return True
        with self._database.write() as connection:
            assert connection.execute(typed(COMPLETE), row).rowcount == 1
            connection.execute(typed(COUNT), {"name": "finished", "label": "succeeded"})
            self._store(connection, row)
        self.done.append(row["job"])
        self.longest_s = max(self.longest_s, time.monotonic() - started)
        return True

    def _store(self, connection: Any, row: dict[str, Any]) -> None:
        sequence = int(connection.execute(typed(COUNT), {"name": "results", "label": ""}).scalar_one())
        values = {
            "job": row["job"],
            "sequence": sequence,
            "document": document(row["job"], row["article"]),
            "now": row["now"],
        }
        connection.execute(typed(RESULT), values)


@pytest.fixture
def first(database_url: str) -> Iterator[Database]:
    """A database with the first schema."""
    opened = Database(database_url, DatabaseSettings(busy_timeout_s=20))
    migrations.upgrade(opened, "0001")
    yield opened
    opened.dispose()


def test_jobs_and_results_of_the_first_schema_survive_the_upgrade(first: Database) -> None:
    old_process = FirstVersion(first)
    job_ids = {state: [old_process.accept(n, state) for n in range(number)] for state, number in PER_STATE.items()}
    stop, errors = threading.Event(), []

    def keep_working() -> None:
        try:
            while not stop.is_set() and len(old_process.done) < PER_STATE[JobState.QUEUED] - 10:
                old_process.work()
                old_process.accept(1000 + len(old_process.done))
                time.sleep(0.02)
        except Exception as error:  # noqa: BLE001 -- reported to the test, which then fails
            errors.append(error)

    worker = threading.Thread(target=keep_working)
    worker.start()
    try:
        migrations.upgrade(first)
        assert migrations.pending(first) is None
        before = len(old_process.done)
        while len(old_process.done) < before + 3 and worker.is_alive():  # the old process works with the new schema
            time.sleep(0.02)
    finally:
        stop.set()
        worker.join()
    assert errors == []
    assert len(old_process.done) >= 3

    requeued = dispatch_window.requeue_expired_leases(first, max_attempts=3, lease_s=30)
    assert requeued.requeued == len(job_ids[JobState.RUNNING]), "leases of the first version expire as before"
    for job_id in job_ids[JobState.DEAD]:
        actions.retry(first, job_id, local())
    while leased := claim_all(first):
        for job in leased:
            leases.complete(first, job, result_of(job))
    assert fill(first) == []
    for state in (JobState.QUEUED, JobState.RUNNING, JobState.DEAD, JobState.SUCCEEDED):
        assert {state_of(first, job_id) for job_id in job_ids[state]} == {JobState.SUCCEEDED}
    assert {state_of(first, job_id) for job_id in job_ids[JobState.FAILED]} == {JobState.FAILED}

    counters = {(name.value, label): value for (name, label), value in backlog.snapshot(first).counters.items()}
    stored = listed_results(first)
    assert [result.sequence for result in stored] == list(range(1, len(stored) + 1)), "sequences have no gaps"
    assert counters["accepted", "wire"] == len(stored) + PER_STATE[JobState.FAILED]
    models = {json.loads(result.document)["pipeline"]["model"] for result in stored}
    assert models == {"rules-2026.11", "test"}, "each result names the model that made it"


def test_indexes_on_filled_tables_are_built_concurrently_on_postgresql(first: Database) -> None:
    """On PostgreSQL a plain CREATE INDEX would block every writer until it ends."""
    statements: list[str] = []
    event.listen(first.engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    migrations.upgrade(first)
    filled = ("ON jobs ", "ON articles ", "ON results ", "ON idempotency_keys ")
    built = [sql for sql in statements if "CREATE" in sql and "INDEX" in sql and any(table in sql for table in filled)]
    assert len(built) >= 4
    concurrent = [sql for sql in built if "CONCURRENTLY" in sql]
    assert concurrent == (built if first.dialect == "postgresql" else []), (
        "SQLite has one writer at a time and no CONCURRENTLY"
    )


def test_migration_interrupted_while_building_an_index_can_be_run_again(first: Database) -> None:
    """On PostgreSQL the interruption leaves an invalid index."""
    if first.dialect == "postgresql":
        with first.write() as connection:
            connection.exec_driver_sql(
                "CREATE INDEX ix_jobs_finished_at ON jobs (finished_at) WHERE finished_at IS NOT NULL"
            )
            connection.exec_driver_sql(
                "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_jobs_finished_at'::regclass"
            )
    migrations.upgrade(first)
    assert migrations.pending(first) is None
    if first.dialect == "postgresql":
        with first.read() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM pg_index WHERE NOT indisvalid").scalar_one() == 0


def test_concurrent_migrations_run_one_after_another(first: Database) -> None:
    old_process = FirstVersion(first)
    jobs = [old_process.accept(number) for number in range(5)]
    errors: list[BaseException] = []

    def migrate() -> None:
        try:
            migrations.upgrade(first)
        except BaseException as error:  # noqa: BLE001 -- reported to the test, which then fails
            errors.append(error)

    threads = [threading.Thread(target=migrate) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert migrations.pending(first) is None
    for job_id in jobs:
        complete_job(first, job_id)
