"""An API that is started for a test and stopped after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from services.database import migrations
from services.database.engine import Database
from services.settings import Database as DatabaseSettings
from tests.support.api import Api, api_settings, count_articles

Serve = Callable[..., Api]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return a function that starts an API on a database, with settings by name."""
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
    """An API on SQLite and on PostgreSQL."""
    return serve(database)


@pytest.fixture
def sqlite_api(sqlite_database: Database, serve: Serve) -> Api:
    """An API on SQLite, for tests that do not depend on the database."""
    return serve(sqlite_database)


@pytest.fixture(scope="module")
def shared_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, Database]]:
    """One API for all requests of a module that have to be rejected: none may store an article."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('shared') / 'ledger.db'}", DatabaseSettings())
    migrations.upgrade(database)
    small = {"body_bytes": 100_000, "text_chars": 2_000, "batch_bytes": 200_000, "batch_lines": 20}
    api = Api(api_settings(database, limits=small))
    api.start()
    yield api, database
    number = count_articles(database)
    api.stop()
    database.dispose()
    assert number == 0, "rejected articles are not stored"
