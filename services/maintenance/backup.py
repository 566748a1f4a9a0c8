"""Backup and restore of the ledger: one file, whole and consistent, taken while others write.

SQLite: the online backup API, in one step. It reads one snapshot and stops no writer; in several steps it would restart
whenever another process wrote in between. PostgreSQL: ``pg_dump``'s custom format, which is one snapshot as well.
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
    """A backup cannot be taken or restored; the message says why and what to do."""

    code = "backup"


def backup(database: Database, file: Path, *, replace: bool = False) -> int:
    """Write a backup to ``file``, readable by its owner alone; returns its bytes. The file appears once it is whole.

    Raises :class:`BackupError`.
    """
    if file.exists() and not replace:
        raise BackupError(f"{file} is there already")
    if not file.parent.is_dir():
        raise BackupError(f"the folder {file.parent} is not there")
    if migrations.current(database) is None:
        raise BackupError("the database has no schema yet: nothing to back up")
    part = file.with_name(file.name + ".part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        if database.dialect == "sqlite":
            _copy_sqlite(_file_of(database), part)
        else:
            postgres_tools.dump(database.url, part)
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        part.replace(file)
    except OSError as error:
        raise BackupError(f"{file} cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    return file.stat().st_size


def restore(database: Database, file: Path, by: Caller, *, replace: bool = False) -> str:
    """Fill ``database`` from a backup and bring it to the newest schema; returns the revision that the backup had.

    Jobs that were running or on their way wait again, their attempt given back. A database that holds anything is
    refused without ``replace``, one that workers or sweepers use in any case. Raises :class:`BackupError`.
    """
    revision = _revision_in(database, file)
    if revision not in migrations.known_revisions():
        raise BackupError(
            f"{file} has the schema {revision}, which this version does not know: restore it with the one that wrote it"
        )
    _check_target(database, replace=replace)
    if database.dialect == "sqlite":
        target = _file_of(database)
        target.parent.mkdir(parents=True, exist_ok=True)
        database.dispose()
        _copy_sqlite(file, target)
    else:
        postgres_tools.clear(database)
        postgres_tools.load(database.url, file)
    migrations.upgrade(database)
    _begin_again(database, file, by)
    return revision


def _check_target(database: Database, *, replace: bool) -> None:
    with database.read() as connection:
        tables = set(inspect(connection).get_table_names())
        live_hosts = articles_there = 0
        if hosts.name in tables:
            live = select(func.count()).select_from(hosts).where(alive())
            live_hosts = connection.execute(live).scalar_one()
        if articles.name in tables:
            articles_there = connection.execute(select(func.count()).select_from(articles)).scalar_one()
    if live_hosts:
        raise BackupError(
            f"{live_hosts} workers or sweepers use this database: stop them (and the API) first, "
            "or wait for half a minute"
        )
    foreign = tables and articles.name not in tables
    if (articles_there or foreign) and not replace:
        holds = f"{articles_there} articles" if articles_there else "tables that are not ours"
        raise BackupError(f"the database holds {holds}; --replace throws them away")
    if foreign:
        raise BackupError("the database holds tables that are not ours: name another")


def _begin_again(database: Database, file: Path, by: Caller) -> None:
    """No worker of the time of the backup is there any more, and no message: what they held waits again."""
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
        on_their_way = (jobs.c.state == JobState.QUEUED) & jobs.c.message_id.is_not(None)
        connection.execute(update(jobs).where(on_their_way).values(message_id=None, dispatched_at=None))
        connection.execute(hosts.delete())
        record(connection, by.actor, "ledger.restore", file.name)


def _revision_in(database: Database, file: Path) -> str:
    try:
        with file.open("rb") as opened:
            magic = opened.read(len(_SQLITE_MAGIC))
    except OSError as error:
        raise BackupError(f"{file} cannot be read: {error.strerror}") from error
    kinds = {_SQLITE_MAGIC: "sqlite", _DUMP_MAGIC: "postgresql"}
    kind = next((kind for start, kind in kinds.items() if magic.startswith(start)), None)
    if kind is None:
        raise BackupError(f"{file} is no backup of ours")
    if kind != database.dialect:
        raise BackupError(f"{file} is a backup of {kind}, and the database is {database.dialect}")
    revision = _sqlite_revision(file) if kind == "sqlite" else postgres_tools.revision_in(file)
    if revision is None:
        raise BackupError(f"{file} holds no schema of ours")
    return revision


def _sqlite_revision(file: Path) -> str | None:
    with _opened(file, "mode=ro&immutable=1") as connection:
        try:
            checked = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if checked != "ok":
                raise BackupError(f"{file} is damaged: {checked}")
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError:
            return None
        except sqlite3.DatabaseError as error:
            raise BackupError(f"{file} is damaged: {error}") from error
    return None if row is None else str(row[0])


def _copy_sqlite(source: Path, target: Path) -> None:
    """All pages in one step: one snapshot, no writer stopped. The copy is checked before it counts."""
    try:
        with _opened(source, "mode=ro") as reading, _opened(target, "mode=rwc") as writing:
            reading.backup(writing)
            writing.execute("PRAGMA journal_mode = DELETE")  # a single file; a later writer may choose another mode
            checked = writing.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise BackupError(f"{source} could not be copied to {target}: {error}") from error
    if checked != "ok":
        raise BackupError(f"the copy of {source} is damaged: {checked}")


@contextlib.contextmanager
def _opened(file: Path, how: str) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"{file.resolve().as_uri()}?{how}", uri=True, isolation_level=None, timeout=10)
    try:
        yield connection
    finally:
        connection.close()


def _file_of(database: Database) -> Path:
    file = database.sqlite_file()
    if file is None:
        raise BackupError("a database in memory has no file")
    return file
