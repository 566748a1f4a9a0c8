from __future__ import annotations

import contextlib
import json
import signal
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import redis
from jsonschema import Draft202012Validator
from prometheus_client.parser import text_string_to_metric_families

from services.broker.app import Role, create_celery
from services.broker.dispatch import Dispatcher
from services.broker.sweeper import Sweeper
from services.contracts import Article, QueueName
from services.metrics import declared_names
from services.results import presence
from services.results.database import Database
from services.results.presence import HostRole
from services.settings import Database as DatabaseSettings
from tests.support.api import Api, api_settings, finish
from tests.support.ledger import set_row


def samples(api: Api) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = api.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


# --- health -----------------------------------------------------------------------------------------------------------------


def test_a_process_is_alive(sqlite_api: Api) -> None:
    answer = sqlite_api.client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "checks": {}})


def test_ready_when_all_is_there(database: Database, serve: Any, redis_process: Any) -> None:
    api = serve(database, redis_url=redis_process.url)
    assert api.client.get("/readyz").json()["checks"]["workers"].startswith("no worker")
    presence.announce(database, HostRole.WORKER, "node/a", slots=2)
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
    assert (refused.status_code, refused.json()["code"], refused.headers["Retry-After"]) == (503, "store_unavailable", "5")
    assert samples(api)["stancewire_ledger_up", ()] == 0


# --- metrics ----------------------------------------------------------------------------------------------------------------


def test_metrics_show_the_ledger(database: Database, serve: Any) -> None:
    api = serve(database)
    before = samples(api)
    assert before["stancewire_ledger_up", ()] == 1
    assert before["stancewire_jobs", (("state", "queued"),)] == 0
    assert before["stancewire_job_attempts_total", ()] == 0
    job_id = api.push_id("One two three.", feed="wire")
    api.push("One two three.", feed="wire")
    waiting = api.push_id("Other.", feed="wire")
    set_row(database, waiting, queued_at=int(time.time() * 1000) - 60_000)
    finish(database, job_id)
    presence.announce(database, HostRole.WORKER, "node/a", slots=3)
    after = samples(api)
    wire = (("feed", "wire"),)
    assert after["stancewire_articles_accepted_total", wire] == 2
    assert after["stancewire_articles_repeated_total", wire] == 1
    assert after["stancewire_jobs_finished_total", (("state", "succeeded"),)] == 1
    assert after["stancewire_job_attempts_total", ()] == 1
    assert after["stancewire_words_analysed_total", ()] == 3
    assert after["stancewire_jobs", (("state", "queued"),)] == 1
    assert 59 < after["stancewire_oldest_queued_seconds", ()] < 90
    assert after["stancewire_worker_slots", ()] == 3


def test_requests_are_counted_by_route_never_by_path(sqlite_api: Api) -> None:
    first = sqlite_api.push_id("One.")
    second = sqlite_api.push_id("Two.")
    for job_id in (first, second):
        sqlite_api.client.get(f"/v1/jobs/{job_id}")
        sqlite_api.client.get(f"/v1/jobs/{job_id}/result")
    sqlite_api.client.get("/v1/jobs/17")
    for number in range(3):
        sqlite_api.client.get(f"/nowhere/{number}")
    sqlite_api.client.post("/v1/articles", content=b"x" * 2_000_001)
    sqlite_api.push("x", feed="A B")
    found = samples(sqlite_api)

    def counted(method: str, route: str, status: int) -> float:
        return found["stancewire_http_requests_total", (("method", method), ("route", route), ("status", str(status)))]

    assert counted("POST", "/v1/articles", 202) == 2
    assert counted("POST", "/v1/articles", 422) == 1
    assert counted("GET", "/v1/jobs/{job_id}", 200) == 2
    assert counted("GET", "/v1/jobs/{job_id}", 422) == 1
    assert counted("GET", "/v1/jobs/{job_id}/result", 409) == 2
    assert counted("GET", "none", 404) == 3
    routes = {dict(labels)["route"] for name, labels in found if name == "stancewire_http_requests_total"}
    assert routes == {"/v1/articles", "/v1/jobs/{job_id}", "/v1/jobs/{job_id}/result", "none"}
    timed = (("method", "GET"), ("route", "/v1/jobs/{job_id}"))
    assert found["stancewire_http_request_seconds_count", timed] == 3


def test_what_is_refused_is_counted_by_problem(sqlite_database: Database, serve: Any) -> None:
    api = serve(sqlite_database, limits={"queued_per_feed": 1})
    api.push("One.")
    time.sleep(1.1)
    api.push("Two.")
    api.client.post("/v1/articles:batch", content=b'{"body": "Three."}\n{\n{}')
    found = samples(api)
    assert found["stancewire_articles_refused_total", (("code", "feed_queue_full"),)] == 2
    assert found["stancewire_articles_refused_total", (("code", "invalid"),)] == 2


def test_every_series_on_a_scrape_is_declared(sqlite_api: Api, sqlite_database: Database) -> None:
    finish(sqlite_database, sqlite_api.push_id())
    sqlite_api.push("x", feed="A B")
    assert {name for name, _ in samples(sqlite_api)} <= declared_names()


def test_metrics_answer_while_the_ledger_does_not(sqlite_database: Database, serve: Any) -> None:
    api = serve(sqlite_database, database={"busy_timeout_s": 0.2})
    file = sqlite_database.sqlite_file()
    assert file is not None
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        api.push()
        found = samples(api)
        other.execute("ROLLBACK")
    status = (("method", "POST"), ("route", "/v1/articles"), ("status", "503"))
    assert found["stancewire_http_requests_total", status] == 1


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

    from services.results.tables import IN_WINDOW, jobs

    with database.read() as connection:
        return list(connection.execute(select(jobs.c.message_id).where(IN_WINDOW)).scalars())


def dispatched(database: Database) -> set[str]:
    return {str(message_id) for message_id in dispatched_jobs(database)}


def close(dispatcher: Dispatcher, sender: Any) -> None:
    dispatcher._redis.close()
    sender.close()


def test_health_is_only_read(sqlite_api: Api) -> None:
    assert {sqlite_api.client.request(method, "/healthz").status_code for method in ("POST", "PUT", "DELETE")} == {405}
