"""Faults of the database: restarted, locked, full, read-only, and its clock set back or ahead."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator

import psycopg

from services.contracts import JobState
from tests.faults.deployment import Deployment, wait_until
from tests.faults.fault_injection import Switch
from tests.faults.ledger_audit import LedgerAudit
from tests.faults.load import Load
from tests.faults.recovery import Recovery, expect_restart, measure_next_start, workers_frozen
from tests.faults.small_disk import filled_up

HOUR_MS = 3_600_000


def restart_postgres(deployment: Deployment, _load: Load) -> Recovery:
    """PostgreSQL's immediate shutdown: connections are cut, and the server recovers from its log."""
    assert deployment.postgres is not None
    with workers_frozen(deployment) as interrupted:
        deployment.postgres.stop_immediately()
    deployment.postgres.start()
    return measure_next_start(deployment, expect_restart(deployment, interrupted))


def lock(deployment: Deployment, _load: Load) -> Recovery:
    """Nothing can write, and on PostgreSQL nothing can read; leases expire meanwhile."""
    with workers_frozen(deployment) as interrupted:
        pass  # the workers resume first: a frozen one may hold a lock that ours would wait for
    with _locked(deployment):
        time.sleep(deployment.pace.lock_s)
    return measure_next_start(deployment, expect_restart(deployment, interrupted, _assert_none_dead))


@contextlib.contextmanager
def _locked(deployment: Deployment) -> Iterator[None]:
    if deployment.kind == "sqlite":
        path = deployment.database.url.database
        assert path is not None
        with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            yield
            connection.execute("ROLLBACK")
        return
    with psycopg.connect(postgres_dsn(deployment)) as connection:
        connection.execute("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()


def postgres_dsn(deployment: Deployment) -> str:
    """Return the URL of the deployment's PostgreSQL database in the form that the driver expects."""
    return deployment.database_url.replace("postgresql+psycopg://", "postgresql://")


def fill_disk(deployment: Deployment, load: Load) -> Recovery:
    """Nothing can be stored: articles are refused, and running jobs are neither lost nor given up."""
    with workers_frozen(deployment) as interrupted:
        pass
    with _disk_full(deployment):
        time.sleep(deployment.pace.outage_s / 2)
        wait_until(lambda: load.retries > 0, 30, "articles refused that cannot be stored")
    return measure_next_start(deployment, expect_restart(deployment, interrupted, _assert_none_dead))


@contextlib.contextmanager
def _disk_full(deployment: Deployment) -> Iterator[None]:
    """Fill up the small disk; without one (in the short form), set a quota on SQLite's pages, which needs no mount."""
    if deployment.small_disk is None:
        full: contextlib.AbstractContextManager[None] = deployment.switched_on(Switch.QUOTA)
    else:
        full = filled_up(deployment.small_disk)
    with full:
        yield


def read_only(deployment: Deployment) -> contextlib.AbstractContextManager[None]:
    """Refuse writes to the SQLite file, as a disk that was mounted again read-only does."""
    return deployment.switched_on(Switch.READ_ONLY)


def _assert_none_dead(audit: LedgerAudit) -> None:
    """The articles were good, so a database that could not store them must not cost them attempts."""
    assert audit.states[JobState.DEAD] == 0, audit


def set_clock_back(deployment: Deployment, _load: Load) -> Recovery:
    """By an hour, as a child is killed: its leases would seem to last until the clock has caught up."""
    with workers_frozen(deployment) as interrupted:
        set_clock(deployment, -HOUR_MS)
        deployment.children()[0].kill()
    return expect_restart(deployment, interrupted, lambda _audit: set_clock(deployment, 0))


@contextlib.contextmanager
def clock_ahead(deployment: Deployment) -> Iterator[None]:
    """By a day: every lease has expired, and so have all marks of life of the other processes."""
    set_clock(deployment, 24 * HOUR_MS)
    try:
        yield
    finally:
        set_clock(deployment, 0)


def set_clock(deployment: Deployment, offset_ms: int) -> None:
    """Shift the database's clock by an offset; all other clocks stay correct."""
    if deployment.kind == "sqlite":
        deployment.switch_on(Switch.CLOCK, str(offset_ms))
        return
    with psycopg.connect(postgres_dsn(deployment), autocommit=True) as connection:
        connection.execute("UPDATE faults.clock SET off_ms = %s", [offset_ms])


CLOCK_SQL = """
    CREATE SCHEMA faults;
    CREATE TABLE faults.clock (off_ms bigint NOT NULL);
    INSERT INTO faults.clock VALUES (0);
    CREATE FUNCTION faults.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
        SELECT pg_catalog.clock_timestamp() + (SELECT off_ms FROM faults.clock) * interval '1 millisecond'
    $$;
"""


def install_clock(dsn: str) -> None:
    """Replace PostgreSQL's clock in one database by one that can be set."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(CLOCK_SQL)
        connection.execute(f'ALTER DATABASE "{connection.info.dbname}" SET search_path = public, faults, pg_catalog')
