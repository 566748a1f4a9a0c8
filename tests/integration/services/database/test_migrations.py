from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from services.database import migrations
from services.database.engine import Database
from services.database.tables import metadata
from services.errors import StoreUnavailable
from services.settings import Database as DatabaseSettings

NEWEST = max(path.name[:4] for path in Path(migrations.__file__).parent.glob("versions/[0-9]*.py"))
SAID = ("attributions", "stances")
FULL_TEXT = {
    "sqlite": {
        ("remove_table", f"{table}_text{part}")
        for table in SAID
        for part in ("", "_config", "_data", "_docsize", "_idx")
    },
    "postgresql": {("remove_column", "words"), *(("remove_index", f"ix_{table}_words") for table in SAID)},
}


def test_migrations_and_tables_agree(database: Database) -> None:
    """But for full text, which differs by database and is made by migrations alone."""
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = {(what[0], what[-1].name) for what in compare_metadata(context, metadata)}
    assert found == FULL_TEXT[database.dialect]


def test_every_index_is_there(database: Database) -> None:
    with database.read() as connection:
        found = {index["name"] for table in metadata.tables for index in inspect(connection).get_indexes(table)}
    assert {index.name for table in metadata.tables.values() for index in table.indexes} <= found


def test_pending_tells_what_is_missing(database_url: str) -> None:
    database = Database(database_url, DatabaseSettings())
    assert migrations.pending(database) == NEWEST
    migrations.upgrade(database)
    migrations.upgrade(database)
    assert migrations.pending(database) is None
    database.dispose()


def test_a_database_that_does_not_answer_is_unavailable() -> None:
    database = Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing", DatabaseSettings(busy_timeout_s=1))
    with pytest.raises(StoreUnavailable, match="refused"), database.read():
        pass


def test_other_databases_are_refused() -> None:
    with pytest.raises(ValueError, match="mysql"):
        Database("mysql://localhost/x", DatabaseSettings())
