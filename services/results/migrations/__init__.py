"""Schema migrations, forward only in practice: expand, then contract, so that old workers keep running (docs/upgrades.md)."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from services.access import tables as access_tables  # noqa: F401 -- a table belongs to the schema once its module was imported
from services.results import index_tables  # noqa: F401 -- as above
from services.results.database import Database
from services.topics import tables as topic_tables  # noqa: F401 -- as above


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the schema to ``revision``. Safe to run by several processes: it is one transaction that holds the write lock."""
    config = _config()
    with database.write() as connection:
        if database.dialect == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7320943001)")  # any constant: ours alone
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def pending(database: Database) -> str | None:
    """The revision that the code needs and the database lacks, or None if they agree."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    with database.read() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return None if current == head else head
