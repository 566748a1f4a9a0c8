"""Backup of the ledger as one consistent file, taken while others write.

On SQLite this is the online backup API in one step, which reads one snapshot and blocks no writer. In several steps it
would restart whenever another process wrote in between. On PostgreSQL it is ``pg_dump``'s custom format, also one
snapshot.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from services.database import migrations
from services.database.engine import Database
from services.errors import StancewireError
from services.maintenance import postgres_tools, sqlite_files


class BackupError(StancewireError):
    """A backup cannot be taken or restored. The message gives the reason and the remedy."""

    code = "backup"


def backup(database: Database, file: Path, *, replace: bool = False) -> int:
    """Write a backup to ``file``, readable by its owner only, and return its size in bytes.

    The file appears under its name only when it is complete. Raises :class:`BackupError`.
    """
    if file.exists() and not replace:
        raise BackupError(f"{file} already exists")
    if not file.parent.is_dir():
        raise BackupError(f"the folder {file.parent} does not exist")
    if migrations.current(database) is None:
        raise BackupError("the database has no schema yet: nothing to back up")
    part = file.with_name(file.name + ".part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        if database.dialect == "sqlite":
            _copy_sqlite(sqlite_file_of(database), part)
        else:
            postgres_tools.dump(database.url, part)
        with part.open("rb+") as stream:
            os.fsync(stream.fileno())
        part.replace(file)
    except OSError as error:
        raise BackupError(f"{file} cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    return file.stat().st_size


def sqlite_file_of(database: Database) -> Path:
    """Return the file of an SQLite database. Raises `BackupError` for one in memory."""
    file = database.sqlite_file()
    if file is None:
        raise BackupError("a database in memory has no file")
    return file


def _copy_sqlite(source: Path, target: Path) -> None:
    try:
        check_result = sqlite_files.copy(source, target)
    except sqlite3.DatabaseError as error:
        raise BackupError(f"{source} could not be copied to {target}: {error}") from error
    if check_result != "ok":
        raise BackupError(f"the copy of {source} is damaged: {check_result}")
