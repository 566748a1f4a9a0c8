"""Backup and restore of the ledger as one consistent file, taken while others write.

On SQLite this is the online backup API in one step, which reads one snapshot and blocks no writer. In several steps it
would restart whenever another process wrote in between. On PostgreSQL it is ``pg_dump``'s custom format, also one
snapshot.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sqlalchemy import func, inspect, select, update

from services.audit.log import record
from services.caller import Caller
from services.contracts import JobState
from services.database import migrations
from services.database.engine import Database, now_ms
from services.database.tables import articles, hosts, jobs
from services.errors import StancewireError
from services.jobs.hosts import alive
from services.maintenance import postgres_tools

_SQLITE_MAGIC: Final = b"SQLite format 3\x00"
_DUMP_MAGIC: Final = b"PGDMP"


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
            _copy_sqlite(_sqlite_file(database), part)
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


def restore(database: Database, file: Path, by: Caller, *, replace: bool = False) -> str:
    """Fill ``database`` from a backup, migrate it to the newest schema, and return the revision that the backup had.

    Jobs that were running or dispatched are queued again without counting the attempt. A database that contains data is
    refused without ``replace``; a database that workers or sweepers use is always refused. Raises :class:`BackupError`.
    """
    revision = _revision_of(database, file)
    if revision not in migrations.known_revisions():
        raise BackupError(
            f"{file} has the schema {revision}, which this version does not know: "
            "restore it with the version that wrote it"
        )
    _check_target(database, replace=replace)
    if database.dialect == "sqlite":
        target = _sqlite_file(database)
        target.parent.mkdir(parents=True, exist_ok=True)
        database.dispose()
        _copy_sqlite(file, target)
    else:
        postgres_tools.clear(database)
        postgres_tools.load(database.url, file)
    migrations.upgrade(database)
    _requeue_jobs(database, file, by)
    return revision


def _check_target(database: Database, *, replace: bool) -> None:
    """Raise :class:`BackupError` if the database is in use, or contains data and ``replace`` is not set."""
    with database.read() as connection:
        tables = set(inspect(connection).get_table_names())
        live_hosts = article_count = 0
        if hosts.name in tables:
            live = select(func.count()).select_from(hosts).where(alive())
            live_hosts = connection.execute(live).scalar_one()
        if articles.name in tables:
            article_count = connection.execute(select(func.count()).select_from(articles)).scalar_one()
    if live_hosts:
        raise BackupError(
            f"{live_hosts} workers or sweepers use this database: stop them (and the API) first, "
            "or wait for half a minute"
        )
    foreign = tables and articles.name not in tables
    if (article_count or foreign) and not replace:
        contents = f"{article_count} articles" if article_count else "tables of another application"
        raise BackupError(f"the database contains {contents}; --replace deletes them")
    if foreign:
        raise BackupError("the database contains tables of another application: use a different database")


def _requeue_jobs(database: Database, file: Path, by: Caller) -> None:
    """Queue the jobs that were running or dispatched: the workers and messages of that time no longer exist."""
    with database.write() as connection:
        connection.execute(
            update(jobs)
            .where(jobs.c.state == JobState.RUNNING)
            .values(
                state=JobState.QUEUED,
                attempts=jobs.c.attempts - 1,
                queued_at=now_ms(),
                lease_token=None,
                lease_until=None,
                message_id=None,
                dispatched_at=None,
            )
        )
        dispatched = (jobs.c.state == JobState.QUEUED) & jobs.c.message_id.is_not(None)
        connection.execute(update(jobs).where(dispatched).values(message_id=None, dispatched_at=None))
        connection.execute(hosts.delete())
        record(connection, by.actor, "ledger.restore", file.name)


def _revision_of(database: Database, file: Path) -> str:
    """Return the revision of the schema in a backup.

    Raises :class:`BackupError` if the file is not a backup that fits the database.
    """
    try:
        with file.open("rb") as stream:
            magic = stream.read(len(_SQLITE_MAGIC))
    except OSError as error:
        raise BackupError(f"{file} cannot be read: {error.strerror}") from error
    kinds = {_SQLITE_MAGIC: "sqlite", _DUMP_MAGIC: "postgresql"}
    kind = next((kind for prefix, kind in kinds.items() if magic.startswith(prefix)), None)
    if kind is None:
        raise BackupError(f"{file} is not a backup of a ledger")
    if kind != database.dialect:
        raise BackupError(f"{file} is a backup of {kind}, and the database is {database.dialect}")
    revision = _sqlite_revision(file) if kind == "sqlite" else postgres_tools.revision_in(file)
    if revision is None:
        raise BackupError(f"{file} does not contain the schema of a ledger")
    return revision


def _sqlite_revision(file: Path) -> str | None:
    with _open_sqlite(file, "mode=ro&immutable=1") as connection:
        try:
            check_result = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if check_result != "ok":
                raise BackupError(f"{file} is damaged: {check_result}")
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError:
            return None
        except sqlite3.DatabaseError as error:
            raise BackupError(f"{file} is damaged: {error}") from error
    return None if row is None else str(row[0])


def _copy_sqlite(source: Path, target: Path) -> None:
    """Copy all pages in one step, from one snapshot and without blocking writers, and check the copy."""
    try:
        with (
            _open_sqlite(source, "mode=ro") as source_connection,
            _open_sqlite(target, "mode=rwc") as target_connection,
        ):
            source_connection.backup(target_connection)
            # DELETE mode leaves a single file; a later writer may choose another mode.
            target_connection.execute("PRAGMA journal_mode = DELETE")
            check_result = target_connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise BackupError(f"{source} could not be copied to {target}: {error}") from error
    if check_result != "ok":
        raise BackupError(f"the copy of {source} is damaged: {check_result}")


@contextlib.contextmanager
def _open_sqlite(file: Path, options: str) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"{file.resolve().as_uri()}?{options}", uri=True, isolation_level=None, timeout=10)
    try:
        yield connection
    finally:
        connection.close()


def _sqlite_file(database: Database) -> Path:
    file = database.sqlite_file()
    if file is None:
        raise BackupError("a database in memory has no file")
    return file
