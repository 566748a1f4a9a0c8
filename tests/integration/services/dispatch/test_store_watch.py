"""Faults of the database as pushes, /readyz, the console and metrics name them, and the end of each with the repair."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from services.database.counters import CounterName, increment
from services.database.engine import Database
from services.jobs import hosts
from services.jobs.hosts import HostRole
from services.settings import Database as DatabaseSettings
from tests.support.api import Api, assert_problem, read_metrics
from tests.support.console_forms import get_page
from tests.support.link import link_to
from tests.support.postgres import PostgresServer

Eventually = Callable[[Callable[[], bool], float], None]


@pytest.fixture
def ledger(postgres: PostgresServer, migrated_template: str) -> Iterator[tuple[Database, str]]:
    """A migrated database with a live worker and sweeper, and the address of its administrator."""
    with postgres.new_database(migrated_template) as url:
        database = Database(url, DatabaseSettings(busy_timeout_s=0.5))
        hosts.announce(database, HostRole.WORKER, "node/a", slots=1)
        hosts.announce(database, HostRole.SWEEPER, "node/b")
        yield database, url.replace("postgresql+psycopg://", "postgresql://")
        database.dispose()


def administer(address: str, *statements: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def database_check(api: Api) -> tuple[int, str]:
    response = api.client.get("/readyz")
    return response.status_code, response.json()["checks"]["database"]


def fault_shown(api: Api, fault: str) -> bool:
    return read_metrics(api).get(("stancewire_store_fault", (("fault", fault), ("store", "database")))) == 1


def test_read_only_database_is_named_everywhere_until_it_is_repaired(
    ledger: tuple[Database, str], serve: Any, eventually: Eventually
) -> None:
    database, address = ledger
    name = address.rpartition("/")[2]
    end_others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    api = serve(database, database={"busy_timeout_s": 0.5})
    assert database_check(api) == (200, "ok")
    administer(address, f"ALTER DATABASE {name} SET default_transaction_read_only = on", end_others)

    eventually(lambda: database_check(api)[1].startswith("the database is read-only"), 10)
    status, check = database_check(api)
    assert (status, "runbook: StancewireDatabaseFault" in check) == (503, True)
    problem = assert_problem(api.push(), 503, "store_unavailable")
    assert problem["detail"] == "the database is read-only; nothing was accepted"
    assert api.push().headers["Retry-After"] == "5"
    assert fault_shown(api, "read_only")
    page = get_page(api.client, "/")
    assert "The database is read-only" in page
    assert "/runbook#stancewiredatabasefault" in page

    admin = "SET default_transaction_read_only = off"
    administer(address, admin, f"ALTER DATABASE {name} RESET default_transaction_read_only", end_others)
    eventually(lambda: database_check(api) == (200, "ok"), 10)
    assert api.push().status_code == 202
    api.stop()


def test_locked_row_is_named_while_pushes_wait_for_it(
    ledger: tuple[Database, str], serve: Any, eventually: Eventually
) -> None:
    database, address = ledger
    api = serve(database, database={"busy_timeout_s": 4})
    assert api.push("One.").status_code == 202
    with psycopg.connect(address) as blocker:
        blocker.execute("SELECT 1 FROM counters FOR UPDATE")
        waiter = Database(database.url.render_as_string(hide_password=False), DatabaseSettings(busy_timeout_s=9))
        thread = threading.Thread(target=wait_for_counters, args=(waiter,))
        thread.start()
        eventually(lambda: "is blocked by a lock" in database_check(api)[1], 9)
        assert database_check(api)[0] == 200, "other feeds may be accepted"
        blocker.rollback()
        thread.join()
        waiter.dispose()
    eventually(lambda: database_check(api) == (200, "ok"), 10)
    api.stop()


def wait_for_counters(database: Database) -> None:
    """Wait for the lock of a counter, as a push does."""
    with database.write() as connection:
        increment(connection, database, {(CounterName.ACCEPTED, "default"): 0})


def test_newer_schema_serves_if_it_has_all_and_is_unavailable_otherwise(
    ledger: tuple[Database, str], serve: Any, eventually: Eventually
) -> None:
    database, address = ledger
    api = serve(database)
    administer(address, "UPDATE alembic_version SET version_num = '9999'")
    eventually(lambda: "revision 9999" in database_check(api)[1], 15)
    status, check = database_check(api)
    assert (status, "complete the upgrade" in check) == (200, True)
    assert api.push().status_code == 202, "the old processes of an upgrade go on"
    administer(address, "ALTER TABLE jobs RENAME COLUMN words TO word_count")
    eventually(lambda: "it lacks jobs.words" in database_check(api)[1], 15)
    status, check = database_check(api)
    assert (status, "stancewire migrate" in check) == (503, False)
    assert_problem(api.push(), 503, "store_unavailable")
    api.stop()


def test_slow_and_silent_links_are_named(
    ledger: tuple[Database, str], postgres: PostgresServer, serve: Any, eventually: Eventually
) -> None:
    database, _ = ledger
    with link_to(postgres.port) as link:
        url = database.url.set(port=link.port).render_as_string(hide_password=False)
        far = Database(url, DatabaseSettings(busy_timeout_s=1))
        api = serve(far, database={"busy_timeout_s": 1, "slow_s": 0.1})
        assert database_check(api) == (200, "ok")
        link.delay_s = 0.15
        eventually(lambda: "is too slow" in database_check(api)[1], 15)
        assert fault_shown(api, "slow")
        link.delay_s = 0.0
        eventually(lambda: database_check(api) == (200, "ok"), 15)
        link.swallows = True
        anonymous = api.client_of(None)
        eventually(lambda: anonymous.get("/readyz").status_code == 503, 15)
        assert "does not answer" in anonymous.get("/readyz").json()["checks"]["database"]
        link.swallows = False
        api.stop()
        far.dispose()
