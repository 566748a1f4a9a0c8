"""A database as the first schema's programs wrote it, brought to the newest while they still work on it."""

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
from services.jobs import actions, dispatch_window, leases, queries
from services.settings import Database as DatabaseSettings
from tests.support.api import complete_job
from tests.support.ledger import claim_all, fill, result_of, state_of

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
TOTAL = (
    "INSERT INTO counters (name, label, value) VALUES (:name, :label, 1) ON CONFLICT (name, label)"
    " DO UPDATE SET value = counters.value + 1 RETURNING value"
)
RESULT = (
    "INSERT INTO results (job_id, sequence, feed, document, etag, stored_at, attributions, stances)"
    " VALUES (:job, :sequence, 'wire', :document, 'e', :now, 0, 0)"
)
NEXT = (
    "SELECT id AS job, article_id AS article FROM jobs"
    " WHERE state = 'queued' AND feed = 'wire' AND message_id IS NULL LIMIT 1"
)
TAKE = (
    "UPDATE jobs SET state = 'running', attempts = attempts + 1, lease_token = :token, lease_until = :until,"
    " message_id = NULL WHERE id = :job AND state = 'queued'"
)
CLOSE = (
    "UPDATE jobs SET state = 'succeeded', lease_token = NULL, lease_until = NULL, finished_at = :now"
    " WHERE id = :job AND state = 'running' AND lease_token = :token"
)
PER_STATE = {JobState.QUEUED: 40, JobState.RUNNING: 3, JobState.DEAD: 2, JobState.FAILED: 2, JobState.SUCCEEDED: 8}


def old(statement: str) -> TextClause:
    names = [name for name in ("job", "article", "token") if f":{name}" in statement]
    found = text(statement).bindparams(*(bindparam(name, type_=Uuid()) for name in names))
    return found.columns(job=Uuid(), article=Uuid()) if statement == NEXT else found  # type: ignore[return-value]  # executes alike


def document(job: UUID, article: UUID) -> str:
    """A result of that time: no positions, which came later."""
    pipeline = {"version": "0.1.0", "model": "rules-2026.11", "analysed_at": "2026-11-20T00:00:00Z"}
    body = {
        "schema": "stancewire.result/1",
        "job_id": str(job),
        "article_id": str(article),
        "language": "en",
        "pipeline": pipeline,
    }
    return json.dumps(body | {"text": "Old words.", "entities": [], "attributions": [], "stances": [], "warnings": []})


class OldProgram:
    """The SQL of the first version: it knows the columns that there were, and names them."""

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
            connection.execute(old(ARTICLE), row)
            connection.execute(old(JOB), row)
            connection.execute(old(TOTAL), {"name": "accepted", "label": "wire"})
            if final:
                connection.execute(old(TOTAL), {"name": "finished", "label": state.value})
            if state is JobState.SUCCEEDED:
                self._store(connection, row)
        return UUID(str(row["job"]))

    def work(self) -> bool:
        """Claim a job and close it, each in a transaction; whether there was one."""
        began = time.monotonic()
        with self._database.write() as connection:
            found = connection.execute(old(NEXT)).one_or_none()
            if found is None:
                return False
            now = int(time.time() * 1000)
            row = {"job": found.job, "article": found.article, "token": uuid4(), "until": now + 30_000, "now": now}
            if connection.execute(old(TAKE), row).rowcount != 1:
                return True
        with self._database.write() as connection:
            assert connection.execute(old(CLOSE), row).rowcount == 1
            connection.execute(old(TOTAL), {"name": "finished", "label": "succeeded"})
            self._store(connection, row)
        self.done.append(row["job"])
        self.longest_s = max(self.longest_s, time.monotonic() - began)
        return True

    def _store(self, connection: Any, row: dict[str, Any]) -> None:
        sequence = int(connection.execute(old(TOTAL), {"name": "results", "label": ""}).scalar_one())
        values = {
            "job": row["job"],
            "sequence": sequence,
            "document": document(row["job"], row["article"]),
            "now": row["now"],
        }
        connection.execute(old(RESULT), values)


