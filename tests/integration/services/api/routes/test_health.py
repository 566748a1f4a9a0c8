from __future__ import annotations

import contextlib
import errno
import json
import signal
import statistics
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
import redis
from sqlalchemy import select

from services.caller import Scope
from services.contracts import QueueName
from services.database.engine import Database
from services.database.tables import IN_WINDOW, jobs
from services.dispatch.celery_app import Role, create_celery
from services.dispatch.dispatcher import Dispatcher
from services.dispatch.sweeper import Sweeper
from services.jobs import hosts
from services.jobs.hosts import HostRole
from services.settings import Database as DatabaseSettings
from tests.support.api import Api, api_settings, make_key, read_metrics


def test_healthz_is_ok(sqlite_api: Api) -> None:
    response = sqlite_api.client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok", "checks": {}})


def test_healthz_allows_only_get(sqlite_api: Api) -> None:
    assert {sqlite_api.client.request(method, "/healthz").status_code for method in ("POST", "PUT", "DELETE")} == {405}


def test_readyz_is_ok_with_redis_and_a_worker_and_degraded_without(
    database: Database, serve: Any, redis_process: Any
) -> None:
    api = serve(database, redis_url=redis_process.url)
    assert api.client.get("/readyz").json()["checks"]["workers"].startswith("no worker")
    hosts.announce(database, HostRole.WORKER, "node/a", slots=2)
    response = api.client.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (200, "ok")
    assert set(response.json()["checks"].values()) == {"ok"}
    redis_process.kill()
    response = api.client.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert response.json()["checks"]["redis"].endswith("articles wait in the ledger")
    assert (response.json()["checks"]["database"], response.json()["checks"]["workers"]) == ("ok", "ok")


def test_readyz_without_redis_is_degraded_and_articles_are_accepted(sqlite_api: Api) -> None:
    response = sqlite_api.client.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert "refused" in response.json()["checks"]["redis"]
    assert sqlite_api.push().status_code == 202


def test_readyz_names_missing_file_descriptors_and_nothing_else_about_files(
    sqlite_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "files" not in sqlite_api.client.get("/readyz").json()["checks"]

    def too_many(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("services.api.routes.health.os.open", too_many)
    health = sqlite_api.client.get("/readyz").json()
    monkeypatch.undo()
    assert health["status"] == "degraded"
    assert "no file descriptor is left (runbook: StancewireApiDown)" in health["checks"]["files"]


def test_readyz_without_the_schema_is_unavailable(database_url: str, serve: Any) -> None:
    empty = Database(database_url, DatabaseSettings())
    api = serve(empty)
    response = api.client.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (503, "unavailable")
    assert "stancewire migrate" in response.json()["checks"]["database"]
    assert api.client.get("/healthz").status_code == 200
    assert api.push().status_code == 503
    api.stop()
    empty.dispose()


def test_readyz_without_the_database_is_unavailable(serve: Any) -> None:
    unreachable = Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing", DatabaseSettings())
    # Metrics are open here, since no key can be checked without the database.
    api = serve(unreachable, database={"busy_timeout_s": 0.5}, access={"metrics": "open"})
    response = api.client.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (503, "unavailable")
    assert response.json()["checks"]["workers"] == "unknown"
    response = api.push()
    assert (response.status_code, response.json()["code"], response.headers["Retry-After"]) == (
        503,
        "store_unavailable",
        "5",
    )
    assert read_metrics(api)["stancewire_ledger_up", ()] == 0


def test_readyz_shows_details_to_admin_keys_only(shared_api: tuple[Api, Database]) -> None:
    api, database = shared_api
    for key in (None, make_key(database, Scope.READ), "swk_nonsense"):
        checks = api.client_of(key).get("/readyz").json()["checks"]
        assert checks["redis"] == "Redis does not answer (runbook: StancewireRedisDown); articles wait in the ledger"
    assert "127.0.0.1" in api.client.get("/readyz").json()["checks"]["redis"]


@pytest.mark.parametrize(
    ("setting", "local", "forwarded"), [("open", 200, 200), ("loopback", 200, 401), ("key", 401, 401)]
)
def test_metrics_need_a_key_as_the_setting_says(
    sqlite_database: Database, serve: Any, setting: str, local: int, forwarded: int
) -> None:
    api: Api = serve(sqlite_database, access={"metrics": setting})
    anonymous = api.client_of(None)
    assert anonymous.get("/metrics").status_code == local
    assert anonymous.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == forwarded
    assert api.client.get("/metrics", headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 200
    feed_client = api.client_of(make_key(sqlite_database, Scope.READ, feeds=("wire",)))
    assert feed_client.get("/metrics", headers={"X-Forwarded-For": "192.0.2.1"}).status_code == (
        200 if setting == "open" else 403
    )


# --- Redis frozen ---


def test_push_does_not_wait_for_a_frozen_redis_and_no_job_is_lost(
    database: Database, serve: Any, redis_process: Any, eventually: Callable[[Callable[[], bool], float], None]
) -> None:
    api = serve(database, redis_url=redis_process.url)
    api.client.get("/healthz")
    redis_process.process.send_signal(signal.SIGSTOP)
    try:
        seconds = []
        for number in range(20):
            started = time.monotonic()
            assert api.push(f"Story {number}.").status_code == 202
            seconds.append(time.monotonic() - started)
        assert statistics.median(seconds) < 0.1, seconds
        assert max(seconds) < 1, seconds
        assert api.client.get("/readyz").json()["status"] == "degraded"
    finally:
        redis_process.process.send_signal(signal.SIGCONT)
    settings = api_settings(database, redis_url=redis_process.url)
    sender = create_celery(settings.broker, redis_process.url, Role.SENDER)
    dispatcher = Dispatcher(database, sender, redis_process.url, settings.broker)
    sweeper = Sweeper(database, dispatcher, settings)
    client = redis.Redis.from_url(redis_process.url)
    queue = settings.broker.key_prefix + QueueName.ANALYSE

    def all_dispatched() -> bool:
        sweeper.sweep()
        waiting = {json.loads(entry)["headers"]["id"] for entry in client.lrange(queue, 0, -1)}
        dispatched = dispatched_message_ids(database)
        return {str(message_id) for message_id in dispatched} <= waiting and len(dispatched) == 20

    with contextlib.closing(client):
        eventually(all_dispatched, 10)
    close(dispatcher, sender)


def dispatched_message_ids(database: Database) -> list[UUID]:
    with database.read() as connection:
        return list(connection.execute(select(jobs.c.message_id).where(IN_WINDOW)).scalars())


def close(dispatcher: Dispatcher, sender: Any) -> None:
    dispatcher._redis.close()
    sender.close()
