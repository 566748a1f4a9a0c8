from __future__ import annotations

import contextlib
import json
import signal
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import redis
from jsonschema import Draft202012Validator

from services.contracts import Article, QueueName
from services.database.engine import Database
from services.dispatch.celery_app import Role, create_celery
from services.dispatch.dispatcher import Dispatcher
from services.dispatch.sweeper import Sweeper
from services.jobs import hosts
from services.jobs.hosts import HostRole
from services.settings import Database as DatabaseSettings
from tests.support.api import Api, api_settings, samples

# --- health -----------------------------------------------------------------------------------------------------------------


def test_a_process_is_alive(sqlite_api: Api) -> None:
    answer = sqlite_api.client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "checks": {}})


def test_ready_when_all_is_there(database: Database, serve: Any, redis_process: Any) -> None:
    api = serve(database, redis_url=redis_process.url)
    assert api.client.get("/readyz").json()["checks"]["workers"].startswith("no worker")
    hosts.announce(database, HostRole.WORKER, "node/a", slots=2)
    answer = api.client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert set(answer.json()["checks"].values()) == {"ok"}
    redis_process.kill()
    degraded = api.client.get("/readyz")
    assert (degraded.status_code, degraded.json()["status"]) == (200, "degraded")
    assert degraded.json()["checks"]["redis"].endswith("articles wait in the ledger")
    assert (degraded.json()["checks"]["database"], degraded.json()["checks"]["workers"]) == ("ok", "ok")


def test_without_redis_articles_are_taken_in_and_it_says_so(sqlite_api: Api) -> None:
    answer = sqlite_api.client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert "refused" in answer.json()["checks"]["redis"]
    assert sqlite_api.push().status_code == 202


def test_without_the_schema_it_is_not_ready(database_url: str, serve: Any) -> None:
    empty = Database(database_url, DatabaseSettings())
    api = serve(empty)
    answer = api.client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")
    assert "stancewire migrate" in answer.json()["checks"]["database"]
    assert api.client.get("/healthz").status_code == 200
    assert api.push().status_code == 503
    api.stop()
    empty.dispose()


def test_a_database_that_was_never_there_is_not_ready(serve: Any) -> None:
    nowhere = Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing", DatabaseSettings())
    api = serve(nowhere, database={"busy_timeout_s": 0.5})
    answer = api.client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")
    assert answer.json()["checks"]["workers"] == "unknown"
    refused = api.push()
    assert (refused.status_code, refused.json()["code"], refused.headers["Retry-After"]) == (
        503,
        "store_unavailable",
        "5",
    )
    assert samples(api)["stancewire_ledger_up", ()] == 0


# --- OpenAPI ----------------------------------------------------------------------------------------------------------------


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_the_openapi_document_is_sound(sqlite_api: Api) -> None:
    document = sqlite_api.client.get("/openapi.json").raise_for_status().json()
    assert document["openapi"].startswith("3.1.")
    assert document["info"]["title"] == "Stancewire"
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    for reference in references(document):
        target = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    assert all(operation["responses"] for operation in operations)


def test_the_openapi_document_says_what_is_pushed_and_how_errors_look(sqlite_api: Api) -> None:
    document = sqlite_api.client.get("/openapi.json").json()
    push = document["paths"]["/v1/articles"]["post"]
    assert push["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Article"}
    assert set(document["components"]["schemas"]["Article"]["properties"]) == set(
        Article.model_json_schema(by_alias=True)["properties"]
    )
    assert {"200", "202", "400", "413", "415", "422", "429", "503"} <= set(push["responses"])
    for path in document["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                if status.startswith(("4", "5")) and "Health" not in json.dumps(response):
                    problem = response.get("content", {}).get("application/problem+json", {}).get("schema")
                    assert status == "410" or problem == {"$ref": "#/components/schemas/Problem"}, (
                        operation["operationId"],
                        status,
                    )


# --- Redis frozen -----------------------------------------------------------------------------------------------------------


def test_a_push_does_not_wait_for_a_frozen_redis_and_nothing_is_lost(
    database: Database, serve: Any, redis_process: Any, eventually: Callable[[Callable[[], bool], float], None]
) -> None:
    api = serve(database, redis_url=redis_process.url)
    api.client.get("/healthz")
    redis_process.process.send_signal(signal.SIGSTOP)
    try:
        times = []
        for number in range(20):
            began = time.monotonic()
            assert api.push(f"Story {number}.").status_code == 202
            times.append(time.monotonic() - began)
        assert statistics.median(times) < 0.1, times
        assert max(times) < 1, times
        assert api.client.get("/readyz").json()["status"] == "degraded"
    finally:
        redis_process.process.send_signal(signal.SIGCONT)
    settings = api_settings(database, redis_url=redis_process.url)
    sender = create_celery(settings.broker, redis_process.url, Role.SENDER)
    dispatcher = Dispatcher(database, sender, redis_process.url, settings.broker)
    sweeper = Sweeper(database, dispatcher, settings)
    client = redis.Redis.from_url(redis_process.url)
    queue = settings.broker.key_prefix + QueueName.ANALYSE

    def all_there() -> bool:
        sweeper.sweep()
        waiting = [json.loads(entry)["headers"]["id"] for entry in client.lrange(queue, 0, -1)]
        return dispatched(database) <= set(waiting) and len(dispatched_jobs(database)) == 20

    with contextlib.closing(client):
        eventually(all_there, 10)
    close(dispatcher, sender)


def dispatched_jobs(database: Database) -> list[Any]:
    from sqlalchemy import select

    from services.database.tables import IN_WINDOW, jobs

    with database.read() as connection:
        return list(connection.execute(select(jobs.c.message_id).where(IN_WINDOW)).scalars())


def dispatched(database: Database) -> set[str]:
    return {str(message_id) for message_id in dispatched_jobs(database)}


def close(dispatcher: Dispatcher, sender: Any) -> None:
    dispatcher._redis.close()
    sender.close()


def test_health_is_only_read(sqlite_api: Api) -> None:
    assert {sqlite_api.client.request(method, "/healthz").status_code for method in ("POST", "PUT", "DELETE")} == {405}
