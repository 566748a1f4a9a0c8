from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import redis

from services import samples
from services.contracts import Result
from tests.support.stack import (
    SHORT_LIMITS,
    Stack,
    all_results,
    check_result,
    command,
    environment,
    metric_value,
    push_lines,
    sample_lines,
    start_stack,
)

Eventually = Callable[[Callable[[], bool], float], None]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with start_stack(tmp_path_factory.mktemp("up") / "state", **SHORT_LIMITS) as running_stack:
        yield running_stack


def test_result_of_a_pushed_sample_is_fetched_by_job_id(stack: Stack) -> None:
    speech = next(sample for sample in samples.load() if "speech" in (sample.guid or ""))
    headers = {"Content-Type": "application/json", "Prefer": "wait=20"}
    answer = stack.client.post(
        "/v1/articles", content=speech.model_dump_json(exclude_none=True), headers=headers, timeout=30
    )
    assert answer.status_code == 200
    job = answer.json()
    assert job["done"]
    result = stack.client.get(job["result"]["href"])
    assert result.status_code == 200
    document = result.json()
    Result.model_validate(document)
    check_result(document)
    assert document["job_id"] == job["id"]
    assert len(document["attributions"]) >= 5
    assert any(attribution["source"] and attribution["source"]["entity"] for attribution in document["attributions"])


def test_every_sample_is_analysed(stack: Stack, eventually: Eventually) -> None:
    items = push_lines(stack.client, [sample.model_dump_json(exclude_none=True) for sample in samples.load()])
    for item in items:
        job = stack.client.get(item["href"], headers={"Prefer": "wait=20"}).json()
        assert job["metadata"]["state"] == "succeeded", job
        document = stack.client.get(job["result"]["href"]).json()
        check_result(document)
    silent = next(sample for sample in samples.load() if sample.guid and "snow" in sample.guid)
    listed = stack.client.get("/v1/jobs", params={"guid": silent.guid}).json()["items"]
    assert stack.client.get(listed[0]["result"]["href"]).json()["attributions"] == []


def test_article_in_another_language_fails_with_that_reason(stack: Stack) -> None:
    body = {
        "title": "Le ministre a parlé",
        "language": "fr",
        "body": "Le ministre a déclaré que les impôts ne seraient pas augmentés.",
    }
    answer = stack.client.post("/v1/articles", json=body, headers={"Prefer": "wait=20"}).json()
    assert answer["metadata"]["state"] == "failed"
    assert answer["error"]["code"] == "language_unsupported"
    assert "fr" in answer["error"]["detail"]
    result = stack.client.get(f"/v1/jobs/{answer['id']}/result")
    assert result.status_code == 409
    assert result.json()["code"] == "job_failed"


def test_no_article_is_lost_or_duplicated_by_a_killed_child_and_a_flushed_redis(
    stack: Stack, eventually: Eventually
) -> None:
    done_before = metric_value(f"{stack.url}/metrics", "stancewire_jobs_finished_total", state="succeeded")
    items = push_lines(stack.client, sample_lines(60, "load"))
    assert {item["status"] for item in items} == {202}
    eventually(
        lambda: (
            metric_value(f"{stack.url}/metrics", "stancewire_jobs_finished_total", state="succeeded") > done_before + 5
        ),
        30,
    )
    killed = stack.worker_child_pids()[0]
    os.kill(killed, signal.SIGKILL)
    client = redis.Redis.from_url(f"unix://{stack.state_dir}/redis.sock")
    client.flushall()
    client.close()
    flushed_at = time.monotonic()
    eventually(
        lambda: (
            metric_value(f"{stack.url}/metrics", "stancewire_jobs_finished_total", state="succeeded")
            >= done_before + 60
        ),
        60,
    )
    assert time.monotonic() - flushed_at < 45
    results = [result for result in all_results(stack.client) if result["feed"] == "load"]
    assert len(results) == 60
    assert {result["job_id"] for result in results} == {item["job_id"] for item in items}
    assert metric_value(f"{stack.url}/metrics", "stancewire_leases_lost_total") > 0
    assert killed not in stack.worker_child_pids()


@pytest.mark.parametrize("part", ["api", "sweeper", "deliverer", "redis", "worker"])
def test_killed_part_is_restarted(stack: Stack, eventually: Eventually, part: str) -> None:
    items = push_lines(stack.client, sample_lines(20, feed=f"kill-{part}"))
    os.kill(stack.pid_of(part), signal.SIGKILL)

    def is_ready() -> bool:
        try:
            return bool(httpx.get(f"{stack.url}/readyz", timeout=2).json()["status"] == "ok")
        except httpx.HTTPError:
            return False

    eventually(is_ready, 30)
    for item in items:
        job = stack.client.get(item["href"], headers={"Prefer": "wait=30"}).json()
        assert job["metadata"]["state"] == "succeeded", job


