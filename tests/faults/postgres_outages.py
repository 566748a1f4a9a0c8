"""A PostgreSQL that answers, and does not do its part: read-only, without connections, locked, ending its backends."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

import psycopg
from psycopg import sql
from sqlalchemy import Table

from services.database.tables import counters, jobs
from tests.faults.deployment import Deployment
from tests.faults.store_faults import postgres_dsn

_END_BACKENDS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> 'tests'
"""
_EVERY_S = 0.3


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
            connection.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
            connection.execute(_END_BACKENDS)


@contextlib.contextmanager
def _repeatedly(action: Callable[[], None]) -> Iterator[None]:
    stopping = threading.Event()

    def repeat() -> None:
        while not stopping.wait(_EVERY_S):
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
    with _connect(deployment) as connection, _repeatedly(lambda: _end_backends(connection)):
        yield


def _end_backends(connection: psycopg.Connection) -> None:
    connection.execute(_END_BACKENDS)


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
    with _connect(deployment, autocommit=False) as connection:
        connection.execute(sql.SQL("SELECT 1 FROM {} FOR UPDATE").format(sql.Identifier(table.name)))
        yield
        connection.rollback()


def jobs_locked(deployment: Deployment) -> contextlib.AbstractContextManager[None]:
    """Hold every row of ``jobs`` in a transaction that does nothing."""
    return _rows_locked(deployment, jobs)


def counters_locked(deployment: Deployment) -> contextlib.AbstractContextManager[None]:
    """Hold the rows that every push increments."""
    return _rows_locked(deployment, counters)
