"""The schema that migrations create, and errors of connecting to a database."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from services.database import migrations
from services.database.engine import Database
from services.database.tables import metadata
from services.errors import InvalidInput, StoreFault, StoreUnavailable
from services.settings import Database as DatabaseSettings
from tests.support.postgres import PostgresServer

NEWEST = max(path.name[:4] for path in Path(migrations.__file__).parent.glob("versions/[0-9]*.py"))
FULL_TEXT_TABLES = ("attributions", "stances")
FULL_TEXT = {
    "sqlite": {
        ("remove_table", f"{table}_text{part}")
        for table in FULL_TEXT_TABLES
        for part in ("", "_config", "_data", "_docsize", "_idx")
    },
    "postgresql": {("remove_column", "words"), *(("remove_index", f"ix_{table}_words") for table in FULL_TEXT_TABLES)},
}


def test_migrations_and_tables_agree(database: Database) -> None:
    """Except for full text, which differs by database and exists only in the migrations."""
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = {(change[0], change[-1].name) for change in compare_metadata(context, metadata)}
    assert differences == FULL_TEXT[database.dialect]


def test_every_declared_index_exists(database: Database) -> None:
    with database.read() as connection:
        names = {index["name"] for table in metadata.tables for index in inspect(connection).get_indexes(table)}
    assert {index.name for table in metadata.tables.values() for index in table.indexes} <= names


def test_postgresql_vacuums_the_tables_that_change_most_earlier_than_by_default(postgres: PostgresServer) -> None:
    with postgres.new_database() as url:
        database = Database(url, DatabaseSettings())
        migrations.upgrade(database)
        with database.read() as connection:
            rows = connection.execute(text("SELECT relname, reloptions FROM pg_class WHERE reloptions IS NOT NULL"))
            options: dict[str, list[str]] = {row.relname: row.reloptions for row in rows}
        database.dispose()
    assert "autovacuum_vacuum_scale_factor=0.01" in options["jobs"]
    assert "fillfactor=50" in options["counters"]
    assert "autovacuum_vacuum_insert_scale_factor=0.02" in options["attributions"]


def test_pending_returns_the_newest_revision_until_upgraded(database_url: str) -> None:
    database = Database(database_url, DatabaseSettings())
    assert migrations.pending(database) == NEWEST
    migrations.upgrade(database)
    migrations.upgrade(database)
    assert migrations.pending(database) is None
    database.dispose()


def test_known_revisions_are_those_of_alembic() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    scripts = ScriptDirectory.from_config(config)
    assert migrations.known_revisions() == {script.revision for script in scripts.walk_revisions()}
    assert migrations.newest() == scripts.get_current_head()


def test_unreachable_server_raises_store_unavailable() -> None:
    database = Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing", DatabaseSettings(busy_timeout_s=1))
    with pytest.raises(StoreUnavailable, match="refused"), database.read():
        pass


def test_unsupported_database_is_invalid_input() -> None:
    with pytest.raises(InvalidInput, match="'mysql' is neither SQLite nor PostgreSQL"):
        Database("mysql://localhost/x", DatabaseSettings())


def test_upgrade_refuses_a_schema_that_a_newer_version_made(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreUnavailable, match=r"9999.*install the version that migrated it") as caught:
        migrations.upgrade(database)
    assert caught.value.fault is StoreFault.SCHEMA_NEW
