from __future__ import annotations

import threading
from collections.abc import Callable

from services.database import locks
from services.database.engine import Database
from services.sources.records import SourceKind
from services.sources.runner import SourcesThread
from tests.support.sources import add_source, atom, fetch_settings, stored_articles
from tests.support.web_server import Reply, run_web_server


def test_thread_fetches_while_it_holds_the_lock_and_releases_it(
    database: Database, eventually: Callable[[Callable[[], bool], float], None]
) -> None:
    stopping = threading.Event()
    with run_web_server(lambda _request: Reply(atom(("1", "First")))) as web:
        add_source(database, SourceKind.POLL, web.url("/feed"))
        thread = SourcesThread(database, fetch_settings(sources={"robots": False}), stopping)
        thread.start()
        eventually(lambda: stored_articles(database) == [("1", "First")], 20)
        assert locks.acquire(database, "sources") is None, "another process would not fetch"
        stopping.set()
        thread.join()
    assert locks.acquire(database, "sources") is not None


def test_nothing_is_fetched_by_default(sqlite_database: Database) -> None:
    with run_web_server() as web:
        add_source(sqlite_database, SourceKind.POLL, web.url("/feed"))
        thread = SourcesThread(sqlite_database, fetch_settings(sources={"fetch": False}), threading.Event())
        thread.start()
        thread.join()
        assert web.requests == []
    assert locks.acquire(sqlite_database, "sources") is not None
