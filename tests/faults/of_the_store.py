"""Faults of the database: restarted, locked, full, and its clock set back."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator

import psycopg

from services.contracts import JobState
from tests.faults.deployment import Deployment
from tests.faults.entry import Switch
from tests.faults.ledger_audit import Books
from tests.faults.load import Load
from tests.faults.recovery import Recovery, after_work_goes_on, again, caught
from tests.faults.small_disk import filled_up

HOUR_MS = 3_600_000


def restarted(deployment: Deployment, _load: Load) -> Recovery:
    """PostgreSQL's immediate shutdown: no goodbye, and a recovery from its log."""
    assert deployment.postgres is not None
    with caught(deployment) as held:
        deployment.postgres.stop_at_once()
    deployment.postgres.start()
    return after_work_goes_on(deployment, again(deployment, held))


def locked(deployment: Deployment, _load: Load) -> Recovery:
    """Nobody can write, and on PostgreSQL nobody can read; leases run out meanwhile."""
    with caught(deployment) as held:  # what is frozen may hold a lock itself, so ours has to wait
        pass
    with _lock(deployment):
        time.sleep(deployment.pace.lock_s)
    return after_work_goes_on(deployment, again(deployment, held, _nobody_died))


@contextlib.contextmanager
def _lock(deployment: Deployment) -> Iterator[None]:
    if deployment.kind == "sqlite":
        with contextlib.closing(
            sqlite3.connect(deployment.database.url.database, isolation_level=None, timeout=60)
        ) as other:
            other.execute("BEGIN EXCLUSIVE")
            yield
            other.execute("ROLLBACK")
        return
    with psycopg.connect(dsn(deployment)) as other:
        other.execute("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
        yield
        other.rollback()


def dsn(deployment: Deployment) -> str:
    """The deployment's PostgreSQL database, in the driver's own spelling."""
    return deployment.database_url.replace("postgresql+psycopg://", "postgresql://")


def disk_full(deployment: Deployment, load: Load) -> Recovery:
    """Nothing more can be stored: articles are refused, and those at hand are neither lost nor given up."""
    with caught(deployment) as held:
        pass
    with _no_room(deployment):
        time.sleep(deployment.pace.outage_s / 2)
        refused = load.tried_again
    assert refused > 0, "articles were taken in with no room for them"
    return after_work_goes_on(deployment, again(deployment, held, _nobody_died))


@contextlib.contextmanager
def _no_room(deployment: Deployment) -> Iterator[None]:
    """On a disk that is full, or, in the short form, on SQLite as if it were: that needs no right to mount one."""
    full = deployment.armed(Switch.QUOTA) if deployment.small_disk is None else filled_up(deployment.small_disk)
    with full:
        yield


def _nobody_died(kept: Books) -> None:
    """The articles were good: a database that could not store them must not be counted against them."""
    assert kept.states[JobState.DEAD] == 0, kept


def clock_set_back(deployment: Deployment, _load: Load) -> Recovery:
    """By an hour, with a child killed in the same moment: its leases would seem to last until the clock has caught up."""
    with caught(deployment) as held:
        set_clock(deployment, -HOUR_MS)
        deployment.children()[0].kill()
    return again(deployment, held, lambda _kept: set_clock(deployment, 0))


def set_clock(deployment: Deployment, off_ms: int) -> None:
    """Let the ledger's clock go wrong by so many milliseconds, and no other clock."""
    if deployment.kind == "sqlite":
        deployment.arm(Switch.CLOCK, str(off_ms))
        return
    with psycopg.connect(dsn(deployment), autocommit=True) as connection:
        connection.execute("UPDATE faults.clock SET off_ms = %s", [off_ms])


CLOCK = """
    CREATE SCHEMA faults;
    CREATE TABLE faults.clock (off_ms bigint NOT NULL);
    INSERT INTO faults.clock VALUES (0);
    CREATE FUNCTION faults.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
        SELECT pg_catalog.clock_timestamp() + (SELECT off_ms FROM faults.clock) * interval '1 millisecond'
    $$;
"""


def put_clock_in(dsn: str) -> None:
    """A clock that can be set, in front of PostgreSQL's own, for one database."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(CLOCK)
        connection.execute(f'ALTER DATABASE "{connection.info.dbname}" SET search_path = public, faults, pg_catalog')
