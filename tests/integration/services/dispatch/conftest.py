"""Dispatchers that are closed after the test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import redis

from services.database.engine import Database
from services.dispatch.celery_app import Role, create_celery
from services.dispatch.dispatcher import Dispatcher
from services.settings import Settings
from tests.support.dispatch import DispatchSetup, MakeSetup


@pytest.fixture
def make_setup() -> Iterator[MakeSetup]:
    """A factory of setups for a database and the address of a Redis; they are closed after the test."""
    setups: list[DispatchSetup] = []

    def make(database: Database, url: str, **broker: Any) -> DispatchSetup:
        settings = Settings(redis_url=url, broker={"overdue_s": 0.2, "breaker_s": 0.3, **broker})
        app = create_celery(settings.broker, url, Role.SENDER)
        dispatcher = Dispatcher(database, app, url, settings.broker)
        setups.append(DispatchSetup(database, settings, app, dispatcher, redis.Redis.from_url(url)))
        return setups[-1]

    yield make
    for setup in setups:
        setup.close()


@pytest.fixture
def setup(database: Database, redis_process: Any, make_setup: MakeSetup) -> DispatchSetup:
    return make_setup(database, redis_process.url)
