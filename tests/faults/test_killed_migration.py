"""A migration that is killed in its middle, again and again: the next one completes it."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect

from services.database import migrations
from services.database.engine import Database
from services.settings import Database as DatabaseSettings
from tests.faults import report
from tests.faults.catalogue import BOTH_DATABASES
from tests.faults.postgres import FaultyPostgres

_FIRST = "0001"
_STATEMENTS = 40  # after which the first migration is killed; each next one lives twice as long

Postgres = Callable[[], FaultyPostgres]


@pytest.fixture(params=BOTH_DATABASES)
def new_url(request: pytest.FixtureRequest, tmp_path: Path, faulty_postgres: Postgres) -> Iterator[Callable[[], str]]:
    """Return what makes an empty database and returns its address."""
    numbers = itertools.count()
    with contextlib.ExitStack() as stack:

        def new() -> str:
            if request.param == "postgresql":
                return stack.enter_context(faulty_postgres().database(small=False))
            return f"sqlite:///{tmp_path / f'{next(numbers)}.db'}"

        yield new


@pytest.mark.short_faults
def test_migration_that_is_killed_again_and_again_is_completed(
    new_url: Callable[[], str], tmp_path: Path, record_run: Callable[[report.FaultRun], None]
) -> None:
    url, began = new_url(), time.monotonic()
    with _opened(url) as database, _opened(new_url()) as whole:
        migrations.upgrade(database, _FIRST)
        migrations.upgrade(whole)
        kills = 0
        while (status := _migrate(url, tmp_path, _STATEMENTS << kills)) == -signal.SIGKILL:
            kills += 1
        assert status == 0
        assert kills >= 2
        assert migrations.pending(database) is None
        assert _schema(database) == _schema(whole)
        kind = database.dialect
    record_run(
        report.FaultRun(
            commit=report.current_commit(),
            pace="short",
            fault="migration",
            title="migration killed in its middle",
            database=kind,
            pipeline="–",
            articles=0,
            in_flight=0,
            lost=0,
            doubled=0,
            recovery_s=None,
            bound_s=0,
            told_by="nobody: the command did not end",
            states={},
            attempts=0,
            passed=True,
            seconds=time.monotonic() - began,
        )
    )


@contextlib.contextmanager
def _opened(url: str) -> Iterator[Database]:
    database = Database(url, DatabaseSettings())
    try:
        yield database
    finally:
        database.dispose()


def _migrate(url: str, folder: Path, statements: int) -> int:
    """Run `stancewire migrate`, killed by its own hand at the given statement, and return its status."""
    settings = {
        "FAULTS_DIR": str(folder),
        "FAULTS_STATEMENTS": str(statements),
        "STANCEWIRE_STATE_DIR": str(folder),
        "STANCEWIRE_DATABASE_URL": url,
    }
    command = [sys.executable, "-m", "tests.faults.fault_injection", "migrate"]
    return subprocess.run(command, env=os.environ | settings, capture_output=True, timeout=120).returncode


def _schema(database: Database) -> dict[str, object]:
    """Return columns and indexes by table."""
    inspector = inspect(database.engine)
    tables = [name for name in inspector.get_table_names() if not name.startswith("sqlite")]
    return {
        table: (
            sorted(
                (column["name"], str(column["type"]), column["nullable"]) for column in inspector.get_columns(table)
            ),
            sorted((str(index["name"]), str(index["column_names"])) for index in inspector.get_indexes(table)),
        )
        for table in tables
    }
