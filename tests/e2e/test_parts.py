"""The parts as a deployment runs them: separate processes, on PostgreSQL and a Redis with a password."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.standalone.redis_server import find_program
from tests.support.postgres import PostgresServer
from tests.support.prometheus import free_port
from tests.support.stack import (
    SHORT_LIMITS,
    all_results,
    child_pids,
    command,
    environment,
    metric_value,
    open_client,
    push_lines,
    sample_lines,
)
from tests.support.tls import TLS

PASSWORD = "only-for-this-test"  # noqa: S105 -- of a server that runs for one test module
Eventually = Callable[[Callable[[], bool], float], None]


@dataclass
class Parts:
    url: str
    worker_metrics: str
    environment: dict[str, str]
    client: httpx.Client
    processes: dict[str, subprocess.Popen[bytes]]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command(*arguments), env=self.environment, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def parts(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    folder = tmp_path_factory.mktemp("parts")
    redis_port, api_port, metrics_port = free_port(), free_port(), free_port()
    redis = [find_program(), "--bind", "127.0.0.1", "--port", str(redis_port), "--requirepass", PASSWORD, "--save", ""]
    processes: dict[str, subprocess.Popen[bytes]] = {}
    with postgres.new_database() as database_url, (folder / "log").open("wb") as log:
        settings = environment(
            **SHORT_LIMITS,
            STANCEWIRE_STATE_DIR=str(folder / "state"),
            STANCEWIRE_DATABASE_URL=database_url,
            STANCEWIRE_REDIS_URL=f"redis://:{PASSWORD}@127.0.0.1:{redis_port}/0",
            STANCEWIRE_API__PORT=str(api_port),
            STANCEWIRE_WORKER__METRICS_PORT=str(metrics_port),
        )
        url = f"http://127.0.0.1:{api_port}"
        migrated = subprocess.run(command("migrate"), env=settings, capture_output=True, text=True, timeout=60)
        assert re.fullmatch(r"migrated to revision \d{4}\n", migrated.stdout), migrated.stderr
        key = subprocess.run(
            command("keys", "create", "--admin"), env=settings, capture_output=True, text=True, timeout=60
        )
        client = open_client(url, key.stdout.strip())
        running_parts = Parts(url, f"http://127.0.0.1:{metrics_port}/metrics", settings, client, processes)
        processes["redis"] = subprocess.Popen(redis, stdout=log, stderr=log, cwd=folder)
        for name in ("api", "sweeper", "deliverer", "worker"):
            processes[name] = subprocess.Popen(command(name), env=settings, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not _is_ready(url):
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.1)
        yield running_parts
        client.close()
        for name in ("api", "worker", "sweeper", "deliverer", "redis"):
            processes[name].terminate()
        for process in processes.values():
            process.wait(timeout=40)


def _is_ready(url: str) -> bool:
    try:
        return bool(httpx.get(f"{url}/readyz", timeout=2, verify=TLS).json()["status"] == "ok")
    except httpx.HTTPError:
        return False


def test_second_migration_changes_nothing(parts: Parts) -> None:
    assert parts.run("migrate").stdout == "the schema is up to date\n"


@pytest.mark.parametrize("part", ["api", "worker", "sweeper", "deliverer"])
def test_health_check_of_a_running_part_passes(parts: Parts, part: str) -> None:
    checked = parts.run("health", part)
    assert (checked.returncode, checked.stdout) == (0, f"{part}: ok\n"), checked.stderr


@pytest.mark.parametrize("part", ["api", "worker", "sweeper", "deliverer"])
def test_health_check_of_a_missing_part_fails(parts: Parts, tmp_path: Path, part: str) -> None:
    elsewhere = parts.environment | {
        "STANCEWIRE_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/nothing",
        "STANCEWIRE_API__PORT": "1",
    }
    checked = subprocess.run(command("health", part), env=elsewhere, capture_output=True, text=True, timeout=60)
    assert checked.returncode == 1
    assert checked.stderr.startswith(f"{part}: ")
    assert "Traceback" not in checked.stderr


def test_no_article_is_lost_when_the_parent_of_the_workers_is_killed(parts: Parts, eventually: Eventually) -> None:
    def succeeded() -> float:
        return metric_value(f"{parts.url}/metrics", "stancewire_jobs_finished_total", state="succeeded")

    succeeded_before = succeeded()
    items = push_lines(parts.client, sample_lines(80, "killed"))
    eventually(lambda: succeeded() > succeeded_before + 10, 30)
    worker = parts.processes["worker"]
    orphans = child_pids(worker.pid)
    worker.kill()
    worker.wait()
    parts.processes["worker"] = subprocess.Popen(
        command("worker"), env=parts.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    eventually(lambda: succeeded() >= succeeded_before + 80, 180)
    results = [result for result in all_results(parts.client) if result["feed"] == "killed"]
    assert {result["job_id"] for result in results} == {item["job_id"] for item in items}
    assert len(results) == 80
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in orphans), 40)


def test_stage_timings_survive_a_killed_child(parts: Parts, eventually: Eventually) -> None:
    def analysed() -> float:
        return metric_value(parts.worker_metrics, "stancewire_stage_seconds_count", stage="read")

    def push(feed: str) -> None:
        for item in push_lines(parts.client, sample_lines(40, feed)):
            parts.client.get(item["href"], headers={"Prefer": "wait=30"})

    def succeeded() -> float:
        return metric_value(parts.worker_metrics, "stancewire_article_seconds_count", outcome="succeeded")

    push("before")
    analysed_before, succeeded_before = analysed(), succeeded()
    assert analysed_before >= 40
    os.kill(child_pids(parts.processes["worker"].pid)[0], signal.SIGKILL)
    eventually(lambda: len(child_pids(parts.processes["worker"].pid)) == 2, 20)
    push("after")
    assert analysed() >= analysed_before + 40
    assert succeeded() >= succeeded_before + 40  # less than were read: those of killed processes were read twice


def test_metrics_pass_the_checks_of_promtool(parts: Parts) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool (Debian: prometheus) is not installed")
    for url in (f"{parts.url}/metrics", parts.worker_metrics):
        page = httpx.get(url, verify=TLS).text
        checked = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, text=True, timeout=30)
        # These names of celery-exporter are used as they have the same meaning here.
        complaints = [
            line for line in checked.stderr.splitlines() if not re.match(r"celery_active_(process|worker)_count ", line)
        ]
        assert not complaints, checked.stdout + checked.stderr


def test_readyz_reports_a_frozen_redis_and_pushes_still_work(parts: Parts, eventually: Eventually) -> None:
    os.kill(parts.processes["redis"].pid, signal.SIGSTOP)
    try:
        ready = httpx.get(f"{parts.url}/readyz", timeout=10)
        assert ready.status_code == 200
        assert ready.json()["status"] == "degraded"
        assert "articles wait in the ledger" in ready.json()["checks"]["redis"]
        durations: list[float] = []
        items: list[Any] = []
        for line in sample_lines(10, "frozen"):
            began = time.perf_counter()
            items.append(
                parts.client.post("/v1/articles", content=line, headers={"Content-Type": "application/json"}).json()
            )
            durations.append(time.perf_counter() - began)
        assert max(durations) < 1, durations
    finally:
        os.kill(parts.processes["redis"].pid, signal.SIGCONT)
    for item in items:
        job = parts.client.get(f"/v1/jobs/{item['id']}", headers={"Prefer": "wait=30"}).json()
        assert job["metadata"]["state"] == "succeeded"
