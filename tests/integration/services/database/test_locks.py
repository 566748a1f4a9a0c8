"""SQLite's writers of one process take turns, so that none of them starves at the file's lock."""

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


def test_one_writer_at_a_time_asks_for_the_file_s_lock(sqlite_database: Database) -> None:
    file = sqlite_database.sqlite_file()
    assert file is not None
    database = Database(str(sqlite_database.url), DatabaseSettings(busy_timeout_s=60))
    asked: list[str] = []
    event.listen(database.engine, "checkout", lambda *_: asked.append(threading.current_thread().name))
    writers = [threading.Thread(target=push, args=(database, article(f"Story {n}."))) for n in range(5)]
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for writer in writers:
            writer.start()
        end = time.monotonic() + 30
        while not asked and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(0.5)
        assert len(asked) == 1, "the others wait to be woken, and do not sleep and look again"
        other.execute("ROLLBACK")
    for writer in writers:
        writer.join()
    assert len(asked) == 5
    database.dispose()


def test_who_gets_no_turn_is_told(sqlite_database: Database) -> None:
    database = Database(str(sqlite_database.url), DatabaseSettings(busy_timeout_s=0.2))
    with database.write(), pytest.raises(StoreUnavailable, match="write lock not free"), database.write():
        pass
    push(database, article("One."))
    database.dispose()


def test_a_forked_child_has_turns_of_its_own(sqlite_database: Database) -> None:
    """As if a thread of the parent had been writing in the moment of the fork."""
    sqlite_database._write_lock.acquire()
    sqlite_database.dispose(close=False)
    push(sqlite_database, article("One."))
