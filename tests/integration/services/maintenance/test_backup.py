from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from typer.testing import CliRunner

from services.caller import local
from services.cli import main
from services.contracts import JobState
from services.database import migrations
from services.database.engine import Database
from services.database.tables import articles, audit_log, jobs, results
from services.jobs import backlog, hosts, leases, queries
from services.jobs.hosts import HostRole
from services.maintenance import postgres_tools
from services.maintenance.backup import BackupError, backup
from services.maintenance.postgres_tools import ToolError
from services.maintenance.restore import restore
from tests.support.api import complete_job, lease_job, url_of
from tests.support.ledger import article, claim_all, push, result_of


@contextmanager
def load(database: Database) -> Iterator[None]:
    """Push articles and process jobs in two threads until the block ends."""
    stop = threading.Event()
    errors: list[BaseException] = []

    def feed() -> None:
        number = 0
        while not stop.is_set():
            push(database, *[article(f"Story {number + more}.", feed=f"f{more % 3}") for more in range(5)])
            number += 5

    def work() -> None:
        while not stop.is_set():
            for claimed in claim_all(database):
                leases.complete(database, claimed, result_of(claimed))

    def guarded(act: Callable[[], None]) -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001 -- checked by the test
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(act,)) for act in (feed, work)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert errors == []


def stored(database: Database) -> dict[str, tuple[int, str]]:
    with database.read() as connection:
        rows = connection.execute(select(results.c.job_id, results.c.sequence, results.c.document)).all()
    return {str(row.job_id): (row.sequence, row.document) for row in rows}


def states(database: Database) -> Counter[str]:
    with database.read() as connection:
        return Counter(connection.execute(select(jobs.c.state)).scalars())


def audit_actions(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.execute(select(audit_log.c.action).order_by(audit_log.c.id)).scalars())


def check_counts(database: Database) -> int:
    """Check that every accepted article has one final state and, if it succeeded, one result; return their number."""
    counters = backlog.snapshot(database).counters
    accepted = sum(value for (name, _), value in counters.items() if name == "accepted")
    ended = {label: value for (name, label), value in counters.items() if name == "finished"}
    with database.read() as connection:
        number = connection.execute(select(func.count()).select_from(articles)).scalar_one()
    assert accepted == number == sum(ended.values()) == states(database).total()
    assert dict(states(database)) == {state: int(value) for state, value in ended.items()}
    assert sorted(sequence for sequence, _ in stored(database).values()) == list(range(1, int(ended["succeeded"]) + 1))
    return number


def test_backup_under_load_is_consistent_and_unfinished_jobs_run_once(
    database: Database,
    empty_database: Database,
    tmp_path: Path,
    eventually: Callable[[Callable[[], bool], float], None],
) -> None:
    file = tmp_path / "ledger.backup"
    [running] = push(database, article("At work when the backup is taken.", feed="slow"))
    lease_job(database, running.job_id)
    push(database, *[article(f"Waiting {number}.", feed="slow") for number in range(30)])
    with load(database):
        eventually(lambda: len(stored(database)) > 10, 60)
        assert backup(database, file) == file.stat().st_size
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []
    final = stored(database)

    assert restore(empty_database, file, local()) == migrations.newest()
    restored = stored(empty_database)
    assert len(restored) >= 10
    assert restored == {job_id: final[job_id] for job_id in restored}, "results are equal"
    assert set(states(empty_database)) <= {JobState.QUEUED, JobState.SUCCEEDED}
    assert queries.job(empty_database, running.job_id).attempts == 0, "the attempt is given back"
    attempts: Counter[str] = Counter()
    while claimed := claim_all(empty_database):
        for job in claimed:
            attempts[str(job.job_id)] += 1
            leases.complete(empty_database, job, result_of(job))
    assert set(attempts.values()) == {1}
    assert str(running.job_id) in attempts
    assert attempts.keys().isdisjoint(restored)
    assert check_counts(empty_database) == len(restored) + len(attempts)


