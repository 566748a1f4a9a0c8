from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import redis

from services import samples
from services.contracts import Result
from tests.support.stack import (
    QUICK,
    Up,
    all_results,
    check_result,
    command,
    environment,
    metric,
    push_lines,
    sample_lines,
    up,
)

Eventually = Callable[[Callable[[], bool], float], None]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with up(tmp_path_factory.mktemp("up") / "state", **QUICK) as running:
        yield running


def test_a_sample_pushed_over_http_comes_back_by_job_id(stack: Up) -> None:
    speech = next(one for one in samples.load() if "speech" in (one.guid or "") or "minister" in (one.guid or ""))
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
    assert any(one["source"] and one["source"]["entity"] for one in document["attributions"])


def test_every_sample_is_analysed(stack: Up, eventually: Eventually) -> None:
    items = push_lines(stack.client, [one.model_dump_json(exclude_none=True) for one in samples.load()])
    for item in items:
        job = stack.client.get(item["href"], headers={"Prefer": "wait=20"}).json()
        assert job["metadata"]["state"] == "succeeded", job
        document = stack.client.get(job["result"]["href"]).json()
        check_result(document)
    silent = next(one for one in samples.load() if one.guid and "snow" in one.guid)
    listed = stack.client.get("/v1/jobs", params={"guid": silent.guid}).json()["items"]
    assert stack.client.get(listed[0]["result"]["href"]).json()["attributions"] == []


def test_what_is_not_english_fails_with_that_reason(stack: Up) -> None:
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


def test_nothing_is_lost_or_doubled_when_a_child_is_killed_and_redis_is_flushed(
    stack: Up, eventually: Eventually
) -> None:
    done_before = metric(f"{stack.url}/metrics", "stancewire_jobs_finished_total", state="succeeded")
    items = push_lines(stack.client, sample_lines(200, "load"))
    assert {item["status"] for item in items} == {202}
    eventually(
        lambda: metric(f"{stack.url}/metrics", "stancewire_jobs_finished_total", state="succeeded") > done_before + 20,
        30,
    )
    killed = stack.worker_children()[0]
    os.kill(killed, signal.SIGKILL)
    client = redis.Redis.from_url(f"unix://{stack.state_dir}/redis.sock")
    client.flushall()
    client.close()
    flushed_at = time.monotonic()
    eventually(
        lambda: (
            metric(f"{stack.url}/metrics", "stancewire_jobs_finished_total", state="succeeded") >= done_before + 200
        ),
        60,
    )
    assert time.monotonic() - flushed_at < 45
    found = [one for one in all_results(stack.client) if one["feed"] == "load"]
    assert len(found) == 200
    assert {one["job_id"] for one in found} == {item["job_id"] for item in items}
    assert metric(f"{stack.url}/metrics", "stancewire_leases_lost_total") > 0
    assert killed not in stack.worker_children()


@pytest.mark.parametrize("part", ["api", "sweeper", "redis", "worker"])
def test_a_part_that_is_killed_comes_back(stack: Up, eventually: Eventually, part: str) -> None:
    items = push_lines(stack.client, sample_lines(20, feed=f"kill-{part}"))
    os.kill(stack.part(part), signal.SIGKILL)

    def answers_well() -> bool:
        try:
            return bool(httpx.get(f"{stack.url}/readyz", timeout=2).json()["status"] == "ok")
        except httpx.HTTPError:
            return False

    eventually(answers_well, 30)
    for item in items:
        job = stack.client.get(item["href"], headers={"Prefer": "wait=30"}).json()
        assert job["metadata"]["state"] == "succeeded", job


def test_the_folder_and_the_port_of_another_are_named(stack: Up, tmp_path: Path) -> None:
    same_folder = subprocess.run(
        command("up", "--state-dir", str(stack.state_dir), "--port", "0"),
        capture_output=True,
        text=True,
        env=environment(),
        timeout=60,
    )
    assert same_folder.returncode == 1
    assert f"is in use by another `stancewire up` (process {stack.process.pid})" in same_folder.stderr
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
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


def test_it_stops_in_order_and_starts_again_without_loss(tmp_path: Path, eventually: Eventually) -> None:
    with up(tmp_path / "state", **QUICK) as first:
        push_lines(first.client, sample_lines(300, "load"))
        eventually(lambda: metric(f"{first.url}/metrics", "stancewire_jobs_finished_total", state="succeeded") > 5, 30)
        began = time.monotonic()
        assert first.stop() == 0
        assert time.monotonic() - began < 15
        assert first.said().rstrip().endswith("stopped")
    with up(tmp_path / "state", **QUICK) as second:
        eventually(
            lambda: metric(f"{second.url}/metrics", "stancewire_jobs_finished_total", state="succeeded") >= 300, 60
        )
        assert len(all_results(second.client)) == 300
        attempts = metric(f"{second.url}/metrics", "stancewire_job_attempts_total")
        assert metric(f"{second.url}/metrics", "stancewire_leases_lost_total") == 0, "all was handed back in order"
        assert attempts <= 300 + 2 * 8


def test_a_killed_parent_takes_its_children_along(tmp_path: Path, eventually: Eventually) -> None:
    running = Up(tmp_path / "state", QUICK)
    parts = [running.part(name) for name in ("api", "worker", "sweeper", "redis")]
    push_lines(running.client, sample_lines(100, "load"))
    running.stop(signal.SIGKILL)
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in parts), 20)
    with up(tmp_path / "state", **QUICK) as again:
        eventually(
            lambda: metric(f"{again.url}/metrics", "stancewire_jobs_finished_total", state="succeeded") >= 100, 60
        )
        assert len(all_results(again.client)) == 100


def test_demo_shows_who_said_what_and_leaves_nothing_behind(tmp_path: Path) -> None:
    ran = subprocess.run(
        command("demo"), capture_output=True, text=True, env=environment(TMPDIR=str(tmp_path)), timeout=120
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for one in samples.load():
        assert one.title is None or " ".join(one.title.split()) in " ".join(ran.stdout.split())
    assert "opposes" in ran.stdout or "supports" in ran.stdout
    assert f"{len(samples.load())} articles" in ran.stdout
    assert list(tmp_path.iterdir()) == []


def test_submit_result_and_jobs_on_the_command_line(stack: Up, tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        there = environment(STANCEWIRE_URL=stack.url, STANCEWIRE_STATE_DIR=str(stack.state_dir))
        return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=60, env=there)

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
    again = run("jobs", "drop", job["id"])
    assert again.returncode == 1
    assert "only failed or dead jobs can be dropped" in again.stderr
    nobody = run("submit", str(file), "--url", "http://127.0.0.1:1")
    assert nobody.returncode == 1
    assert "start one with `stancewire up`" in nobody.stderr
