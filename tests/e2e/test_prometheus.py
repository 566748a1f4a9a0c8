"""A real Prometheus scrapes the running service.

The metrics of dashboards and rules exist, change under load, and survive killed processes.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import redis
import yaml

from services.contracts import QueueName
from services.metrics.catalogue import METRICS
from services.metrics.declaration import Kind
from tests.support.prometheus import DASHBOARDS, RULES, Prometheus, free_port, shorten_durations
from tests.support.stack import Stack, command, environment, push_lines, sample_lines, start_stack

pytestmark = pytest.mark.slow

Eventually = Callable[[Callable[[], bool], float], None]

BOARDS: list[dict[str, Any]] = [json.loads(file.read_text()) for file in sorted(DASHBOARDS.glob("*.json"))]
QUERIES = sorted(
    {target["expr"] for board in BOARDS for panel in board["panels"] for target in panel.get("targets", ())}
)
RULE_EXPRESSIONS = [
    rule["expr"]
    for file in RULES.glob("*.yml")
    for group in yaml.safe_load(file.read_text())["groups"]
    for rule in group["rules"]
]
HISTOGRAM_SERIES = frozenset().union(*(declared.series for declared in METRICS if declared.kind is Kind.HISTOGRAM))
# Metrics that are constant in a healthy service, or that no test should change.
CONSTANT = {
    "stancewire_build_info",
    "stancewire_database_pool_in_use",  # in use for milliseconds: changes between scrapes
    "stancewire_database_pool_size",
    "stancewire_deliverers",
    "stancewire_deliveries_late_seconds",  # nothing is late while the deliverer runs
    "stancewire_disk_size_bytes",
    "stancewire_http_requests_in_flight",  # as short as a request: changes between scrapes
    "stancewire_ledger_up",
    "stancewire_model_info",
    "stancewire_paused",  # exists while something is paused, and is then 1
    "stancewire_redis_evicted_keys_total",
    "stancewire_redis_memory_limit_bytes",
    "stancewire_sweepers",
    "stancewire_worker_children",  # a killed child is replaced between two scrapes
    "celery_active_process_count",
    "celery_active_worker_count",
    "stancewire_store_errors_total",
}
# This exists while a store is broken.
ABSENT = {"stancewire_store_fault"}


@dataclass
class MonitoredStack:
    stack: Stack
    prometheus: Prometheus


@pytest.fixture(scope="module")
def monitored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MonitoredStack]:
    """A service after load of all kinds: valid, foreign and repeated articles, refusals, losses, retries."""
    directory = tmp_path_factory.mktemp("monitored")
    port = free_port()
    settings = {
        "STANCEWIRE_PIPELINE__MODEL": "rules",
        "STANCEWIRE_WORKER__METRICS_PORT": str(port),
        "STANCEWIRE_WORKER__NICENESS": "0",
        "STANCEWIRE_WORKER__LEASE_S": "15",
        "STANCEWIRE_WORKER__HARD_LIMIT_S": "14",
        "STANCEWIRE_WORKER__SOFT_LIMIT_S": "13",
        "STANCEWIRE_WORKER__RENEW_S": "1",
        "STANCEWIRE_BROKER__OVERDUE_S": "1",
        "STANCEWIRE_BROKER__SWEEP_S": "0.2",
    }
    with start_stack(directory / "state", **settings) as stack:
        prometheus = Prometheus(
            directory / "prometheus", {"api": stack.url.removeprefix("http://"), "worker": f"127.0.0.1:{port}"}
        )
        try:
            wait_until(lambda: len(prometheus.query("up == 1")) == 2)  # changes before the first scrape are invisible
            create_load(stack)
            time.sleep(3)
            yield MonitoredStack(stack, prometheus)
        finally:
            prometheus.stop()


def create_load(stack: Stack) -> None:
    foreign = {
        "feed": "wire",
        "body": "Le ministre a déclaré mardi que le projet de loi serait retiré du parlement. " * 5,
    }
    push_lines(stack.url, [*sample_lines(20, "wire"), json.dumps(foreign)])
    push_refused(stack)
    wait_until(lambda: read_metric(stack, 'stancewire_jobs_finished_total{state="succeeded"}') >= 20)
    push_lines(stack.url, sample_lines(5, "wire"))
    push_refused(stack)
    items = push_lines(stack.url, sample_lines(60, "evening"))
    wait_until(lambda: read_metric(stack, 'stancewire_jobs{state="running"}') > 2)
    os.kill(stack.worker_child_pids()[0], signal.SIGKILL)
    redis = stack.pid_of("redis")
    os.kill(redis, signal.SIGSTOP)
    stack.client.get(items[-1]["href"], headers={"Prefer": "wait=4"})
    os.kill(redis, signal.SIGKILL)
    push(stack, "“This is enough,” said the minister, Ana Ruiz, on Tuesday.")
    wait_until(lambda: read_metric(stack, 'stancewire_jobs_finished_total{state="succeeded"}') >= 81)
    stack.client.put("/v1/feeds/held/pause", json={"reason": "for a test"}).raise_for_status()
    prune_a_key(stack)
    add_followers(stack)
    failed = stack.client.get("/v1/jobs", params={"state": "failed"}).json()["items"]
    stack.client.post(f"/v1/jobs/{failed[0]['id']}:retry").raise_for_status()


def add_followers(stack: Stack) -> None:
    """Add a source, and a webhook of a feed that never pushes, in place of the one that was added before."""
    stack.client.post("/v1/feeds/wire/sources", json={"kind": "signed"}).raise_for_status()
    for added in stack.client.get("/v1/webhooks").raise_for_status().json()["items"]:
        stack.client.delete(f"/v1/webhooks/{added['id']}").raise_for_status()
    webhook = {"url": "https://example.org/events", "feeds": ["silent"], "events": ["result.ready"]}
    stack.client.post("/v1/webhooks", json=webhook).raise_for_status()


def send_foreign_message(stack: Stack) -> None:
    """Put an entry that is not a message into the workers' queue."""
    with redis.Redis.from_url(f"unix://{stack.state_dir}/redis.sock") as client:
        client.lpush(f"stancewire:{QueueName.ANALYSE}", b"not for you")


