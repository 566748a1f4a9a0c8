"""On SQLite an in-process lock orders the writers of a process, so that none starves waiting for the file's lock."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time

import pytest
from sqlalchemy import event

from services.database.engine import Database
from services.errors import StoreUnavailable
from services.settings import Database as DatabaseSettings
from tests.support.ledger import article, push


def test_only_one_writer_at_a_time_waits_for_the_file_lock(sqlite_database: Database) -> None:
    file = sqlite_database.sqlite_file()
    assert file is not None
    database = Database(str(sqlite_database.url), DatabaseSettings(busy_timeout_s=60))
    connected: list[str] = []
    event.listen(database.engine, "checkout", lambda *_: connected.append(threading.current_thread().name))
    writers = [threading.Thread(target=push, args=(database, article(f"Story {n}."))) for n in range(5)]
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other_process:
        other_process.execute("BEGIN IMMEDIATE")
        for writer in writers:
            writer.start()
        deadline = time.monotonic() + 30
        while not connected and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.5)
        assert len(connected) == 1, "the others wait for the in-process lock instead of polling the file"
        other_process.execute("ROLLBACK")
    for writer in writers:
        writer.join()
    assert len(connected) == 5
    database.dispose()


def test_writer_gets_store_unavailable_after_the_busy_timeout(sqlite_database: Database) -> None:
    database = Database(str(sqlite_database.url), DatabaseSettings(busy_timeout_s=0.2))
    with database.write(), pytest.raises(StoreUnavailable, match="write lock not free"), database.write():
        pass
    push(database, article("One."))
    database.dispose()


def test_forked_child_has_its_own_write_lock(sqlite_database: Database) -> None:
    """The lock is held as if a thread of the parent had been writing at the moment of the fork."""
    sqlite_database._write_lock.acquire()
    sqlite_database.dispose(close=False)
    push(sqlite_database, article("One."))
