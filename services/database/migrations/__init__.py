"""The schema's versions, and the way to the newest. Old workers go on working meanwhile (docs/operations.md)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select

from services.database.engine import Database
from services.errors import StoreUnavailable

_LOCK: Final = 7_320_943_001  # any constant, ours alone: the advisory lock of who migrates
_TRIES: Final = 5
_TURN_S: Final = 0.2


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the schema to ``revision``. Safe to run by several processes, and while others write.

    SQLite: one transaction. PostgreSQL: one for each version, with indexes on filled tables built outside of any
    and new columns filled in many; broken off in the middle, it goes on from there. A table whose lock is not to be
    had within ``busy_timeout_s`` is tried again.
    """
    for left in reversed(range(_TRIES)):
        try:
            with _connection(database) as connection:
                config = _config()
                config.attributes["connection"] = connection
                command.upgrade(config, revision)
        except StoreUnavailable as error:
            if not left or "lock timeout" not in error.detail:
                raise
        else:
            return


@contextmanager
def _connection(database: Database) -> Iterator[Connection]:
    if database.dialect != "postgresql":
        with database.write() as connection:
            yield connection
        return
    with database.session() as connection:
        # Held by the session, not by a transaction, since there are several. Those who wait ask again and again:
        # one that waited inside a statement would hold a snapshot, and CREATE INDEX CONCURRENTLY waits for those.
        while not connection.execute(select(func.pg_try_advisory_lock(_LOCK))).scalar_one():
            connection.rollback()
            time.sleep(_TURN_S)
        connection.exec_driver_sql("SET statement_timeout = 0")  # an index on a large table takes what it takes
        connection.commit()
        try:
            yield connection
        finally:
            connection.rollback()
            connection.execute(select(func.pg_advisory_unlock(_LOCK)))
            connection.exec_driver_sql("RESET statement_timeout")
            connection.commit()


def pending(database: Database) -> str | None:
    """The revision that the code needs and the database lacks, or None if they agree."""
    head = newest()
    return None if current(database) == head else head


def current(database: Database) -> str | None:
    """Return the revision of the database's schema, or None if the database has no schema yet."""
    with database.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """The revision that the code needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None  # noqa: S101 -- there are versions
    return head


def known() -> frozenset[str]:
    """All revisions that the code knows the way from."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())
