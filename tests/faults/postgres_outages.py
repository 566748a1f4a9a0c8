"""A PostgreSQL that answers, and does not do its part: read-only, without connections, locked, ending its backends."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

import psycopg
from psycopg import sql
from sqlalchemy import Table

from services.database.tables import counters, jobs
from tests.faults.deployment import Deployment, wait_until
from tests.faults.runbook import ask_postgres
from tests.faults.store_faults import postgres_dsn

_END_BACKENDS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> 'tests'
"""
_CANCEL_STATEMENTS = """
    SELECT pg_cancel_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND state = 'active' AND application_name <> 'tests'
"""
_EVERY_S = 0.3
_SECTION = "StancewireDatabaseFault"
_CANCELS_EVERY_S = 0.01
_NEWER = "9999"  # a revision that no version of this service knows


@contextlib.contextmanager
def _connect(deployment: Deployment, *, autocommit: bool = True) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres_dsn(deployment), autocommit=autocommit, application_name="tests") as connection:
        yield connection


@contextlib.contextmanager
def read_only(deployment: Deployment) -> Iterator[None]:
    """Refuse writes, as a primary that was demoted does."""
    with _connect(deployment) as connection:
        name = connection.info.dbname
        connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        connection.execute(_END_BACKENDS)
        try:
            yield
        finally:
            ask_postgres(connection, _SECTION, "RESET default_transaction_read_only")
            ask_postgres(connection, _SECTION, "usename = 'stancewire'")


@contextlib.contextmanager
def _repeatedly(action: Callable[[], object], every_s: float = _EVERY_S) -> Iterator[None]:
    stopping = threading.Event()

    def repeat() -> None:
        while not stopping.wait(every_s):
            action()

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


@contextlib.contextmanager
def backends_ended(deployment: Deployment) -> Iterator[None]:
    """End every backend of the service, again and again."""
    with _connect(deployment) as connection, _repeatedly(lambda: connection.execute(_END_BACKENDS)):
        yield


@contextlib.contextmanager
def statements_cancelled(deployment: Deployment) -> Iterator[None]:
    """Cancel whatever statement runs, again and again, as a timeout that is far too short does."""
    with (
        _connect(deployment) as connection,
        _repeatedly(lambda: connection.execute(_CANCEL_STATEMENTS), _CANCELS_EVERY_S),
    ):
        yield


@contextlib.contextmanager
def newer_schema(deployment: Deployment) -> Iterator[None]:
    """Name a revision that this version does not know, as an upgrade of other processes leaves behind."""
    with _connect(deployment) as connection:
        [revision] = connection.execute("SELECT version_num FROM alembic_version").fetchone() or [""]
        connection.execute("UPDATE alembic_version SET version_num = %s", [_NEWER])
        try:
            yield
        finally:
            connection.execute("UPDATE alembic_version SET version_num = %s", [revision])


def failed_over(deployment: Deployment) -> contextlib.AbstractContextManager[None]:
    """Kill the primary, and let its promoted standby take the address over."""
    assert deployment.postgres is not None
    return deployment.postgres.failed_over()


@contextlib.contextmanager
def out_of_connections(deployment: Deployment) -> Iterator[None]:
    """Take every connection that the server has, those of the service included."""
    with contextlib.ExitStack() as taken, _connect(deployment) as connection:

        def take_all() -> None:
            connection.execute(_END_BACKENDS)
            with contextlib.suppress(psycopg.OperationalError):
                while True:
                    taken.enter_context(_connect(deployment))

        with _repeatedly(take_all):
            yield


@contextlib.contextmanager
def _rows_locked(deployment: Deployment, table: Table) -> Iterator[None]:
    with _connect(deployment, autocommit=False) as idle, _connect(deployment) as operator:
        idle.execute(sql.SQL("SELECT 1 FROM {} FOR UPDATE").format(sql.Identifier(table.name)))
        yield
        pid = idle.info.backend_pid
        wait_until(lambda: pid in _waited_for(operator), 10, "the runbook's query shows what holds the lock")
        ask_postgres(operator, _SECTION, "pg_terminate_backend(PID)", pid)
        idle.close()


def _waited_for(connection: psycopg.Connection) -> set[int]:
    rows = ask_postgres(connection, _SECTION, "pg_blocking_pids")
    return {pid for _, waits_for, *_ in rows for pid in waits_for}


def jobs_locked(deployment: Deployment) -> contextlib.AbstractContextManager[None]:
    """Hold every row of ``jobs`` in a transaction that does nothing."""
    return _rows_locked(deployment, jobs)


def counters_locked(deployment: Deployment) -> contextlib.AbstractContextManager[None]:
    """Hold the rows that every push increments."""
    return _rows_locked(deployment, counters)