def test_restore_into_a_database_with_data_needs_replace(
    database: Database, empty_database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "ledger.backup"
    complete_job(database, push(database, article("In the backup."))[0].job_id)
    backup(database, file)
    migrations.upgrade(empty_database)
    push(empty_database, article("Other."), article("Another."))
    with pytest.raises(BackupError, match="contains 2 articles; --replace"):
        restore(empty_database, file, local())
    hosts.announce(empty_database, HostRole.WORKER, "node/a", slots=1)
    with pytest.raises(BackupError, match="in use by 1 worker: stop"):
        restore(empty_database, file, local(), replace=True)
    hosts.leave(empty_database, HostRole.WORKER, "node/a")
    restore(empty_database, file, local(), replace=True)
    assert stored(empty_database) == stored(database)
    assert check_counts(empty_database) == 1


def test_older_schema_is_migrated_and_unknown_schema_is_refused(
    empty_database: Database, database: Database, tmp_path: Path
) -> None:
    old, unknown = tmp_path / "old", tmp_path / "unknown"
    migrations.upgrade(empty_database, "0001")
    backup(empty_database, old)
    assert restore(empty_database, old, local()) == "0001"
    assert migrations.pending(empty_database) is None
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'ffff'")
    backup(database, unknown)
    with pytest.raises(BackupError, match="schema ffff, which this version does not know"):
        restore(empty_database, unknown, local())


def test_invalid_files_are_refused_with_the_reason(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "x"
    with pytest.raises(BackupError, match="cannot be read"):
        restore(database, file, local())
    file.write_text("hello")
    with pytest.raises(BackupError, match="is not a backup of a ledger"):
        restore(database, file, local())
    with pytest.raises(BackupError, match="already exists"):
        backup(database, file)
    other = b"PGDMP\x01" if database.dialect == "sqlite" else b"SQLite format 3\x00"
    file.write_bytes(other + bytes(100))
    with pytest.raises(BackupError, match="is a backup of"):
        restore(database, file, local())
    with pytest.raises(BackupError, match=r"folder .* does not exist"):
        backup(database, tmp_path / "nowhere" / "x")


def test_damaged_backup_leaves_the_database_unchanged(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "ledger.backup"
    for number in range(60):
        push(database, article(f"Story {number}. " + "word " * 300))
    backup(database, file)
    data = bytearray(file.read_bytes())
    data[len(data) // 2 :] = os.urandom(len(data) // 2) if database.dialect == "sqlite" else b""
    file.write_bytes(data)
    before = states(database)
    # On PostgreSQL the archive's table of contents is whole; its data is not.
    with pytest.raises((BackupError, ToolError)):
        restore(database, file, local(), replace=True)
    assert states(database) == before


def test_sqlite_backup_is_a_single_file(sqlite_database: Database, tmp_path: Path) -> None:
    push(sqlite_database, article())
    file = tmp_path / "sub" / "ledger.backup"
    file.parent.mkdir()
    backup(sqlite_database, file)
    assert [path.name for path in file.parent.iterdir()] == ["ledger.backup"]
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert connection.execute("SELECT count(*) FROM articles").fetchone() == (1,)


def test_missing_program_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(postgres_tools, "_DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="pg_restore is not installed"):
        postgres_tools.revision_in(tmp_path / "x")


def test_commands_back_up_and_restore(
    database: Database, empty_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, app, file = CliRunner().invoke, main.build(), tmp_path / "ledger.backup"
    push(database, article())
    monkeypatch.setenv("STANCEWIRE_DATABASE_URL", url_of(database))
    assert run(app, ["backup", str(file)]).stdout == f"{file}: {file.stat().st_size} bytes\n"
    assert isinstance(run(app, ["backup", str(file)]).exception, BackupError)
    assert run(app, ["backup", str(file), "--replace"]).exit_code == 0
    monkeypatch.setenv("STANCEWIRE_DATABASE_URL", url_of(empty_database))
    assert run(app, ["restore", str(file)]).stdout == f"restored from schema {migrations.newest()}\n"
    assert states(empty_database) == {JobState.QUEUED: 1}
    assert [audit_actions(ledger) for ledger in (database, empty_database)] == [
        ["ledger.backup"] * 2,
        ["ledger.backup", "ledger.restore"],
    ]
    with database.write() as connection:
        connection.execute(update(jobs).values(priority=1))
    assert queries.list_jobs(empty_database, limit=1)[0].priority == 0, "two databases, not one"
