"""Transactions on SQLite or PostgreSQL, and the few operations in which the two differ."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from sqlalchemy import BigInteger, Connection, Engine, Select, Table, create_engine, func, make_url, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import NullPool, QueuePool
from sqlalchemy.sql.functions import FunctionElement

from services.database import idle_connections, sqlite_transactions
from services.database.faults import unavailability
from services.errors import InvalidInput, StoreFault, StoreUnavailable
from services.settings import Database as DatabaseSettings
from services.settings import Settings
from services.settings.addresses import database_address

if TYPE_CHECKING:
    from services.database.replica import Replica
    from services.database.sealing import Sealer

_STATEMENT_TIMEOUTS: Final = 2  # a statement may take this many times as long as the wait for a lock
_LONG_TIMEOUTS: Final = 6  # that of a long read this many
_REPLY_TIMEOUTS: Final = 1  # a server that works has answered after this many more
_IDLE_TIMEOUTS: Final = 4  # a transaction of a process that was frozen may hold its locks for this many
_SET_LOCAL: Final = text(
    "SELECT set_config('lock_timeout', :lock_ms, true), set_config('statement_timeout', :statement_ms, true), "
    "set_config('idle_in_transaction_session_timeout', :idle_ms, true)"
)
_SET_LONG: Final = text("SELECT set_config('statement_timeout', :statement_ms, true)")
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

    ``write()`` and ``read()`` yield a connection inside one transaction, in which each reply of PostgreSQL is waited
    for with a limit. On SQLite a writer takes the write lock at once (``BEGIN IMMEDIATE``), so that it waits at the
    start instead of failing half-way. Errors that mean that the database cannot do its part now are raised as
    `StoreUnavailable`, with the fault.
    """

    def __init__(self, url: str, settings: DatabaseSettings, *, pooled: bool = True) -> None:
        """Prepare the engine without connecting.

        ``pooled=False`` opens a connection for each transaction. Raises `InvalidInput` if ``url`` names neither SQLite
        nor PostgreSQL.

        The attribute ``observer``, if set, is called after each transaction with its kind ("read" or "write") and
        its duration in seconds, including the wait for a connection; ``fault_observer`` with the fault of each
        transaction that the database could not do. ``replica``, if set, serves searches. ``busy_timeout_s`` is how
        long a transaction waits for a lock.
        """
        self._settings: Settings | None = None
        self.replica: Replica | None = None
        self.observer: Callable[[str, float], None] | None = None
        self.fault_observer: Callable[[StoreFault], None] | None = None
        try:
            self.url = make_url(database_address(url))
        except (ArgumentError, ValueError) as error:
            raise InvalidInput("database url", str(error)) from error
        self._limit_replies: Callable[[Connection, float | None], None] = lambda _connection, _seconds: None
        self._write_lock = threading.Lock()
        self.busy_timeout_s = settings.busy_timeout_s
        self.dialect = self.url.get_backend_name()
        self._shares_connections = self.dialect == "postgresql" and settings.pooler == "transaction"
        # Parameters are hidden so that an error does not carry an article's text into a log or a response.
        arguments: dict[str, Any] = {"hide_parameters": True} | ({} if pooled else {"poolclass": NullPool})
        if self.dialect == "sqlite":
            # The connection that was used last has its pages in memory; the others' caches stay small.
            arguments |= {"pool_use_lifo": True} if pooled else {}
            arguments["connect_args"] = {"timeout": settings.busy_timeout_s, "check_same_thread": False}
        else:
            arguments["connect_args"] = self._postgresql_arguments()
        if pooled:
            arguments |= {"pool_size": settings.pool_size, "max_overflow": 0, "pool_timeout": settings.busy_timeout_s}
        self.engine: Engine = create_engine(self.url, **arguments)
        if self.dialect == "sqlite":
            sqlite_transactions.install(self.engine, settings.busy_timeout_s)
            return
        from services.database import reply_timeout  # needs psycopg, which an installation with SQLite does without

        reply_timeout.install(self.engine)
        self._limit_replies = reply_timeout.limit
        if pooled:  # so that the first request after a restart of the server does not fail
            idle_connections.check_at_checkout(self.engine)

    @classmethod
    def of(cls, settings: Settings, *, pooled: bool = True) -> Self:
        """Return the database that the settings name, with their keys. Raises as the constructor does."""
        database = cls(settings.resolved_database_url(), settings.database, pooled=pooled)
        database._settings = settings
        return database

    @cached_property
    def sealer(self) -> Sealer:
        """Encrypts and decrypts stored secrets. Raises `InvalidInput` for keys that cannot be used."""
        from services.database import sealing  # needs cryptography, which a worker does without

        return sealing.Sealer() if self._settings is None else sealing.sealer_of(self._settings)

    def check_secret_keys(self) -> None:
        """Read the keys of secrets now, so that one that cannot be used ends the start. Raises `InvalidInput`."""
        _ = self.sealer

    def _postgresql_arguments(self) -> dict[str, Any]:
        """Return the parameters of libpq and psycopg for each connection."""
        wait_s = max(2, int(self.busy_timeout_s))  # libpq's minimum is 2 s
        arguments: dict[str, Any] = {
            "connect_timeout": wait_s,
            # Of a link that swallows packets the system would otherwise tell after a quarter of an hour.
            "tcp_user_timeout": wait_s * 2000,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
        }
        if self._shares_connections:
            return arguments | {"prepare_threshold": None}
        options = " ".join(f"-c {name}={value}" for name, value in self._timeouts_ms().items())
        return arguments | {"options": options}

    def _timeouts_ms(self) -> dict[str, str]:
        milliseconds = int(self.busy_timeout_s * 1000)
        return {
            "lock_timeout": str(milliseconds),
            "statement_timeout": str(milliseconds * _STATEMENT_TIMEOUTS),
            "idle_in_transaction_session_timeout": str(milliseconds * _IDLE_TIMEOUTS),
        }

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction for writing: committed at the end of the block, rolled back on an error."""
        with (
            self._observed("write"),
            self._available(),
            self._exclusive_writer(),
            self.engine.connect() as connection,
            connection.begin(),
        ):
            self._limit_replies(connection, self.busy_timeout_s * (_STATEMENT_TIMEOUTS + _REPLY_TIMEOUTS))
            if self._shares_connections:
                lock_ms, statement_ms, idle_ms = self._timeouts_ms().values()
                values = {"lock_ms": lock_ms, "statement_ms": statement_ms, "idle_ms": idle_ms}
                connection.execute(_SET_LOCAL, values)
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
        if not self._write_lock.acquire(timeout=self.busy_timeout_s):
            reason = f"write lock not free within {self.busy_timeout_s:g} s ({self.url.render_as_string()})"
            raise StoreUnavailable(reason, StoreFault.LOCKED)
        try:
            yield
        finally:
            self._write_lock.release()

    @contextmanager
    def read(self, *, long: bool = False) -> Iterator[Connection]:
        """Open a connection for reading: on SQLite with one view of the data, on PostgreSQL with one per statement.

        PostgreSQL's default isolation gives each statement a view of its own anyway. Without BEGIN and ROLLBACK a read
        takes one round trip instead of three, and holds nothing between statements. A ``long`` read, such as a search,
        takes more of them, and its statements may take three times as long.
        """
        options: dict[str, Any] = {sqlite_transactions.READ_ONLY: True}
        if self.dialect == "postgresql" and not long:
            options["isolation_level"] = "AUTOCOMMIT"
        with (
            self._observed("read"),
            self._available(),
            self.engine.connect() as connection,
            connection.execution_options(**options).begin(),
        ):
            timeouts = _LONG_TIMEOUTS if long else _STATEMENT_TIMEOUTS
            self._limit_replies(connection, self.busy_timeout_s * (timeouts + _REPLY_TIMEOUTS))
            if self.dialect == "postgresql" and long:
                connection.execute(_SET_LONG, {"statement_ms": str(int(self.busy_timeout_s * 1000 * timeouts))})
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
        with self._available(), self.engine.connect() as connection:
            self._limit_replies(connection, None)
            yield connection

    @contextmanager
    def _available(self) -> Iterator[None]:
        """Raise `StoreUnavailable` for errors that mean that the database cannot do its part now, and report them."""
        try:
            yield
        except StoreUnavailable as error:
            self._observe_fault(error)
            raise
        except (DBAPIError, PoolTimeout) as error:
            unavailable = unavailability(error, self.url)
            if unavailable is None:
                raise
            self._observe_fault(unavailable)
            raise unavailable from error

    def _observe_fault(self, error: StoreUnavailable) -> None:
        if self.fault_observer is not None:
            self.fault_observer(error.fault)

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

    @property
    def shares_connections(self) -> bool:
        """Whether a pooler may give each transaction another connection of the server."""
        return self._shares_connections

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
