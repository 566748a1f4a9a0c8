"""The checks of the database and of Redis."""

from __future__ import annotations

import stat
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, select, text

from services.database import migrations, probe
from services.database.engine import Database, now_ms
from services.errors import StoreUnavailable
from services.maintenance.diagnostics.findings import Finding, Level
from services.redis_client import REDIS_ERRORS, connect
from services.settings import Settings

_ROUNDS: Final = 9
_SLOW_DATABASE_S: Final = 0.05
_SLOW_REDIS_S: Final = 0.02
_SKEW_WARN_S: Final = 1.0
_SKEW_FAIL_S: Final = 30.0
_SQLITE_MINIMUM: Final = (3, 35)  # RETURNING
_POSTGRESQL_MINIMUM: Final = 130_000
_REDIS_MINIMUM: Final = (6, 2)
_OTHERS: Final = 0o077
_INVALID_INDEXES: Final = text("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid")


def check_database(database: Database) -> Iterator[Finding]:
    """Check that the database answers quickly, has a supported version and the newest schema, and is durable.

    The clock of the database is compared with that of this host.
    """
    address = database.url.render_as_string(hide_password=True)
    try:
        with database.read() as connection:
            seconds = _median_seconds(lambda: connection.execute(select(1)).scalar_one())
            before = time.time()
            skew = connection.execute(select(now_ms())).scalar_one() / 1000 - (before + time.time()) / 2
            details = list(_sqlite(connection) if database.dialect == "sqlite" else _postgresql(connection))
        current = migrations.current(database)
    except StoreUnavailable as error:
        yield Finding("database", Level.FAIL, error.detail, "start it, or set STANCEWIRE_DATABASE_URL to its address")
        return
    slow = seconds > _SLOW_DATABASE_S
    fix = (
        "each article takes several round trips: move the database closer, or find the cause of its load"
        if slow
        else ""
    )
    yield Finding("database", Level.WARN if slow else Level.OK, f"{address} answers in {seconds * 1000:.1f} ms", fix)
    newest = migrations.newest()
    if current is None or (current != newest and current in migrations.known_revisions()):
        summary = f"the schema is {current or 'missing'}, this version needs {newest}"
        yield Finding(
            "schema", Level.FAIL, summary, "`stancewire migrate`; workers may continue meanwhile (docs/operations.md)"
        )
    elif current != newest:
        summary = f"the schema {current} is newer than this version"
        yield Finding("schema", Level.FAIL, summary, "install the version that migrated it")
    else:
        yield Finding("schema", Level.OK, f"{current}, the newest")
    yield from details
    yield _check_whole_part(database)
    level = Level.FAIL if abs(skew) > _SKEW_FAIL_S else Level.WARN if abs(skew) > _SKEW_WARN_S else Level.OK
    yield Finding(
        "clock",
        level,
        f"the database's clock is {abs(skew):.1f} s {'ahead of' if skew > 0 else 'behind'} this host's",
        "" if level is Level.OK else "keep both on NTP; leases use the database's clock, logs and metrics the host's",
    )


def _check_whole_part(database: Database) -> Finding:
    """Check that the database does its whole part: that it is writable, and every table is there and may be used."""
    try:
        fault = probe.probe(database).degraded
    except StoreUnavailable as error:
        fault = error
    if fault is None:
        return Finding("writes", Level.OK, "the database takes them, and our role may use every table")
    fix = "docs/runbook.md, section StancewireDatabaseFault"
    return Finding("writes", Level.FAIL, f"{fault.summary}: {fault.detail}", fix)


def _sqlite(connection: Connection) -> Iterator[Finding]:
    def ask(pragma: str) -> Any:
        return connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one()

    version = connection.exec_driver_sql("SELECT sqlite_version()").scalar_one()
    old = tuple(int(part) for part in version.split(".")[:2]) < _SQLITE_MINIMUM
    yield Finding(
        "version", Level.FAIL if old else Level.OK, f"SQLite {version}", "3.35 or newer is needed" if old else ""
    )
    mode, synchronous = ask("journal_mode"), ask("synchronous")
    durable = mode == "wal" and synchronous == 2  # noqa: PLR2004 -- FULL
    yield Finding(
        "durability",
        Level.OK if durable else Level.FAIL,
        f"journal mode {mode}, synchronous {synchronous}",
        ""
        if durable
        else "the disk must support WAL, so it cannot be a network file system; a 202 must survive a power cut",
    )
    file = Path(connection.exec_driver_sql("PRAGMA database_list").all()[0][2])
    private = not stat.S_IMODE(file.stat().st_mode) & _OTHERS
    yield Finding(
        "permissions",
        Level.OK if private else Level.WARN,
        f"{file.name} has the mode {stat.S_IMODE(file.stat().st_mode):04o}",
        "" if private else f"others can read articles and results: `chmod 600 {file}*`",
    )


def _postgresql(connection: Connection) -> Iterator[Finding]:
    def ask(name: str) -> str:
        return str(connection.exec_driver_sql(f"SHOW {name}").scalar_one())

    old = int(ask("server_version_num")) < _POSTGRESQL_MINIMUM
    yield Finding(
        "version",
        Level.FAIL if old else Level.OK,
        f"PostgreSQL {ask('server_version')}",
        "13 or newer is needed" if old else "",
    )
    fsync, commit = ask("fsync"), ask("synchronous_commit")
    durable = fsync == "on" and commit != "off"
    yield Finding(
        "durability",
        Level.OK if durable else Level.FAIL,
        f"fsync {fsync}, synchronous_commit {commit}",
        "" if durable else "set both on: a 202 must survive a power cut",
    )
    for index in connection.execute(_INVALID_INDEXES).scalars():
        summary = f"the index {index} was left incomplete by an interrupted migration"
        yield Finding(
            "indexes",
            Level.FAIL,
            summary,
            f"`stancewire migrate` continues it; if that does not help, DROP INDEX {index}",
        )


def check_redis(settings: Settings) -> Iterator[Finding]:
    """Check that Redis answers quickly, has a supported version, and does not evict messages."""
    client = connect(settings.resolved_redis_url(), settings.broker.send_timeout_s)
    try:
        client.ping()
        seconds = _median_seconds(client.ping)
        info: Any = client.info()
    except REDIS_ERRORS as error:
        fix = "start it, or set STANCEWIRE_REDIS_URL to its address; articles wait in the ledger meanwhile"
        yield Finding("redis", Level.FAIL, str(error) or type(error).__name__, fix)
        return
    finally:
        client.close()
    slow = seconds > _SLOW_REDIS_S
    fix = "move it closer, or find the cause of its load (SLOWLOG GET)" if slow else ""
    yield Finding("redis", Level.WARN if slow else Level.OK, f"answers in {seconds * 1000:.1f} ms", fix)
    version = str(info["redis_version"])
    old = tuple(int(part) for part in version.split(".")[:2]) < _REDIS_MINIMUM
    yield Finding("redis version", Level.FAIL if old else Level.OK, version, "6.2 or newer is needed" if old else "")
    policy = info.get("maxmemory_policy", "unknown")
    evicts = policy != "noeviction"
    yield Finding(
        "redis eviction",
        Level.FAIL if evicts else Level.OK,
        f"maxmemory-policy {policy}, {info['used_memory'] / 1e6:.0f} MB of {info['maxmemory'] / 1e6:.0f} used "
        "(0: no limit)",
        "set `maxmemory-policy noeviction` in its configuration: an evicted message is a lost one" if evicts else "",
    )


def _median_seconds(call: Callable[[], object]) -> float:
    """Return the median time of several calls."""
    times = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)
