"""A real Prometheus beside the running service: what dashboards and rules ask for is there, moves, and survives what dies."""

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
import yaml

from services.metrics.catalogue import DECLARED, Kind
from tests.support.prometheus import DASHBOARDS, RULES, Prometheus, free_port, shorter
from tests.support.stack import Up, command, environment, push_lines, sample_lines, up

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
HISTOGRAM_SERIES = frozenset().union(*(declared.series for declared in DECLARED if declared.kind is Kind.HISTOGRAM))
# What a healthy service shows and never changes, or what no test should bring about.
STEADY = {
    "stancewire_build_info",
    "stancewire_database_pool_in_use",  # a few milliseconds at a time: moves between scrapes
    "stancewire_database_pool_size",
    "stancewire_disk_size_bytes",
    "stancewire_http_requests_in_flight",  # as long as a request takes: moves between scrapes
    "stancewire_ledger_up",
    "stancewire_model_info",
    "stancewire_paused",  # there while something is paused, and then 1
    "stancewire_redis_evicted_keys_total",
    "stancewire_redis_memory_limit_bytes",
    "stancewire_sweepers",
    "stancewire_worker_children",  # a killed one is replaced between two scrapes
    "celery_active_process_count",
    "celery_active_worker_count",
}
ABSENT = {"celery_task_failed_total"}  # there from the first defect of ours on


@dataclass
class Watched:
    stack: Up
    prometheus: Prometheus


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """The service with load of all kinds behind it: good articles, foreign and repeated ones, refusals, losses, retries."""
    directory = tmp_path_factory.mktemp("watched")
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
    with up(directory / "state", **settings) as stack:
        prometheus = Prometheus(
            directory / "prometheus", {"api": stack.url.removeprefix("http://"), "worker": f"127.0.0.1:{port}"}
        )
        try:
            load(stack)
            time.sleep(3)
            yield Watched(stack, prometheus)
        finally:
            prometheus.stop()


def load(stack: Up) -> None:
    foreign = {
        "feed": "wire",
        "body": "Le ministre a déclaré mardi que le projet de loi serait retiré du parlement. " * 5,
    }
    push_lines(stack.url, [*sample_lines(20, "wire"), json.dumps(foreign)])
    refused(stack)
    until(lambda: figure(stack, 'stancewire_jobs_finished_total{state="succeeded"}') >= 20)
    push_lines(stack.url, sample_lines(5, "wire"))
    refused(stack)
    items = push_lines(stack.url, sample_lines(60, "evening"))
    until(lambda: figure(stack, 'stancewire_jobs{state="running"}') > 2)
    os.kill(stack.worker_children()[0], signal.SIGKILL)
    redis = stack.part("redis")
    os.kill(redis, signal.SIGSTOP)
    stack.client.get(items[-1]["href"], headers={"Prefer": "wait=4"})
    os.kill(redis, signal.SIGKILL)
    push(stack, "“This is enough,” said the minister, Ana Ruiz, on Tuesday.")
    until(lambda: figure(stack, 'stancewire_jobs_finished_total{state="succeeded"}') >= 81)
    stack.client.put("/v1/feeds/held/pause", json={"reason": "for a test"}).raise_for_status()
    prune_a_key(stack)
    failed = stack.client.get("/v1/jobs", params={"state": "failed"}).json()["items"]
    stack.client.post(f"/v1/jobs/{failed[0]['id']}:retry").raise_for_status()


def prune_a_key(stack: Up) -> None:
    """Let retention remove something: it leaves alone what is younger than a minute, so the key is made an hour older."""
    article = {"feed": "wire", "body": "“Not again,” said the mayor, Ida Berg, on Monday."}
    stack.client.post("/v1/articles", json=article, headers={"Idempotency-Key": "once"}).raise_for_status()
    with sqlite3.connect(stack.state_dir / "stancewire.db", timeout=30) as ledger:
        ledger.execute("UPDATE idempotency_keys SET created_at = created_at - 3600000")
    ledger.close()
    settings = environment(STANCEWIRE_STATE_DIR=str(stack.state_dir))
    subprocess.run(command("prune", "--keys-days", "0"), env=settings, check=True, capture_output=True, timeout=120)


def refused(stack: Up) -> None:
    answer = stack.client.post("/v1/articles", json={"body": "x", "feed": "wire", "nothing": 1})
    assert answer.status_code == 422, answer.text
    assert httpx.get(f"{stack.url}/v1/jobs", timeout=30).status_code == 401


