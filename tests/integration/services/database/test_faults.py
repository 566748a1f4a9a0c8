"""A database that answers wrongly is unavailable, by the name of its fault, and is used again after the repair."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text, update

from services.database import migrations
from services.database.engine import Database
from services.database.tables import counters, hosts
from services.errors import StoreFault, StoreUnavailable
from services.jobs import hosts as host_store
from services.jobs.hosts import HostRole
from services.settings import Database as DatabaseSettings
from tests.support.postgres import PostgresServer

Break = Callable[[psycopg.Connection], None]


@pytest.fixture
def ledger(postgres: PostgresServer) -> Iterator[tuple[Database, str]]:
    """A migrated PostgreSQL ledger with short timeouts, and the address of its administrator."""
    with postgres.new_database() as url:
        opened = Database(url, DatabaseSettings(busy_timeout_s=0.2, pool_size=2))
        migrations.upgrade(opened)
        yield opened, url.replace("postgresql+psycopg://", "postgresql://")
        opened.dispose()


def administer(address: str, *statements: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def announce(database: Database) -> None:
    host_store.announce(database, HostRole.WORKER, "node/a", slots=1)


def fault_of(database: Database) -> StoreFault | None:
    """Return how a small write fails, or None if it succeeds."""
    try:
        announce(database)
    except StoreUnavailable as error:
        return error.fault
    return None


@pytest.mark.parametrize(
    ("broken_by", "repaired_by", "fault"),
    [
        (
            "ALTER ROLE broken SET default_transaction_read_only = on",
            "ALTER ROLE broken RESET default_transaction_read_only",
            StoreFault.READ_ONLY,
        ),
        ("REVOKE INSERT ON hosts FROM broken", "GRANT INSERT ON hosts TO broken", StoreFault.NO_PERMISSION),
        ("ALTER ROLE broken NOLOGIN", "ALTER ROLE broken LOGIN", StoreFault.NO_PERMISSION),
        ("ALTER ROLE broken CONNECTION LIMIT 0", "ALTER ROLE broken CONNECTION LIMIT 9", StoreFault.CONNECTIONS),
        ("ALTER TABLE hosts RENAME TO elsewhere", "ALTER TABLE elsewhere RENAME TO hosts", StoreFault.SCHEMA_MISSING),
        ("ALTER TABLE hosts RENAME slots TO s", "ALTER TABLE hosts RENAME s TO slots", StoreFault.SCHEMA_MISSING),
    ],
)
def test_wrong_answer_of_postgresql_is_named_and_ends_with_the_repair(
    ledger: tuple[Database, str], broken_by: str, repaired_by: str, fault: StoreFault
) -> None:
    database, address = ledger
    grants = (
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO broken",
        "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO broken",
    )
    administer(address, "CREATE ROLE broken LOGIN", *grants)
    limited = Database(
        database.url.set(username="broken").render_as_string(hide_password=False), DatabaseSettings(), pooled=False
    )
    try:
        assert fault_of(limited) is None
        administer(address, broken_by)
        assert fault_of(limited) is fault
        administer(address, repaired_by)
        assert fault_of(limited) is None
    finally:
        administer(address, "DROP OWNED BY broken", "DROP ROLE broken")


def test_locked_row_and_slow_statement_are_named_and_observed(ledger: tuple[Database, str]) -> None:
    database, address = ledger
    announce(database)
    faults: list[StoreFault] = []
    database.fault_observer = faults.append
    with psycopg.connect(address) as blocker:
        blocker.execute("SELECT 1 FROM hosts FOR UPDATE")
        assert fault_of(database) is StoreFault.LOCKED
    assert fault_of(database) is None
    with pytest.raises(StoreUnavailable) as caught, database.write() as connection:
        connection.execute(text("SELECT pg_sleep(30)"))
    assert caught.value.fault is StoreFault.SLOW
    assert faults == [StoreFault.LOCKED, StoreFault.SLOW]


def test_transaction_of_a_frozen_process_gives_its_locks_back(ledger: tuple[Database, str]) -> None:
    database, _ = ledger
    announce(database)
    frozen = Database(
        database.url.render_as_string(hide_password=False), DatabaseSettings(busy_timeout_s=0.05), pooled=False
    )
    with contextlib.suppress(StoreUnavailable), frozen.write() as connection:
        connection.execute(update(hosts).values(slots=7))  # from here on the process does nothing, for 0.2 s and more
        ended = threading.Event()
        while fault_of(database) is StoreFault.LOCKED:
            assert not ended.wait(0.05)
    assert fault_of(database) is None


def test_connections_ended_by_the_server_fail_no_transaction(ledger: tuple[Database, str]) -> None:
    database, address = ledger
    with database.read(), database.read():  # fills the pool
        pass
    administer(
        address,
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"  # waits until they have ended
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    assert [fault_of(database) for _ in range(3)] == [None, None, None]


def test_full_pool_is_named(ledger: tuple[Database, str]) -> None:
    database, _ = ledger
    with database.read(), database.read():
        assert fault_of(database) is StoreFault.CONNECTIONS


def test_wrong_statement_is_a_defect_and_no_fault_of_the_store(ledger: tuple[Database, str]) -> None:
    database, _ = ledger
    with pytest.raises(Exception, match="division by zero"), database.read() as connection:
        connection.execute(text("SELECT 1 / 0"))


def test_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    file.write_bytes(b"no database, but a text of some length\n" * 200)
    assert fault_of(Database(f"sqlite:///{file}", DatabaseSettings())) is StoreFault.DAMAGED


def test_read_only_sqlite_is_named(sqlite_database: Database) -> None:
    read_only = Database(f"sqlite:///file:{sqlite_database.sqlite_file()}?mode=ro&uri=true", DatabaseSettings())
    assert fault_of(read_only) is StoreFault.READ_ONLY
    with read_only.read() as connection:
        assert connection.execute(counters.select()).all() == []
    read_only.dispose()


def test_locked_sqlite_is_named(sqlite_database: Database) -> None:
    other = Database(sqlite_database.url.render_as_string(), DatabaseSettings(busy_timeout_s=0.1))
    with sqlite_database.write():
        assert fault_of(other) is StoreFault.LOCKED
    assert fault_of(other) is None
    other.dispose()
