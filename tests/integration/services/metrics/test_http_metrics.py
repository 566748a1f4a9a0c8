"""The /metrics page of an API process: metrics of the process, the ledger and the stores."""

from __future__ import annotations

import contextlib
import math
import sqlite3
import time
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from services.database.engine import Database
from services.dispatch.store_watch import StoreWatch
from services.errors import TransientError
from services.jobs import hosts, leases
from services.jobs.hosts import HostRole
from services.metrics import LedgerCollector, declared_names
from services.metrics import ledger as ledger_metrics
from tests.support.api import Api, api_settings, complete_job, fail_job, lease_job, read_metrics
from tests.support.ledger import article, push, set_row


@pytest.fixture(autouse=True)
def every_scrape_reads_the_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never reuse a snapshot, however slow the machine was when it was read."""
    monkeypatch.setattr(ledger_metrics, "_SLOW_READ_S", math.inf)


def test_metrics_page_shows_ledger_counts(database: Database, serve: Any) -> None:
    api = serve(database)
    before = read_metrics(api)
    assert before["stancewire_ledger_up", ()] == 1
    assert before["stancewire_jobs", (("state", "queued"),)] == 0
    assert before["stancewire_job_attempts_total", ()] == 0
    job_id = api.push_id("One two three.", feed="wire")
    api.push("One two three.", feed="wire")
    queued_id = api.push_id("Other.", feed="wire")
    set_row(database, queued_id, queued_at=int(time.time() * 1000) - 60_000)
    complete_job(database, job_id)
    hosts.announce(database, HostRole.WORKER, "node/a", slots=3)
    after = read_metrics(api)
    wire = (("feed", "wire"),)
    assert after["stancewire_articles_accepted_total", wire] == 2
    assert after["stancewire_articles_repeated_total", wire] == 1
    assert after["stancewire_jobs_finished_total", (("state", "succeeded"),)] == 1
    assert before["stancewire_jobs_finished_total", (("state", "dead"),)] == 0
    assert after["stancewire_job_attempts_total", ()] == 1
    assert after["stancewire_words_analysed_total", ()] == 3
    assert after["stancewire_jobs", (("state", "queued"),)] == 1
    assert 59 < after["stancewire_oldest_queued_seconds", ()] < 90
    assert after["celery_active_process_count", (("queue_name", "stancewire.analyse"),)] == 3


def test_requests_are_counted_by_route_not_by_path(sqlite_api: Api) -> None:
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
    metrics = read_metrics(sqlite_api)

    def request_count(method: str, route: str, status: int) -> float:
        return metrics[
            "stancewire_http_requests_total", (("method", method), ("route", route), ("status", str(status)))
        ]

    assert request_count("POST", "/v1/articles", 202) == 2
    assert request_count("POST", "/v1/articles", 422) == 1
    assert request_count("GET", "/v1/jobs/{job_id}", 200) == 2
    assert request_count("GET", "/v1/jobs/{job_id}", 422) == 1
    assert request_count("GET", "/v1/jobs/{job_id}/result", 409) == 2
    assert request_count("GET", "none", 404) == 3
    routes = {dict(labels)["route"] for name, labels in metrics if name == "stancewire_http_requests_total"}
    assert routes == {"/v1/articles", "/v1/jobs/{job_id}", "/v1/jobs/{job_id}/result", "none"}
    job_route = (("method", "GET"), ("route", "/v1/jobs/{job_id}"))
    assert metrics["stancewire_http_request_seconds_count", job_route] == 3


def test_refused_articles_are_counted_by_problem_code(sqlite_database: Database, serve: Any) -> None:
    api = serve(sqlite_database, limits={"queued_per_feed": 1})
    api.push("One.")
    api.await_reassessment()
    api.push("Two.")
    api.client.post("/v1/articles:batch", content=b'{"body": "Three."}\n{\n{}')
    metrics = read_metrics(api)
    assert metrics["stancewire_articles_refused_total", (("code", "feed_queue_full"),)] == 2
    assert metrics["stancewire_articles_refused_total", (("code", "invalid"),)] == 2


def test_all_exported_series_are_declared(sqlite_api: Api, sqlite_database: Database) -> None:
    complete_job(sqlite_database, sqlite_api.push_id())
    sqlite_api.push("x", feed="A B")
    names = {name for name, _ in read_metrics(sqlite_api)}
    assert {name for name in names if not name.startswith("process_")} <= declared_names()
    assert {"process_resident_memory_bytes", "stancewire_build_info"} <= names


def test_metrics_page_is_served_while_ledger_is_locked(sqlite_database: Database, serve: Any) -> None:
    api = serve(sqlite_database, database={"busy_timeout_s": 0.2})
    file = sqlite_database.sqlite_file()
    assert file is not None
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        api.push()
        metrics = read_metrics(api)
        connection.execute("ROLLBACK")
    status = (("method", "POST"), ("route", "/v1/articles"), ("status", "503"))
    assert metrics["stancewire_http_requests_total", status] == 1


def test_requested_wait_is_excluded_from_request_time(sqlite_api: Api) -> None:
    began = time.monotonic()
    sqlite_api.client.post("/v1/articles", json={"body": "One."}, headers={"Prefer": "wait=1"})
    assert time.monotonic() - began >= 1
    metrics = read_metrics(sqlite_api)
    push = (("method", "POST"), ("route", "/v1/articles"))
    assert metrics["stancewire_http_request_seconds_count", push] == 1
    assert metrics["stancewire_http_request_seconds_sum", push] < 0.9
    assert metrics["stancewire_http_requests_in_flight", ()] == 0


def test_unknown_http_methods_share_one_series(sqlite_api: Api) -> None:
    for method in ("PURGE", "PROPFIND", "MKCOL"):  # methods that the server's parser accepts
        sqlite_api.client.request(method, "/v1/jobs")
    methods = {
        dict(labels)["method"] for name, labels in read_metrics(sqlite_api) if name == "stancewire_http_requests_total"
    }
    assert methods == {"other"}


def test_each_kind_of_push_refusal_is_counted(sqlite_database: Database, serve: Any) -> None:
    api: Api = serve(sqlite_database, limits={"body_bytes": 10_000})
    api.push("x", feed="A B")
    api.client.post("/v1/articles", content=b"x" * 10_001)
    api.client.post("/v1/articles", content=b"[" * 100, headers={"Content-Type": "application/json"})
    api.client.post("/v1/articles", content=b"a=b", headers={"Content-Type": "text/csv"})
    api.client.get("/v1/jobs/17")  # an error, but no article refused
    metrics = read_metrics(api)
    refused = {
        dict(labels)["code"]: value
        for (name, labels), value in metrics.items()
        if name == "stancewire_articles_refused_total" and value
    }
    assert refused == {"invalid": 1, "body_too_large": 1, "nesting_too_deep": 1, "media_type": 1}


def test_queue_waits_and_run_times_are_ledger_histograms(database: Database, serve: Any) -> None:
    api = serve(database)
    job_id = api.push_id("One.")
    set_row(database, job_id, queued_at=int(time.time() * 1000) - 70_000, next_run_at=0)
    leased_job = lease_job(database, job_id)
    leases.requeue(database, leased_job, TransientError("later"), max_attempts=3, delay_s=0, run_s=0.3)
    fail_job(database, job_id)
    metrics = read_metrics(api)
    wait, run = "stancewire_job_queue_wait_seconds", "stancewire_job_run_seconds"
    assert metrics[f"{wait}_count", ()] == 2
    assert metrics[f"{wait}_bucket", (("le", "60.0"),)] == 1
    assert metrics[f"{wait}_bucket", (("le", "300.0"),)] == metrics[f"{wait}_bucket", (("le", "+Inf"),)] == 2
    assert 70 <= metrics[f"{wait}_sum", ()] < 100
    assert (metrics[f"{run}_count", ()], metrics[f"{run}_sum", ()]) == (1, 0.3)
    assert metrics[f"{run}_bucket", (("le", "0.25"),)] == 0
    reasons = {
        dict(labels)["reason"]: value
        for (name, labels), value in metrics.items()
        if name == "stancewire_attempts_unsuccessful_total"
    }
    assert reasons == {"temporary": 1, "language_unsupported": 1}
    assert metrics["stancewire_feed_failed_total", (("feed", "default"),)] == 1


def test_first_feeds_keep_their_own_series_and_others_are_summed(database: Database) -> None:
    watch = StoreWatch(database, api_settings(database))

    def accepted_by_feed() -> dict[str, float]:
        registry = CollectorRegistry()
        registry.register(LedgerCollector(database, feeds=2, watch=watch))
        [accepted] = [family for family in registry.collect() if family.name == "stancewire_articles_accepted"]
        return {sample.labels["feed"]: sample.value for sample in accepted.samples}

    push(database, article("One.", feed="zeta"), article("Two.", feed="zeta"), article("One.", feed="zeta"))
    push(database, article("One.", feed="mean"))
    assert accepted_by_feed() == {"zeta": 2, "mean": 1}
    push(database, *(article(f"{number}.", feed=feed) for number in range(5) for feed in ("alpha", "beta")))
    assert accepted_by_feed() == {"zeta": 2, "mean": 1, "_other": 10}


def test_metrics_page_shows_redis_disk_and_connection_pool(
    sqlite_database: Database, serve: Any, redis_process: Any
) -> None:
    api = serve(sqlite_database, redis_url=redis_process.url)
    api.push("One.")
    metrics = read_metrics(api)
    assert metrics["stancewire_redis_up", ()] == 1
    assert metrics["stancewire_redis_memory_bytes", ()] > 100_000
    assert metrics["stancewire_redis_evicted_keys_total", ()] == 0
    assert 0 < metrics["stancewire_redis_ping_seconds", ()] < 1
    assert ("celery_queue_length", (("queue_name", "stancewire.analyse"),)) in metrics
    assert 0 < metrics["stancewire_disk_free_bytes", ()] <= metrics["stancewire_disk_size_bytes", ()]
    assert metrics["stancewire_database_pool_size", ()] == 10
    assert metrics["stancewire_database_transaction_seconds_count", (("kind", "write"),)] >= 1
    assert metrics["stancewire_database_size_bytes", ()] > 10_000
    redis_process.kill()
    after = read_metrics(api)
    assert after["stancewire_redis_up", ()] == 0
    assert ("stancewire_redis_memory_bytes", ()) not in after