def prune_a_key(stack: Stack) -> None:
    """Make an idempotency key an hour older, as retention keeps younger ones for a minute, and have it removed."""
    article = {"feed": "wire", "body": "“Not again,” said the mayor, Ida Berg, on Monday."}
    stack.client.post("/v1/articles", json=article, headers={"Idempotency-Key": "once"}).raise_for_status()
    with sqlite3.connect(stack.state_dir / "stancewire.db", timeout=30) as ledger:
        ledger.execute("UPDATE idempotency_keys SET created_at = created_at - 3600000")
    ledger.close()
    settings = environment(STANCEWIRE_STATE_DIR=str(stack.state_dir))
    subprocess.run(command("prune", "--keys-days", "0"), env=settings, check=True, capture_output=True, timeout=120)


def push_refused(stack: Stack) -> None:
    """Send an invalid article, and a request without a key."""
    response = stack.client.post("/v1/articles", json={"body": "x", "feed": "wire", "nothing": 1})
    assert response.status_code == 422, response.text
    assert httpx.get(f"{stack.url}/v1/jobs", timeout=30).status_code == 401


def push(stack: Stack, body: str) -> None:
    response = stack.client.post("/v1/articles", json={"feed": "wire", "body": body})
    assert response.status_code in {200, 202}, response.text


def read_metric(stack: Stack, series: str) -> float:
    """Return the value of a series on the /metrics page of the API, or 0 if it is missing."""
    page = httpx.get(f"{stack.url}/metrics", timeout=20).text
    match = re.search(rf"^{re.escape(series)} (\S+)$", page, re.MULTILINE)
    return float(match.group(1)) if match else 0.0


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "not within 120 s"
        time.sleep(0.1)


def family(series: str) -> str:
    """Return the metric of a series: a histogram has three kinds of series."""
    return re.sub(r"_(bucket|sum|count)$", "", series) if series in HISTOGRAM_SERIES else series


