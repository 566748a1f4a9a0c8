"""How writers on SQLite wait for one another."""

from __future__ import annotations

import threading
import time

import pytest

from services.database.engine import Database
from services.errors import StoreFault, StoreUnavailable
from services.settings import Database as DatabaseSettings


def another(database: Database, busy_timeout_s: float) -> Database:
    """Return the same database as another process has it: without the lock that threads share."""
    return Database(database.url.render_as_string(), DatabaseSettings(busy_timeout_s=busy_timeout_s))


def test_writer_has_the_lock_within_milliseconds_of_its_release(sqlite_database: Database) -> None:
    """SQLite's own handler sleeps for 20 ms and more by then; the best of some tries is compared, as machines pause."""
    other = another(sqlite_database, 5)
    delays = []
    for _ in range(5):
        held, released_at = threading.Event(), 0.0

        def hold() -> None:
            nonlocal released_at
            with sqlite_database.write():
                held.set()  # noqa: B023 -- runs in this turn
                time.sleep(0.06)
            released_at = time.monotonic()

        holder = threading.Thread(target=hold)
        holder.start()
        held.wait(5)
        with other.write():
            began = time.monotonic()
        holder.join()
        delays.append(began - released_at)
    other.dispose()
    assert min(delays) < 0.01


def test_writer_that_finds_no_free_lock_in_time_raises_store_unavailable(sqlite_database: Database) -> None:
    other = another(sqlite_database, 0.3)
    began = time.monotonic()
    with sqlite_database.write(), pytest.raises(StoreUnavailable) as caught, other.write():
        pass
    assert caught.value.fault is StoreFault.LOCKED
    assert 0.3 <= time.monotonic() - began < 5
    with other.write() as connection:  # the other waits of a transaction are as before
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 300
    other.dispose()
