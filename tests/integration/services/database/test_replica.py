"""Searches with a real standby of PostgreSQL that keeps up, falls behind, stops and comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest

from services.database import migrations
from services.database.engine import Database
from services.database.replica import Replica
from services.errors import InvalidInput
from services.settings import Database as DatabaseSettings
from services.settings import Settings
from tests.integration.conftest import Serve
from tests.support.api import Api, read_metrics
from tests.support.postgres import PostgresServer
from tests.support.search import fetch_items
from tests.support.speech import Statement, store_result

Eventually = Callable[[Callable[[], bool], float], None]


@pytest.fixture
def standby(postgres: PostgresServer) -> Iterator[PostgresServer]:
    server = postgres.new_standby()
    server.start()
    yield server
    server.stop()


def contents(api: Api) -> set[str]:
    return {item["content"] for item in fetch_items(api, "attributions")}


def replica_check(api: Api) -> str:
    checks: dict[str, str] = api.client.get("/readyz").json()["checks"]
    return checks["replica"]


def execute(server: PostgresServer, statement: str) -> None:
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
        connection.execute(statement.encode())


def test_searches_read_the_replica_while_it_keeps_up_and_the_database_otherwise(
    postgres: PostgresServer, standby: PostgresServer, serve: Serve, eventually: Eventually
) -> None:
    with postgres.new_database() as url:
        database = Database(url, DatabaseSettings())
        migrations.upgrade(database)
        store_result(database, Statement("Ana Ruiz", "the plan is reckless"))
        replica_url = url.replace(f":{postgres.port}/", f":{standby.port}/")
        api = serve(database, database={"replica_url": replica_url, "replica_lag_s": 3, "busy_timeout_s": 2})
        eventually(lambda: replica_check(api) == "ok", 20)
        assert contents(api) == {"the plan is reckless"}

        execute(standby, "SELECT pg_wal_replay_pause()")
        store_result(database, Statement("Ana Ruiz", "the plan is sound"))
        assert contents(api) == {"the plan is reckless"}, (
            "it comes from the replica, which does not have the second yet"
        )
        eventually(lambda: replica_check(api).startswith("the read replica is too far behind the primary"), 20)
        assert contents(api) == {"the plan is reckless", "the plan is sound"}
        health = api.client.get("/readyz")
        assert (health.status_code, health.json()["status"]) == (200, "degraded")
        assert "runbook: StancewireReplicaFault" in health.json()["checks"]["replica"]
        assert read_metrics(api)["stancewire_store_fault", (("fault", "behind"), ("store", "replica"))] == 1

        execute(standby, "SELECT pg_wal_replay_resume()")
        eventually(lambda: replica_check(api) == "ok", 20)
        standby.halt()
        assert contents(api) == {"the plan is reckless", "the plan is sound"}, "the first search after the end, too"
        eventually(lambda: replica_check(api).startswith("the read replica does not answer"), 20)
        standby.start()
        eventually(lambda: replica_check(api) == "ok", 20)
        api.stop()
        database.dispose()


def test_a_primary_is_no_replica(postgres: PostgresServer, serve: Serve, eventually: Eventually) -> None:
    with postgres.new_database() as url:
        database = Database(url, DatabaseSettings())
        migrations.upgrade(database)
        api = serve(database, database={"replica_url": url})
        eventually(lambda: "answers in an unexpected way" in replica_check(api), 20)
        assert contents(api) == set()
        api.stop()
        database.dispose()


def test_replica_of_sqlite_is_refused() -> None:
    settings = Settings(database=DatabaseSettings(url="sqlite:///a.db", replica_url="postgresql://tests@127.0.0.1/b"))
    with pytest.raises(InvalidInput, match="needs PostgreSQL"):
        Replica.of(settings, Database("sqlite:///a.db", settings.database))