def used_metrics() -> set[str]:
    """Return the metrics that dashboards and rules use."""
    # Recorded series are left out; the expressions that record them are included.
    text = re.sub(r"\w+:\w+:\w+", "", "\n".join(QUERIES + RULE_EXPRESSIONS))
    return {family(name) for name in re.findall(r"\b(?:stancewire|celery)_\w+", text)}


def fill_in(query: str) -> str:
    """Return the query of a dashboard as Grafana sends it, with shorter durations."""
    return shorten_durations(query.replace("$__rate_interval", "20s").replace("$feed", ".*"))


def test_every_metric_that_a_dashboard_or_rule_uses_exists(monitored: MonitoredStack) -> None:
    existing = {family(name) for name in monitored.prometheus.metric_names()}
    assert len(used_metrics()) > 40
    assert used_metrics() - existing <= ABSENT


def test_metrics_change_under_load(monitored: MonitoredStack, eventually: Eventually) -> None:
    unchanged = used_metrics() - CONSTANT - ABSENT

    def all_changed() -> bool:
        # Load is repeated, as not every metric has been read since it changed.
        push_lines(monitored.stack.url, sample_lines(5, "wire"))
        push_refused(monitored.stack)
        add_followers(monitored.stack)
        send_foreign_message(monitored.stack)
        time.sleep(1)
        for name in sorted(unchanged):
            shown = f"{name}_count" if name + "_count" in HISTOGRAM_SERIES else name
            if monitored.prometheus.query(f"changes({shown}[10m]) > 0"):
                unchanged.discard(name)
        return not unchanged

    with contextlib.suppress(AssertionError):  # the next line names the unchanged metrics
        eventually(all_changed, 60)
    assert unchanged == set()


def test_every_query_of_a_dashboard_has_data(monitored: MonitoredStack, eventually: Eventually) -> None:
    missing = set(QUERIES)

    def all_have_data() -> bool:
        for query in sorted(missing):
            series = monitored.prometheus.query_range(fill_in(query), 600)
            if any(not math.isnan(float(value)) for one_series in series for _, value in one_series["values"]):
                missing.discard(query)
        return not missing

    with contextlib.suppress(AssertionError):  # the next line names the missing queries
        eventually(all_have_data, 45)
    assert missing == set()


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board["uid"])
def test_variables_of_a_dashboard_have_values(monitored: MonitoredStack, board: dict[str, Any]) -> None:
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["definition"]).groups()  # type: ignore[union-attr]
            assert {series["metric"][label] for series in monitored.prometheus.query(metric)} >= {"wire", "evening"}


def test_counters_survive_a_killed_child_and_a_worker_restart(
    monitored: MonitoredStack, eventually: Eventually
) -> None:
    stack, prometheus = monitored.stack, monitored.prometheus
    succeeded = 'max(stancewire_jobs_finished_total{state="succeeded"})'
    analysed = 'sum(stancewire_stage_seconds_count{stage="read"})'
    succeeded_before = prometheus.value(succeeded)
    os.kill(stack.worker_child_pids()[0], signal.SIGKILL)
    push_lines(stack.url, sample_lines(20, "killed"))
    eventually(lambda: prometheus.value(succeeded) >= succeeded_before + 20, 90)
    assert prometheus.value("max(resets(stancewire_stage_seconds_count[10m]))") == 0, (
        "the next child continues the counter"
    )
    analysed_before = prometheus.value(analysed)
    os.kill(stack.pid_of("worker"), signal.SIGKILL)
    push_lines(stack.url, sample_lines(20, "restarted"))
    eventually(lambda: prometheus.value(succeeded) >= succeeded_before + 40, 90)
    eventually(
        lambda: 0 < prometheus.value(analysed) < analysed_before, 10
    )  # counters of a restarted process begin at 0
    for name in (
        "stancewire_jobs_finished_total",
        "stancewire_job_run_seconds_count",
        "stancewire_job_queue_wait_seconds_bucket",
    ):
        assert prometheus.value(f"max(resets({name}[10m]))") == 0, name
