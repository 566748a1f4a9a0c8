"""How SQLite is opened and how its transactions begin."""

from __future__ import annotations

import sqlite3
import time
from typing import Final

from sqlalchemy import Connection, Engine, event

READ_ONLY: Final = "stancewire_read"  # the execution option of a transaction that does not write
_BEGIN_WRITE: Final = "BEGIN IMMEDIATE"
_POLL_S: Final = 0.001
_SLOW_POLL_S: Final = 0.01
_SLOW_AFTER_S: Final = 0.2


def install(engine: Engine, busy_timeout_s: float) -> None:
    """Prepare each new connection of the engine, and begin transactions as their kind needs it."""

    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get(READ_ONLY, False):
            connection.exec_driver_sql("BEGIN")
        else:
            _take_write_lock(connection, busy_timeout_s)

    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", begin)


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # `begin` begins transactions, not the driver
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")  # a 202 must survive a power cut
    connection.execute("PRAGMA foreign_keys=ON")


def _take_write_lock(connection: Connection, busy_timeout_s: float) -> None:
    """Begin a transaction with the write lock, so that a writer waits at its start or not at all.

    SQLite's own busy handler looks for the lock after 1, 2, 5, 10, 15, 20 and 25 ms more and then ever less often, so a
    writer sleeps on while the lock is free and others take it. This looks every millisecond.
    """
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)  # noqa: S101 -- the engine's dialect
    raw.execute("PRAGMA busy_timeout=0")
    try:
        began = time.monotonic()
        while (waited_s := time.monotonic() - began) < busy_timeout_s:
            try:
                raw.execute(_BEGIN_WRITE)
            except sqlite3.Error as error:
                code = getattr(error, "sqlite_errorcode", 0)  # of an extended code, the low byte is its kind
                if code & 0xFF != sqlite3.SQLITE_BUSY:
                    break
                time.sleep(_POLL_S if waited_s < _SLOW_AFTER_S else _SLOW_POLL_S)
            else:
                return
        connection.exec_driver_sql(_BEGIN_WRITE)  # raises the error as SQLAlchemy does
    finally:
        raw.execute(f"PRAGMA busy_timeout={int(busy_timeout_s * 1000)}")
