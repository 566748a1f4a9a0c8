"""A server that stops answering, and a link that swallows, end a transaction within the limit of its replies."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text

from services.database import migrations
from services.database.engine import Database
from services.errors import StoreFault, StoreUnavailable
from services.settings import Database as DatabaseSettings
from tests.integration.conftest import Serve
from tests.support.api import assert_problem
from tests.support.link import Link, link_to
from tests.support.postgres import PostgresServer

Eventually = Callable[[Callable[[], bool], float], None]
BUSY_S = 0.5  # a statement may take twice as long, its reply three times


@pytest.fixture
def linked(postgres: PostgresServer) -> Iterator[tuple[Link, Database]]:
    """A migrated database behind a link that can swallow."""
    with postgres.new_database() as url, link_to(postgres.port) as link:
        database = Database(
            url.replace(f":{postgres.port}/", f":{link.port}/"), DatabaseSettings(busy_timeout_s=BUSY_S)
        )
        migrations.upgrade(database)
        yield link, database
        link.swallows = False
        database.dispose()


def test_link_that_swallows_ends_the_transaction_and_its_connection(linked: tuple[Link, Database]) -> None:
    link, database = linked
    for transaction in (database.read, database.write):
        with transaction() as connection:
            connection.execute(text("SELECT 1"))
        link.swallows = True
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match=r"no reply within 1.5 s") as caught, transaction() as connection:
            connection.execute(text("SELECT 1"))
        assert caught.value.fault is StoreFault.NO_ANSWER
        assert time.monotonic() - began < 8 * BUSY_S
        link.swallows = False
        with transaction() as connection:  # on a new connection
            assert connection.execute(text("SELECT 2")).scalar_one() == 2


def test_long_read_and_session_wait_for_what_takes_longer_than_a_short_transaction(
    linked: tuple[Link, Database],
) -> None:
    _, database = linked
    sleep = text("SELECT 1 FROM pg_sleep(:seconds)").bindparams(seconds=2 * BUSY_S + 0.2)
    with pytest.raises(StoreUnavailable) as caught, database.read() as connection:
        connection.execute(sleep)
    assert caught.value.fault is StoreFault.SLOW
    with database.read(long=True) as connection:
        assert connection.execute(sleep).scalar_one() == 1
    with database.session() as connection:  # as migrations do
        connection.execute(text("SET statement_timeout = 0"))
        assert connection.execute(sleep).scalar_one() == 1


def test_api_names_a_link_that_swallows_while_more_pushes_wait_than_it_has_threads(
    linked: tuple[Link, Database], serve: Serve, eventually: Eventually
) -> None:
    link, database = linked
    api = serve(database, database={"busy_timeout_s": BUSY_S, "pool_size": 2})
    assert api.push().status_code == 202
    link.swallows = True
    pushes = [threading.Thread(target=api.push, daemon=True) for _ in range(8)]
    for push in pushes:
        push.start()
    began = time.monotonic()
    response = api.client.get("/readyz")
    assert time.monotonic() - began < 6  # 3.5 where nothing else runs: probe, connection, reply
    assert response.status_code == 503 or response.json()["checks"]["database"] != "ok"
    eventually(lambda: api.client.get("/readyz").status_code == 503, 10)
    for push in pushes:
        push.join(30)
        assert not push.is_alive()
    assert_problem(api.push(), 503, "store_unavailable")
    link.swallows = False
    eventually(lambda: api.push().status_code == 200, 15)  # accepted before
