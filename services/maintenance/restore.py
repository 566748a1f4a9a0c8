"""Restore of the ledger from a backup: as a whole or not at all, and only into a database that no part uses.

On SQLite the backup is copied beside the database, migrated there, and then written over it in one transaction, by a
connection that has the file for itself. On PostgreSQL one transaction locks the tables, checks that no part is alive,
drops the tables and fills the new ones.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, StaticPool, create_engine, func, inspect, select, text, update

from services.audit.log import record
from services.caller import Caller
from services.contracts import JobState
from services.database import migrations
from services.database.engine import Database, now_ms
from services.database.tables import articles, hosts, jobs, sessions
from services.jobs.hosts import HostRole, alive
from services.maintenance import postgres_tools, sqlite_files
from services.maintenance.backup import BackupError, sqlite_file_of
from services.results import epochs
from services.settings import Database as DatabaseSettings

_SQLITE_MAGIC: Final = b"SQLite format 3\x00"
_DUMP_MAGIC: Final = b"PGDMP"
_CLOSING_S: Final = 2.0  # a connection that was closed just now is listed for a moment
_POLL_S: Final = 0.1
_NAMES: Final = {
    HostRole.API: "API process",
    HostRole.WORKER: "worker",
    HostRole.SWEEPER: "sweeper",
    HostRole.DELIVERER: "deliverer",
}
_OTHER_CONNECTIONS: Final = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user"
    " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


def restore(database: Database, file: Path, by: Caller, *, replace: bool = False) -> str:
    """Fill ``database`` from a backup, migrate it to the newest schema, and return the revision that the backup had.

    Jobs that were running or dispatched are queued again without counting the attempt, and an epoch of results begins.
    A database that contains data is refused without ``replace``; a database that any part uses is always refused.
    Raises `BackupError` and `ToolError`; then the database is as before.
    """
    revision = _revision_of(database, file)
    if revision not in migrations.known_revisions():
        raise BackupError(
            f"{file} has the schema {revision}, which this version does not know: "
            "restore it with the version that wrote it"
        )
    if database.dialect == "sqlite":
        _restore_sqlite(database, file, revision, by, replace=replace)
    else:
        _restore_postgresql(database, file, revision, by, replace=replace)
    return revision


def _restore_sqlite(database: Database, file: Path, revision: str, by: Caller, *, replace: bool) -> None:
    target = sqlite_file_of(database)
    target.parent.mkdir(parents=True, exist_ok=True)
    with database.read() as connection:
        replaced = _check_target(connection, replace=replace)
    database.dispose()
    draft = target.with_name(f"{target.name}.restore")
    try:
        draft.unlink(missing_ok=True)
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        if (check_result := sqlite_files.copy(file, draft)) != "ok":
            raise BackupError(f"{file} is damaged: {check_result}")
        prepared = Database(f"sqlite:///{draft}", DatabaseSettings())
        migrations.upgrade(prepared)
        _finish(prepared, file, revision, by, replaced)
        prepared.dispose()
        _write_over(target, draft, replace=replace)
    except OSError as error:
        raise BackupError(f"{draft} cannot be written: {error.strerror}") from error
    except sqlite3.DatabaseError as error:
        raise BackupError(f"{file} could not be copied to {target}: {error}") from error
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            draft.with_name(draft.name + suffix).unlink(missing_ok=True)


def _write_over(target: Path, draft: Path, *, replace: bool) -> None:
    """Copy ``draft`` over ``target`` in one transaction, while no other connection can open it."""
    with contextlib.ExitStack() as stack:
        try:
            raw = stack.enter_context(sqlite_files.open_exclusively(target))
        except sqlite3.OperationalError as error:
            detail = f"another process has {target} open: stop API, workers, sweepers and deliverers first ({error})"
            raise BackupError(detail) from error
        engine = create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool)
        with engine.connect() as connection:  # a part may have started since the first check
            _check_target(connection, replace=replace)
        stack.enter_context(sqlite_files.open_file(draft, "mode=ro")).backup(raw)


def _restore_postgresql(database: Database, file: Path, revision: str, by: Caller, *, replace: bool) -> None:
    database.dispose()
    with database.read() as connection:
        replaced = _check_target(connection, replace=replace)
        has_hosts = hosts.name in inspect(connection).get_table_names()
        is_used = select(hosts.c.name).where(alive()).exists()
        guard = str(is_used.compile(connection, compile_kwargs={"literal_binds": True})) if has_hosts else "false"
    _check_connections(database)
    postgres_tools.replace(database.url, file, guard)
    migrations.upgrade(database)
    _finish(database, file, revision, by, replaced)


def _check_connections(database: Database) -> None:
    """Raise `BackupError` if our role has other connections to this database: a part may be silent, or starting."""
    deadline = time.monotonic() + _CLOSING_S
    while True:
        with database.read() as connection:
            others: int = connection.execute(_OTHER_CONNECTIONS).scalar_one()
        if not others:
            return
        if time.monotonic() > deadline:
            raise BackupError(
                f"{others} other connections to this database are open: stop API, workers, sweepers and "
                "deliverers first, and close psql and poolers (pg_stat_activity lists them)"
            )
        time.sleep(_POLL_S)


def _check_target(connection: Connection, *, replace: bool) -> int:
    """Return how many articles the database contains.

    Raises `BackupError` if a part uses the database, or if it contains data and ``replace`` is not set.
    """
    tables = set(inspect(connection).get_table_names())
    live: dict[str, int] = {}
    article_count = 0
    if hosts.name in tables:
        query = select(hosts.c.role, func.count().label("number")).where(alive()).group_by(hosts.c.role)
        live = {row.role: row.number for row in connection.execute(query)}
    if articles.name in tables:
        article_count = connection.execute(select(func.count()).select_from(articles)).scalar_one()
    if live:
        parts = ", ".join(
            f"{live[role]} {name}{'s' * (live[role] > 1)}" for role, name in _NAMES.items() if role in live
        )
        raise BackupError(
            f"this database is in use by {parts}: stop every part first (one that was killed counts for half a minute)"
        )
    foreign = tables and articles.name not in tables
    if (article_count or foreign) and not replace:
        contents = f"{article_count} articles" if article_count else "tables of another application"
        raise BackupError(f"the database contains {contents}; --replace deletes them")
    if foreign:
        raise BackupError("the database contains tables of another application: use a different database")
    return int(article_count)


def _finish(database: Database, file: Path, revision: str, by: Caller, replaced: int) -> None:
    """Queue the jobs that were running or dispatched, since their workers and messages no longer exist.

    Begin an epoch of results, and record the restore.
    """
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
        connection.execute(sessions.delete())  # some of them may have ended since
        start = epochs.begin(connection)
        detail = {
            "schema": revision,
            "epoch": start.epoch,
            "last_result": start.sequence,
            "replaced_articles": replaced,
        }
        record(connection, by.actor, "ledger.restore", file.name, detail)


def _revision_of(database: Database, file: Path) -> str:
    """Return the revision of the schema in a backup.

    Raises `BackupError` if the file is not a backup that fits the database.
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
    with sqlite_files.open_file(file, "mode=ro&immutable=1") as connection:
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
