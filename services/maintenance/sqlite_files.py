"""SQLite database files as a whole: copies of one snapshot, and exclusive access to a file."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_WAIT_S: Final = 10.0
_EXCLUSIVE_WAIT_S: Final = 2.0


@contextlib.contextmanager
def open_file(file: Path, options: str, *, wait_s: float = _WAIT_S) -> Iterator[sqlite3.Connection]:
    """Open ``file`` with the options of an SQLite URI; a statement waits ``wait_s`` seconds for a lock."""
    connection = sqlite3.connect(f"{file.resolve().as_uri()}?{options}", uri=True, isolation_level=None, timeout=wait_s)
    try:
        yield connection
    finally:
        connection.close()


def copy(source: Path, target: Path) -> str:
    """Copy all pages in one step, from one snapshot and without blocking writers; return "ok" or what is damaged.

    Raises `sqlite3.DatabaseError`.
    """
    with open_file(source, "mode=ro") as source_connection, open_file(target, "mode=rwc") as target_connection:
        source_connection.backup(target_connection)
        # DELETE mode leaves a single file; a later writer may choose another mode.
        target_connection.execute("PRAGMA journal_mode = DELETE")
        return str(target_connection.execute("PRAGMA quick_check(1)").fetchone()[0])


@contextlib.contextmanager
def open_exclusively(file: Path) -> Iterator[sqlite3.Connection]:
    """Open ``file``, created if missing, for this connection alone: no other connection can begin to use it.

    Raises `sqlite3.OperationalError` if another connection has it open.
    """
    with open_file(file, "mode=rwc", wait_s=_EXCLUSIVE_WAIT_S) as connection:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        # Leaving the mode WAL needs the file for oneself, even if the others are idle.
        connection.execute("PRAGMA journal_mode = DELETE").fetchone()
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")  # the lock stays until the connection is closed
        yield connection
