"""The application, started for a test and stopped after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from services.results.database import Database
from tests.support.api import Api, api_settings

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