@pytest.fixture
def first(database_url: str) -> Iterator[Database]:
    """A database at the first schema."""
    opened = Database(database_url, DatabaseSettings(busy_timeout_s=20))
    migrations.upgrade(opened, "0001")
    yield opened
    opened.dispose()


def test_everything_of_the_first_schema_is_served_and_finished(first: Database) -> None:
    program = OldProgram(first)
    made = {state: [program.accept(n, state) for n in range(number)] for state, number in PER_STATE.items()}
    stop, failed = threading.Event(), []

    def go_on() -> None:
        try:
            while not stop.is_set() and len(program.done) < PER_STATE[JobState.QUEUED] - 10:
                program.work()
                program.accept(1000 + len(program.done))
                time.sleep(0.02)
        except Exception as error:  # noqa: BLE001 -- told to the test, which fails by it
            failed.append(error)

    worker = threading.Thread(target=go_on)
    worker.start()
    try:
        migrations.upgrade(first)
        assert migrations.pending(first) is None
        before = len(program.done)
        while len(program.done) < before + 3 and worker.is_alive():  # the old program works against the new schema
            time.sleep(0.02)
    finally:
        stop.set()
        worker.join()
    assert failed == []
    assert len(program.done) >= 3

    lost = dispatch_window.requeue_expired_leases(first, max_attempts=3, lease_s=30)
    assert lost.requeued == len(made[JobState.RUNNING]), "the leases of that time end as they would have"
    for job_id in made[JobState.DEAD]:
        actions.retry(first, job_id, local())
    while claimed := claim_all(first):
        for one in claimed:
            leases.complete(first, one, result_of(one))
    assert fill(first) == []
    for state in (JobState.QUEUED, JobState.RUNNING, JobState.DEAD, JobState.SUCCEEDED):
        assert {state_of(first, job_id) for job_id in made[state]} == {JobState.SUCCEEDED}
    assert {state_of(first, job_id) for job_id in made[JobState.FAILED]} == {JobState.FAILED}

    counters = {(name.value, label): value for (name, label), value in queries.backlog_snapshot(first).counters.items()}
    served = queries.list_results(first, after=0, limit=1000)
    assert [one.sequence for one in served] == list(range(1, len(served) + 1)), "one row of numbers, without a gap"
    assert counters["accepted", "wire"] == len(served) + PER_STATE[JobState.FAILED]
    models = {json.loads(one.document)["pipeline"]["model"] for one in served}
    assert models == {"rules-2026.11", "test"}, "each result names the model that made it"


def test_indexes_on_tables_that_are_filled_are_built_beside_the_writers(first: Database) -> None:
    """On PostgreSQL a plain CREATE INDEX would hold back every writer until it is done."""
    said: list[str] = []
    event.listen(first.engine, "before_cursor_execute", lambda *arguments: said.append(arguments[2]))
    migrations.upgrade(first)
    filled = ("ON jobs ", "ON articles ", "ON results ", "ON idempotency_keys ")
    built = [one for one in said if "CREATE" in one and "INDEX" in one and any(table in one for table in filled)]
    assert len(built) >= 4
    beside = [one for one in built if "CONCURRENTLY" in one]
    assert beside == (built if first.dialect == "postgresql" else []), (
        "SQLite has one writer at a time, and no such word"
    )


def test_a_migration_that_broke_off_in_an_index_goes_on(first: Database) -> None:
    """On PostgreSQL it leaves an index that is there and not valid."""
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


def test_two_who_migrate_at_once_take_turns(first: Database) -> None:
    program = OldProgram(first)
    jobs = [program.accept(number) for number in range(5)]
    failed: list[BaseException] = []

    def migrate() -> None:
        try:
            migrations.upgrade(first)
        except BaseException as error:  # noqa: BLE001 -- as above
            failed.append(error)

    threads = [threading.Thread(target=migrate) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert migrations.pending(first) is None
    for job_id in jobs:
        complete_job(first, job_id)