def test_folder_and_port_in_use_are_named(stack: Stack, tmp_path: Path) -> None:
    same_folder = subprocess.run(
        command("up", "--state-dir", str(stack.state_dir), "--port", "0"),
        capture_output=True,
        text=True,
        env=environment(),
        timeout=60,
    )
    assert same_folder.returncode == 1
    assert f"is in use by another `stancewire up` (process {stack.process.pid})" in same_folder.stderr
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = str(listener.getsockname()[1])
        same_port = subprocess.run(
            command("up", "--state-dir", str(tmp_path / "s"), "--port", port),
            capture_output=True,
            text=True,
            env=environment(),
            timeout=60,
        )
    assert same_port.returncode == 1
    assert f"port {port} on 127.0.0.1 is taken" in same_port.stderr
    assert "Traceback" not in same_folder.stderr + same_port.stderr


def test_service_stops_in_order_and_restarts_without_loss(tmp_path: Path, eventually: Eventually) -> None:
    with start_stack(tmp_path / "state", **SHORT_LIMITS) as first:
        push_lines(first.client, sample_lines(80, "load"))
        eventually(
            lambda: metric_value(f"{first.url}/metrics", "stancewire_jobs_finished_total", state="succeeded") > 5, 30
        )
        began = time.monotonic()
        assert first.stop() == 0
        assert time.monotonic() - began < 15
        assert first.read_output().rstrip().endswith("stopped")
    with start_stack(tmp_path / "state", **SHORT_LIMITS) as second:
        eventually(
            lambda: metric_value(f"{second.url}/metrics", "stancewire_jobs_finished_total", state="succeeded") >= 80,
            60,
        )
        assert len(all_results(second.client)) == 80
        attempts = metric_value(f"{second.url}/metrics", "stancewire_job_attempts_total")
        assert metric_value(f"{second.url}/metrics", "stancewire_leases_lost_total") == 0, (
            "all articles were handed back in order"
        )
        assert attempts <= 80 + 2 * 8


def test_children_end_with_their_killed_parent(tmp_path: Path, eventually: Eventually) -> None:
    stack = Stack(tmp_path / "state", SHORT_LIMITS)
    part_pids = [stack.pid_of(name) for name in ("api", "worker", "sweeper", "deliverer", "redis")]
    push_lines(stack.client, sample_lines(16, "load"))
    stack.stop(signal.SIGKILL)
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in part_pids), 20)
    with start_stack(tmp_path / "state", **SHORT_LIMITS) as restarted:
        eventually(
            lambda: metric_value(f"{restarted.url}/metrics", "stancewire_jobs_finished_total", state="succeeded") >= 16,
            180,
        )
        assert len(all_results(restarted.client)) == 16


def test_demo_shows_results_and_leaves_no_files() -> None:
    with tempfile.TemporaryDirectory() as folder:  # its path is short, as that of a Unix socket must be
        completed = subprocess.run(
            command("demo"), capture_output=True, text=True, env=environment(TMPDIR=folder), timeout=120
        )
        left = list(Path(folder).iterdir())
    assert completed.returncode == 0, completed.stdout + completed.stderr
    output = " ".join(completed.stdout.split())
    for sample in samples.load():
        assert sample.title is None or " ".join(sample.title.split()) in output
    assert "opposes" in output or "supports" in output
    assert f"{len(samples.load())} articles" in output
    assert left == []


def test_submit_result_and_jobs_commands_work_together(stack: Stack, tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        variables = environment(STANCEWIRE_URL=stack.url, STANCEWIRE_STATE_DIR=str(stack.state_dir))
        return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=60, env=variables)

    file = tmp_path / "story.txt"
    file.write_text("Bakers protest in Orvik\n\n“We will not pay this tax,” baker Nils Aune said on Monday.\n")
    submitted = run("submit", str(file), "--wait", "--feed", "cli")
    assert submitted.returncode == 0, submitted.stderr
    assert "Nils Aune" in submitted.stdout
    [job] = [json.loads(line) for line in run("jobs", "list", "--feed", "cli", "--json").stdout.splitlines()]
    shown = run("result", job["id"], "--json")
    assert Result.model_validate_json(shown.stdout).text.startswith("Bakers protest in Orvik\n\n")
    file.write_text(
        "Ein Satz\n\nDer Minister sagte, dass die Steuern nicht steigen werden und dass niemand etwas verliert.\n"
    )
    failed = run("submit", str(file), "--wait", "--feed", "cli")
    assert failed.returncode == 1
    assert "language_unsupported" in failed.stderr
    [job, *_] = [
        json.loads(line)
        for line in run("jobs", "list", "--state", "failed", "--feed", "cli", "--json").stdout.splitlines()
    ]
    assert run("jobs", "retry", job["id"]).returncode == 0
    stack.client.get(f"/v1/jobs/{job['id']}", headers={"Prefer": "wait=20"})
    dropped = run("jobs", "drop", job["id"])
    assert dropped.returncode == 0, dropped.stderr
    assert json.loads(run("jobs", "show", job["id"]).stdout)["error"]["code"] == "dropped"
    dropped_twice = run("jobs", "drop", job["id"])
    assert dropped_twice.returncode == 1
    assert "only failed or dead jobs can be dropped" in dropped_twice.stderr
    unreachable = run("submit", str(file), "--url", "http://127.0.0.1:1")
    assert unreachable.returncode == 1
    assert "start one with `stancewire up`" in unreachable.stderr
