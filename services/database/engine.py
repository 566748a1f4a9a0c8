"""Transactions on SQLite or PostgreSQL, and the few operations in which the two differ."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, BigInteger, Connection, Engine, Select, Table, create_engine, event, func, make_url, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import NullPool, QueuePool
from sqlalchemy.sql.functions import FunctionElement

from services.errors import StoreUnavailable
from services.settings import Database as DatabaseSettings

_READ: Final = "stancewire_read"
_UNDEFINED_TABLE: Final = "42P01"  # SQLSTATE of PostgreSQL without our schema; SQLite raises an OperationalError for it
_SERIALIZE_LOCK: Final = 7_320_943_002  # key of the advisory lock of serialize(): any constant not used elsewhere


class now_ms(FunctionElement[int]):  # noqa: N801 -- reads as the SQL function that it is
    """The database's clock in milliseconds since 1970; on PostgreSQL it advances within a transaction."""

    type = BigInteger()
    inherit_cache = True


@compiles(now_ms, "sqlite")
def _now_sqlite(_element: now_ms, _compiler: Any, **_options: Any) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER)"


@compiles(now_ms, "postgresql")
def _now_postgresql(_element: now_ms, _compiler: Any, **_options: Any) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"


class Database:
    """An SQLAlchemy engine with the project's kinds of transactions.

    ``write()`` and ``read()`` yield a connection inside one transaction. On SQLite a writer takes the write lock at
    once (``BEGIN IMMEDIATE``), so that it waits at the start instead of failing half-way. Errors that mean "the
    database cannot answer now" are raised as `StoreUnavailable`.
    """

    def __init__(self, url: str, settings: DatabaseSettings, *, pooled: bool = True) -> None:
        """Prepare the engine without connecting.

        ``pooled=False`` opens a connection for each transaction. Raises `ValueError` if ``url`` names neither SQLite
        nor PostgreSQL.

        The attribute ``observer``, if set, is called after each transaction with its kind ("read" or "write") and
        its duration in seconds, including the wait for a connection.
        """
        self.observer: Callable[[str, float], None] | None = None
        self.url = make_url(url)
        self._write_lock = threading.Lock()
        self._busy_timeout_s = settings.busy_timeout_s
        self.dialect = self.url.get_backend_name()
        # Parameters are hidden so that an error does not carry an article's text into a log or a response.
        arguments: dict[str, Any] = {"hide_parameters": True} | ({} if pooled else {"poolclass": NullPool})
        if self.dialect == "sqlite":
            arguments["connect_args"] = {"timeout": settings.busy_timeout_s, "check_same_thread": False}
        elif self.dialect == "postgresql":
            milliseconds = int(settings.busy_timeout_s * 1000)
            arguments["connect_args"] = {
                "connect_timeout": max(2, int(settings.busy_timeout_s)),  # libpq's minimum is 2 s
                "options": f"-c lock_timeout={milliseconds} -c statement_timeout={milliseconds * 6}",
            }
            arguments["pool_pre_ping"] = True  # so that the first request after a restart of the server does not fail
        else:
            message = f"database url: {self.dialect!r} is neither sqlite nor postgresql"
            raise ValueError(message)
        if pooled:
            arguments |= {"pool_size": settings.pool_size, "max_overflow": 0, "pool_timeout": settings.busy_timeout_s}
        self.engine: Engine = create_engine(self.url, **arguments)
        if self.dialect == "sqlite":
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction for writing: committed at the end of the block, rolled back on an error."""
        with (
            self._observed("write"),
            self._exclusive_writer(),
            _unavailable(self.url),
            self.engine.connect() as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def _exclusive_writer(self) -> Iterator[None]:
        """Hold this process's write lock; SQLite only, where it is taken before the lock of the file.

        SQLite's busy handler polls with growing sleeps, and a newcomer can take the file's lock during a sleep: of
        ten threads that wait in this way, some wait for seconds. An in-process lock wakes a waiter at once.

        Raises `StoreUnavailable` if the lock is not free within the busy timeout.
        """
        if self.dialect != "sqlite":
            yield
            return
        if not self._write_lock.acquire(timeout=self._busy_timeout_s):
            raise StoreUnavailable(
                f"write lock not free within {self._busy_timeout_s:g} s ({self.url.render_as_string()})"
            )
        try:
            yield
        finally:
            self._write_lock.release()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction for reading, with one consistent view of the data."""
        with (
            self._observed("read"),
            _unavailable(self.url),
            self.engine.connect() as connection,
            connection.execution_options(**{_READ: True}).begin(),
        ):
            yield connection

    @contextmanager
    def _observed(self, kind: str) -> Iterator[None]:
        """Report the duration of the block to ``observer``."""
        started = time.perf_counter()
        try:
            yield
        finally:
            if self.observer is not None:
                self.observer(kind, time.perf_counter() - started)

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """Open a connection whose transactions the caller begins and ends, for migrations, which need several."""
        with _unavailable(self.url), self.engine.connect() as connection:
            yield connection

    def truncate_wal(self) -> bool:
        """Write SQLite's write-ahead log back to the database file and truncate it.

        Return False if a reader prevents that now.
        """
        raw = self.engine.raw_connection()
        try:
            cursor = raw.cursor()
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            busy, _, _ = cursor.fetchall()[0]
            return not busy
        finally:
            raw.close()

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """Return this dialect's INSERT, which supports ``ON CONFLICT``."""
        return sqlite.insert(table) if self.dialect == "sqlite" else postgresql.insert(table)

    def skip_locked(self, query: Select[Any]) -> Select[Any]:
        """Lock the selected rows, leaving out those that another transaction has locked.

        On SQLite the query is returned unchanged, since there is only one writer at a time.
        """
        return query.with_for_update(skip_locked=True) if self.dialect == "postgresql" else query

    def serialize(self, connection: Connection) -> None:
        """Wait until no other transaction that called this is open, so that contending writers run one after another.

        SQLite's writers do so anyway.
        """
        if self.dialect == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_SERIALIZE_LOCK)))

    def pool_usage(self) -> tuple[int, int] | None:
        """Return the number of connections in use and the size of the pool, or None without a pool."""
        pool = self.engine.pool
        return (pool.checkedout(), pool.size()) if isinstance(pool, QueuePool) else None

    def sqlite_file(self) -> Path | None:
        """Return the path of an SQLite database's file, or None on PostgreSQL and for a database in memory."""
        return Path(self.url.database) if self.dialect == "sqlite" and self.url.database else None

    def dispose(self, *, close: bool = True) -> None:
        """Drop the pooled connections. After a fork use ``close=False``: they belong to the parent."""
        if not close:
            self._write_lock = threading.Lock()  # a thread of the parent may have held it
        self.engine.dispose(close=close)


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # _begin_sqlite begins transactions, not the driver
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")  # a 202 must survive a power cut
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get(_READ, False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


@contextmanager
def _unavailable(url: URL) -> Iterator[None]:
    """Raise `StoreUnavailable` for errors that mean that the database cannot answer now."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise StoreUnavailable(_reason(error, url)) from error
    except DBAPIError as error:
        if error.connection_invalidated or getattr(error.orig, "sqlstate", None) == _UNDEFINED_TABLE:
            raise StoreUnavailable(_reason(error, url)) from error
        raise
    except PoolTimeout as error:
        raise StoreUnavailable(str(error)) from error


def _reason(error: DBAPIError, url: URL) -> str:
    """Return the first line of the database's message, with the database's URL without its password."""
    lines = str(error.orig).strip().splitlines()
    return f"{lines[0] if lines else type(error).__name__} ({url.render_as_string(hide_password=True)})"
