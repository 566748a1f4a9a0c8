from __future__ import annotations

import threading
import time
from collections.abc import Callable

from sqlalchemy import select

from services.database import locks
from services.database.engine import Database, now_ms
from services.settings import Sources
from services.sources import schedule
from services.sources.records import SourceKind
from services.sources.runner import SourcesThread
from tests.support.sources import add_source, atom, fetch_settings, state_of, stored_articles
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


def test_claim_is_extended_while_its_attempt_runs_and_not_after_its_outcome_is_stored(database: Database) -> None:
    source = add_source(database, SourceKind.POLL, "https://news.example/feed")
    [due] = schedule.claim_due(database, (), 10)
    claims = {source.id: due.claimed_until}
    with database.write() as connection:
        extended = schedule.extend_claims(connection, claims)
        assert extended[source.id] >= due.claimed_until
        soon = connection.execute(select(now_ms())).scalar_one() + 90_000
    assert extended[source.id] < soon, "a process that dies delays the source by little more than a minute"
    schedule.save_progress(database, source, None, Sources())
    next_at = state_of(database, source).next_at
    with database.write() as connection:
        assert schedule.extend_claims(connection, extended) == {}
    assert state_of(database, source).next_at == next_at


def test_lock_of_a_process_that_died_ends_soon(sqlite_database: Database) -> None:
    assert locks.acquire(sqlite_database, "sources", 50) is not None
    assert locks.acquire(sqlite_database, "sources") is None
    time.sleep(0.06)
    lock = locks.acquire(sqlite_database, "sources", 50)
    assert lock is not None
    with sqlite_database.write() as connection:
        assert locks.extend(connection, lock)
    time.sleep(0.06)
    assert locks.acquire(sqlite_database, "sources") is not None


def test_nothing_is_fetched_by_default(sqlite_database: Database) -> None:
    with run_web_server() as web:
        add_source(sqlite_database, SourceKind.POLL, web.url("/feed"))
        thread = SourcesThread(sqlite_database, fetch_settings(sources={"fetch": False}), threading.Event())
        thread.start()
        thread.join()
        assert web.requests == []
    assert locks.acquire(sqlite_database, "sources") is not None
