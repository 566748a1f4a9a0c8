from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import Any

import pytest
from sqlalchemy import select

from services.database import migrations
from services.database.engine import Database
from services.database.tables import jobs
from services.settings import Database as DatabaseSettings
from tests.support.api import assert_problem, complete_job, count_articles, push_batch
from tests.support.ledger import set_row
from tests.support.postgres import PostgresServer, find_programs


def test_push_to_a_full_feed_is_429_and_other_feeds_are_unaffected(database: Database, serve: Any) -> None:
    api = serve(database, limits={"queued_per_feed": 2})
    assert {
        item["status"]
        for item in push_batch(api, {"body": "1", "feed": "a"}, {"body": "2", "feed": "a"}).json()["items"]
    } == {202}
    api.await_reassessment()
    refused = api.push("3", feed="a")
    assert "'a'" in assert_problem(refused, 429, "feed_queue_full")["detail"]
    assert int(refused.headers["Retry-After"]) > 0
    mixed = push_batch(api, {"body": "3", "feed": "a"}, {"body": "4", "feed": "b"}, {"body": "5", "feed": "a"})
    assert mixed.status_code == 200
    assert [item["status"] for item in mixed.json()["items"]] == [429, 202, 429]
    assert mixed.json()["items"][0]["problem"]["code"] == "feed_queue_full"
    assert count_articles(database) == 3
    with database.read() as connection:
        for job_id in connection.execute(select(jobs.c.id).where(jobs.c.feed == "a")).scalars().all():
            complete_job(database, job_id)
    api.await_reassessment()
    assert api.push("3", feed="a").status_code == 202


def test_push_behind_a_backlog_too_old_is_503_until_it_shrinks(database: Database, serve: Any) -> None:
    api = serve(database, limits={"wait_s": 60})
    job_id = api.push_id("One.")
    set_row(database, job_id, queued_at=int(time.time() * 1000) - 61_000)
    api.await_reassessment()
    refused = api.push("Two.")
    assert_problem(refused, 503, "backlog_too_old")
    assert int(refused.headers["Retry-After"]) > 0
    assert_problem(push_batch(api, {"body": "Two."}), 503, "backlog_too_old")
    assert count_articles(database) == 1
    complete_job(database, job_id)
    api.await_reassessment()
    assert api.push("Two.").status_code == 202


def test_push_with_a_nearly_full_disk_is_503(sqlite_database: Database, serve: Any) -> None:
    api = serve(sqlite_database, limits={"free_disk_ratio": 0.999999})
    refused = api.push()
    assert "MB left" in assert_problem(refused, 503, "disk_full")["detail"]
    assert int(refused.headers["Retry-After"]) > 0
    assert count_articles(sqlite_database) == 0


# --- the database is unavailable ---


def test_push_with_a_locked_database_is_503_and_stores_nothing(sqlite_database: Database, serve: Any) -> None:
    api = serve(sqlite_database, database={"busy_timeout_s": 0.2})
    file = sqlite_database.sqlite_file()
    assert file is not None
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for answer in (api.push(), push_batch(api, {"body": "One."})):
            assert "nothing was accepted" in assert_problem(answer, 503, "store_unavailable")["detail"]
            assert int(answer.headers["Retry-After"]) > 0
        other.execute("ROLLBACK")
    assert count_articles(sqlite_database) == 0
    assert api.push().status_code == 202


@pytest.mark.postgres
def test_push_without_postgresql_is_503_until_it_is_back(serve: Any) -> None:
    programs = find_programs()
    if programs is None:
        pytest.skip("PostgreSQL's programs (initdb, postgres) are not installed")
    server = PostgresServer(programs)
    server.start()
    try:
        with server.new_database() as url:
            database = Database(url, DatabaseSettings())
            migrations.upgrade(database)
            api = serve(database, database={"busy_timeout_s": 0.5})
            assert api.push("One.").status_code == 202
            assert server.process is not None
            server.process.kill()
            server.process.wait()
            refused = api.push("Two.")
            assert_problem(refused, 503, "store_unavailable")
            assert int(refused.headers["Retry-After"]) > 0
            ready = api.client.get("/readyz")
            assert (ready.status_code, ready.json()["status"]) == (503, "unavailable")
            assert ready.json()["checks"]["workers"] == "unknown"
            assert api.client.get("/healthz").status_code == 200
            server.start()
            assert count_articles(database) == 1
            assert api.push("Two.").status_code == 202
            api.stop()
            database.dispose()
    finally:
        server.stop()
