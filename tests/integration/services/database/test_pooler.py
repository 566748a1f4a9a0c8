"""The ledger behind PgBouncer in transaction mode, which gives each transaction any connection of the server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, select

from services.contracts import JobState
from services.database import migrations, probe
from services.database.engine import Database
from services.database.tables import jobs
from services.errors import StoreFault, StoreUnavailable
from services.jobs import hosts
from services.jobs.hosts import HostRole
from services.settings import Database as DatabaseSettings
from tests.support.api import complete_job
from tests.support.pgbouncer import run_pgbouncer
from tests.support.postgres import PostgresServer


@pytest.fixture
def pooled_url(postgres: PostgresServer) -> Iterator[str]:
    with postgres.new_database() as url, run_pgbouncer(postgres.port) as port:
        yield url.replace(f":{postgres.port}/", f":{port}/")


def test_service_works_behind_a_pooler(pooled_url: str, serve: Any) -> None:
    settings = {"pooler": "transaction", "busy_timeout_s": 5}
    database = Database(pooled_url, DatabaseSettings.model_validate(settings))
    migrations.upgrade(database)
    api = serve(database, database=settings)
    threads = [threading.Thread(target=api.push, args=(f"Story {number}.",)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    job_id = api.push_id("The last one.")
    complete_job(database, job_id)
    assert api.client.get(f"/v1/jobs/{job_id}/result").status_code == 200
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(jobs)).scalar_one() == 13
        states = set(connection.execute(select(jobs.c.state)).scalars())
    assert states == {JobState.QUEUED, JobState.SUCCEEDED}
    assert api.client.get("/readyz").json()["checks"]["database"] == "ok"
    api.stop()
    database.dispose()


def test_locks_are_not_waited_for_without_end_behind_a_pooler(pooled_url: str, postgres: PostgresServer) -> None:
    settings = DatabaseSettings.model_validate({"pooler": "transaction", "busy_timeout_s": 0.2})
    database = Database(pooled_url, settings, pooled=False)
    migrations.upgrade(database)
    hosts.announce(database, HostRole.WORKER, "node/a")
    name = pooled_url.rpartition("/")[2]
    with psycopg.connect(postgres.dsn(name)) as blocker:
        blocker.execute("SELECT 1 FROM hosts FOR UPDATE")
        with pytest.raises(StoreUnavailable) as caught:
            hosts.announce(database, HostRole.WORKER, "node/a")
    assert caught.value.fault is StoreFault.LOCKED
    database.dispose()


def test_pooler_that_no_setting_names_is_told_with_the_setting(pooled_url: str) -> None:
    database = Database(pooled_url, DatabaseSettings(), pooled=False)
    with pytest.raises(StoreUnavailable, match="STANCEWIRE_DATABASE__POOLER=transaction") as caught:
        probe.probe(database)
    assert caught.value.fault is StoreFault.POOLER