def push(stack: Up, body: str) -> None:
    answer = stack.client.post("/v1/articles", json={"feed": "wire", "body": body})
    assert answer.status_code in {200, 202}, answer.text


def figure(stack: Up, series: str) -> float:
    """A value on the API's page; 0 where it is missing."""
    page = httpx.get(f"{stack.url}/metrics", timeout=20).text
    found = re.search(rf"^{re.escape(series)} (\S+)$", page, re.MULTILINE)
    return float(found.group(1)) if found else 0.0


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < end, "not within 120 s"
        time.sleep(0.1)


def family(series: str) -> str:
    """The metric that a series belongs to: a histogram has three kinds."""
    return re.sub(r"_(bucket|sum|count)$", "", series) if series in HISTOGRAM_SERIES else series


def asked() -> set[str]:
    """The metrics that dashboards and rules are about."""
    text = re.sub(
        r"\w+:\w+:\w+", "", "\n".join(QUERIES + RULE_EXPRESSIONS)
    )  # recorded ones are looked at by their queries
    return {family(name) for name in re.findall(r"\b(?:stancewire|celery)_\w+", text)}


def filled_in(query: str) -> str:
    """A dashboard's query as Grafana sends it."""
    return shorter(query.replace("$__rate_interval", "20s").replace("$feed", ".*"))


def test_every_metric_that_a_dashboard_or_rule_uses_exists(watched: Watched) -> None:
    there = {family(name) for name in watched.prometheus.names()}
    assert len(asked()) > 40
    assert asked() - there <= ABSENT


def test_they_move_under_load(watched: Watched, eventually: Eventually) -> None:
    still = asked() - STEADY - ABSENT

    def all_moved() -> bool:
        # Again and again, since what has happened before the first scrape shows no change.
        push_lines(watched.stack.url, sample_lines(5, "wire"))
        refused(watched.stack)
        time.sleep(1)
        for name in sorted(still):
            shown = f"{name}_count" if name + "_count" in HISTOGRAM_SERIES else name
            if watched.prometheus.query(f"changes({shown}[10m]) > 0"):
                still.discard(name)
        return not still

    with contextlib.suppress(AssertionError):  # the names of those that stand still say more
        eventually(all_moved, 60)
    assert still == set()


def test_every_query_of_a_dashboard_finds_data(watched: Watched, eventually: Eventually) -> None:
    missing = set(QUERIES)

    def all_found() -> bool:
        for query in sorted(missing):
            series = watched.prometheus.past(filled_in(query), 600)
            if any(not math.isnan(float(value)) for one in series for _, value in one["values"]):
                missing.discard(query)
        return not missing

    with contextlib.suppress(AssertionError):  # the names of those that are missing say more
        eventually(all_found, 45)
    assert missing == set()


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board["uid"])
def test_the_variables_of_a_dashboard_have_values(watched: Watched, board: dict[str, Any]) -> None:
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["definition"]).groups()  # type: ignore[union-attr]
            assert {series["metric"][label] for series in watched.prometheus.query(metric)} >= {"wire", "evening"}


def test_counters_survive_a_killed_child_and_a_restart_of_the_worker(watched: Watched, eventually: Eventually) -> None:
    stack, prometheus = watched.stack, watched.prometheus
    ledger = 'max(stancewire_jobs_finished_total{state="succeeded"})'
    stages = 'sum(stancewire_stage_seconds_count{stage="read"})'
    before = prometheus.value(ledger)
    os.kill(stack.worker_children()[0], signal.SIGKILL)
    push_lines(stack.url, sample_lines(20, "killed"))
    eventually(lambda: prometheus.value(ledger) >= before + 20, 90)
    assert prometheus.value("max(resets(stancewire_stage_seconds_count[10m]))") == 0, "the next child counted on"
    counted = prometheus.value(stages)
    os.kill(stack.part("worker"), signal.SIGKILL)
    push_lines(stack.url, sample_lines(20, "restarted"))
    eventually(lambda: prometheus.value(ledger) >= before + 40, 90)
    eventually(lambda: 0 < prometheus.value(stages) < counted, 10)  # the host began anew, as counters of processes do
    for name in (
        "stancewire_jobs_finished_total",
        "stancewire_job_run_seconds_count",
        "stancewire_job_queue_wait_seconds_bucket",
    ):
        assert prometheus.value(f"max(resets({name}[10m]))") == 0, name
