"""A second, empty database beside the one under test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.database.engine import Database
from services.settings import Database as DatabaseSettings
from tests.support.postgres import PostgresServer


@pytest.fixture
def empty_database(database: Database, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of the same kind."""
    if database.dialect == "sqlite":
        empty = Database(f"sqlite:///{tmp_path / 'other' / 'ledger.db'}", DatabaseSettings())
        (tmp_path / "other").mkdir()
        yield empty
        empty.dispose()
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.new_database() as url:
        empty = Database(url, DatabaseSettings())
        yield empty
        empty.dispose()
