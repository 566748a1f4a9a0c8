"""Which hosts are alive: one definition for dispatch, metrics, the console, ``/readyz``, ``health`` and restore."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from services.caller import local
from services.database import tables
from services.database.engine import Database
from services.jobs import activity, hosts
from services.jobs.dispatch_window import WindowSize
from services.jobs.hosts import HostRole
from services.jobs.snapshot import take_snapshot
from services.maintenance.backup import backup
from services.maintenance.restore import restore
from tests.support.api import read_metrics
from tests.support.ledger import article, fill, push

HOUR_MS = 3_600_000
QUEUE = (("queue_name", "stancewire.analyse"),)


def set_seen_at(database: Database, name: str, seen_at: int) -> None:
    with database.write() as connection:
        connection.execute(update(tables.hosts).where(tables.hosts.c.name == name).values(seen_at=seen_at))


def announce_from_the_future(database: Database) -> None:
    """Add a worker and a sweeper that were last seen before the clock was set back by an hour."""
    for role, slots in ((HostRole.WORKER, 4), (HostRole.SWEEPER, 0)):
        hosts.announce(database, role, f"node/{role}", slots=slots)
        set_seen_at(database, f"node/{role}", int(time.time() * 1000) + HOUR_MS)


def test_host_seen_in_the_future_is_dead_for_dispatch_metrics_console_and_readiness(
    database: Database, serve: Any
) -> None:
    announce_from_the_future(database)
    push(database, *(article(f"Story {number}.") for number in range(20)))
    assert len(fill(database, WindowSize(per_slot=1, message_articles=1, message_words=1000))) == 1, "no worker"

    snapshot = take_snapshot(database)
    assert (snapshot.slots, dict(snapshot.hosts)) == (0, dict.fromkeys(HostRole, 0))
    assert [host.alive for host in activity.list_hosts(database)] == [False, False]
    assert not any(hosts.has_live_host(database, role, "node") for role in HostRole)

    api = serve(database)
    samples = read_metrics(api)
    assert samples["celery_active_process_count", QUEUE] == samples["celery_active_worker_count", QUEUE] == 0
    assert samples["stancewire_sweepers", ()] == 0
    assert "no worker was seen lately" in api.client.get("/readyz").json()["checks"]["workers"]


def test_host_seen_in_the_future_does_not_block_a_restore(sqlite_database: Database, tmp_path: Path) -> None:
    file = tmp_path / "ledger.backup"
    backup(sqlite_database, file)
    announce_from_the_future(sqlite_database)
    assert restore(sqlite_database, file, local(), replace=True)


@pytest.mark.parametrize(("age_ms", "slots"), [(20_000, 2), (31_000, 0), (-20_000, 2), (-60_000, 0)])
def test_host_is_alive_when_seen_within_thirty_seconds_of_the_database_clock(
    database: Database, age_ms: int, slots: int
) -> None:
    hosts.announce(database, HostRole.WORKER, "node/a", slots=2)
    with database.read() as connection:
        now = connection.exec_driver_sql("SELECT seen_at FROM hosts").scalar_one()
    set_seen_at(database, "node/a", now - age_ms)
    assert hosts.live_slots(database) == slots
    assert hosts.has_live_host(database, HostRole.WORKER, "node") is bool(slots)
    assert [host.alive for host in activity.list_hosts(database)] == [bool(slots)]
