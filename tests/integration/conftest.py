"""The application, started for a test and stopped after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from services.database import migrations
from services.database.engine import Database
from services.settings import Database as DatabaseSettings
from tests.support.api import Api, api_settings, stored

Serve = Callable[..., Api]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts an API on a database, with settings by name."""
    running: list[Api] = []

    def start(database: Database, /, **settings: Any) -> Api:
        running.append(Api(api_settings(database, **settings)))
        running[-1].start()
        return running[-1]

    yield start
    for api in reversed(running):
        api.stop()


@pytest.fixture
def api(database: Database, serve: Serve) -> Api:
    """An API on a database of each kind."""
    return serve(database)


@pytest.fixture
def sqlite_api(sqlite_database: Database, serve: Serve) -> Api:
    """An API on SQLite, where the kind does not matter."""
    return serve(sqlite_database)


@pytest.fixture(scope="module")
def shared_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, Database]]:
    """One API for the many requests that must change nothing."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('shared') / 'ledger.db'}", DatabaseSettings())
    migrations.upgrade(database)
    small = {"body_bytes": 100_000, "text_chars": 2_000, "batch_bytes": 200_000, "batch_lines": 20}
    api = Api(api_settings(database, limits=small))
    api.start()
    yield api, database
    number = stored(database)
    api.stop()
    database.dispose()
    assert number == 0, "what is refused is not stored"
