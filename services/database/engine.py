"""The connection to SQLite or PostgreSQL, and the few places where the two differ."""

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
_UNDEFINED_TABLE: Final = "42P01"  # PostgreSQL without our schema; SQLite's word for it is an OperationalError
_CONTENDED: Final = 7_320_943_002  # any constant, ours alone: the advisory lock of contended intake


class now_ms(FunctionElement[int]):  # noqa: N801 -- reads as the SQL function that it is
    """The database's clock in milliseconds since 1970; on PostgreSQL it moves within a transaction."""

    type = BigInteger()
    inherit_cache = True


@compiles(now_ms, "sqlite")
def _now_sqlite(_element: now_ms, _compiler: Any, **_options: Any) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER)"


@compiles(now_ms, "postgresql")
def _now_postgresql(_element: now_ms, _compiler: Any, **_options: Any) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"


class Database:
    """One engine with the project's transactions.

    ``write()`` and ``read()`` yield a connection inside one transaction; on SQLite a writer takes the write lock at
    once (``BEGIN IMMEDIATE``), so that it waits instead of failing half-way. Errors that mean "the database cannot
    answer now" are raised as :class:`StoreUnavailable`.
    """

    def __init__(self, url: str, settings: DatabaseSettings, *, pooled: bool = True) -> None:
        """Prepare the engine; nothing is connected yet. ``pooled=False`` opens a connection for each transaction.

        ``observer``, if set, is called after each transaction with its kind and its seconds, waiting for a
        connection included.
        """
        self.observer: Callable[[str, float], None] | None = None
        self.url = make_url(url)
        self._writing = threading.Lock()
        self._patience_s = settings.busy_timeout_s
        self.dialect = self.url.get_backend_name()
        # An error must not carry an article's text into a log or an answer.
        arguments: dict[str, Any] = {"hide_parameters": True} | ({} if pooled else {"poolclass": NullPool})
        if self.dialect == "sqlite":
            arguments["connect_args"] = {"timeout": settings.busy_timeout_s, "check_same_thread": False}
        elif self.dialect == "postgresql":
            milliseconds = int(settings.busy_timeout_s * 1000)
            arguments["connect_args"] = {
                "connect_timeout": max(2, int(settings.busy_timeout_s)),  # libpq's least is 2 s
                "options": f"-c lock_timeout={milliseconds} -c statement_timeout={milliseconds * 6}",
            }
            arguments["pool_pre_ping"] = True  # a restarted server must not fail the first request after it
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
        """One transaction that writes: committed at the end, rolled back on an error."""
        with (
            self._observed("write"),
            self._turn(),
            _unavailable(self.url),
            self.engine.connect() as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """On SQLite the writers of one process take turns before they ask for the file's lock.

        SQLite's busy handler polls with growing sleeps, and a newcomer can take the lock during a sleep: of ten
        threads that wait so, some wait for seconds. An in-process lock wakes a waiter at once.
        """
        if self.dialect != "sqlite":
            yield
            return
        if not self._writing.acquire(timeout=self._patience_s):
            raise StoreUnavailable(f"no turn to write within {self._patience_s:g} s ({self.url.render_as_string()})")
        try:
            yield
        finally:
            self._writing.release()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One transaction that only reads: one consistent view."""
        with (
            self._observed("read"),
            _unavailable(self.url),
            self.engine.connect() as connection,
            connection.execution_options(**{_READ: True}).begin(),
        ):
            yield connection

    @contextmanager
    def _observed(self, kind: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            if self.observer is not None:
                self.observer(kind, time.perf_counter() - began)

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """A connection whose transactions the caller begins and ends; for migrations, which need several."""
        with _unavailable(self.url), self.engine.connect() as connection:
            yield connection

    def empty_log(self) -> bool:
        """Fold SQLite's write-ahead log into its file and empty it; return False if a reader prevents that now."""
        raw = self.engine.raw_connection()
        try:
            cursor = raw.cursor()
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            busy, _, _ = cursor.fetchall()[0]
            return not busy
        finally:
            raw.close()

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An INSERT that knows ``ON CONFLICT``, of this dialect."""
        return sqlite.insert(table) if self.dialect == "sqlite" else postgresql.insert(table)

    def skip_locked(self, query: Select[Any]) -> Select[Any]:
        """Leave out rows that another dispatcher holds; SQLite has one writer at a time and needs nothing."""
        return query.with_for_update(skip_locked=True) if self.dialect == "postgresql" else query

    def one_at_a_time(self, connection: Connection) -> None:
        """Let those who met in the same rows pass one after the other; SQLite's writers do so anyway."""
        if self.dialect == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_CONTENDED)))

    def pool(self) -> tuple[int, int] | None:
        """Connections in use, and how many there may be; None without a pool."""
        pool = self.engine.pool
        return (pool.checkedout(), pool.size()) if isinstance(pool, QueuePool) else None

    def sqlite_file(self) -> Path | None:
        """The file of an SQLite database, for the watch on free disk."""
        return Path(self.url.database) if self.dialect == "sqlite" and self.url.database else None

    def dispose(self, *, close: bool = True) -> None:
        """Let go of pooled connections; ``close=False`` after a fork, where they belong to the parent."""
        if not close:
            self._writing = threading.Lock()  # a thread of the parent may have held it
        self.engine.dispose(close=close)


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by _begin_sqlite, not by the driver's guess
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")  # a 202 must survive a power cut
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get(_READ, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@contextmanager
def _unavailable(url: URL) -> Iterator[None]:
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
    """The first line of what the database said, and which one it was, without its password."""
    said = str(error.orig).strip().splitlines()
    return f"{said[0] if said else type(error).__name__} ({url.render_as_string(hide_password=True)})"
