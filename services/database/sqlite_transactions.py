"""How SQLite is opened and how its transactions begin."""

from __future__ import annotations

import sqlite3
from typing import Final

from sqlalchemy import Connection, Engine, event

READ_ONLY: Final = "stancewire_read"  # the execution option of a transaction that does not write


def install(engine: Engine) -> None:
    """Prepare each new connection of the engine, and begin transactions as their kind needs it."""
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # _begin begins transactions, not the driver
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")  # a 202 must survive a power cut
    connection.execute("PRAGMA foreign_keys=ON")


def _begin(connection: Connection) -> None:
    """Take the write lock at once, unless the transaction only reads: a writer waits at its start or not at all."""
    read_only = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
