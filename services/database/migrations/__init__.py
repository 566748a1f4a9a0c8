"""Versions of the schema and the upgrade to the newest, during which old workers keep working (docs/operations.md).

Every process compares the schema with the newest version. Alembic is imported for an upgrade only: 7 MB of each.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Function, column, func, inspect, select, table

from services.database.engine import Database
from services.errors import StoreFault, StoreUnavailable

if TYPE_CHECKING:
    from alembic.config import Config

_LOCK: Final = 7_320_943_001  # key of the advisory lock for migrations: any constant not used elsewhere
_TRIES: Final = 5
_POLL_S: Final = 0.2
_VERSION: Final = table("alembic_version", column("version_num"))


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def upgrade(database: Database, revision: str = "head") -> None:
    """Upgrade the schema to ``revision``. Safe to run in several processes at once and while others write.

    On SQLite the whole upgrade is one transaction. On PostgreSQL each version has its own; in addition, indexes on
    filled tables are built outside of any transaction and new columns are filled in many small ones. An interrupted
    upgrade continues where it stopped. If a table's lock is not free within ``busy_timeout_s``, the upgrade is
    retried a few times before `StoreUnavailable` is raised. It is also raised for a schema that a newer version made.
    """
    from alembic import command

    for retries_left in reversed(range(_TRIES)):
        try:
            with _connection(database) as connection:
                _check_known(current_on(connection))
                if database.dialect == "postgresql":
                    connection.rollback()  # Alembic begins its own transactions
                config = _config()
                config.attributes["connection"] = connection
                command.upgrade(config, revision)
        except StoreUnavailable as error:
            if not retries_left or error.fault is not StoreFault.LOCKED:
                raise
        else:
            return


@contextmanager
def _connection(database: Database) -> Iterator[Connection]:
    """Open a connection for the upgrade; only one process at a time has one."""
    if database.dialect != "postgresql":
        with database.write() as connection:
            yield connection
        return
    if database.shares_connections:
        with _transaction_lock(database), database.session() as connection:
            yield connection
        return
    with database.session() as connection:
        # A lock of the session, not of a transaction, since the upgrade has several transactions.
        _poll(connection, func.pg_try_advisory_lock(_LOCK))
        connection.exec_driver_sql("SET statement_timeout = 0")  # building an index on a large table may take long
        connection.commit()
        try:
            yield connection
        finally:
            connection.rollback()
            connection.execute(select(func.pg_advisory_unlock(_LOCK)))
            connection.exec_driver_sql("RESET statement_timeout")
            connection.commit()


@contextmanager
def _transaction_lock(database: Database) -> Iterator[None]:
    """Hold the lock in a transaction of its own: behind a pooler the next client would inherit a session's lock."""
    with database.session() as connection:
        _poll(connection, func.pg_try_advisory_xact_lock(_LOCK))
        connection.exec_driver_sql("SELECT 1")  # closes the portal of the lock, whose snapshot it would keep
        yield
        connection.rollback()


def _poll(connection: Connection, lock: Function[bool]) -> None:
    """Wait for the lock. A waiting statement would hold a snapshot, for which CREATE INDEX CONCURRENTLY waits."""
    while not connection.execute(select(lock)).scalar_one():
        connection.rollback()
        time.sleep(_POLL_S)


def current_on(connection: Connection) -> str | None:
    """Return the revision of the schema on an open connection, or None if there is no schema yet."""
    if not inspect(connection).has_table(_VERSION.name):
        return None
    revision: str | None = connection.execute(select(_VERSION.c.version_num)).scalar()
    return revision


def _check_known(revision: str | None) -> None:
    if revision is not None and revision not in known_revisions():
        reason = (
            f"the schema has revision {revision}, and this version of Stancewire knows none after {newest()}: "
            "install the version that migrated it, or a newer one"
        )
        raise StoreUnavailable(reason, StoreFault.SCHEMA_NEW)


def pending(database: Database) -> str | None:
    """Return the revision that the code needs, or None if the database already has it."""
    head = newest()
    return None if current(database) == head else head


def current(database: Database) -> str | None:
    """Return the revision of the database's schema, or None if the database has no schema yet."""
    with database.read() as connection:
        return current_on(connection)


def newest() -> str:
    """Return the revision that the code needs."""
    return max(known_revisions())


@cache  # read from a folder, which a process without file descriptors cannot open
def known_revisions() -> frozenset[str]:
    """Return all revisions from which the code can upgrade, including the newest.

    The name of a version's file begins with its revision, four digits.
    """
    versions = Path(__file__).parent / "versions"
    return frozenset(file.name[:4] for file in versions.glob("[0-9][0-9][0-9][0-9]_*.py"))
