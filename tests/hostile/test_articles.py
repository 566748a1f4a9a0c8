"""Hostile articles through the real service: API, ledger, queue, worker process, result."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
import psutil
import pytest

from services.contracts import Result
from tests.hostile.articles import large, small
from tests.hostile.service import FUZZ, Service
from tests.support.stack import all_results, check_result, push_lines

SIZE: Final = 50_000 if FUZZ else 3_000
# What an article may fail with; anything else is a defect of ours, or took too long.
REASONS: Final = {"no_text", "language_unsupported", "text_too_long"}
PATIENCE_S: Final = 1800 if FUZZ else 240
API_BYTES: Final = 500_000_000
WORKER_BYTES: Final = 1_500_000_000


@pytest.fixture(scope="module")
def before(service: Service) -> dict[str, psutil.Process]:
    return service.processes()


@pytest.fixture(scope="module")
def answers(service: Service, before: dict[str, psutil.Process]) -> dict[str, dict[str, Any]]:
    """Every article's last state, by name."""
    articles = small(SIZE)
    lines = [json.dumps(article) for article in articles.values()]
    items = [
        item for start in range(0, len(lines), 100) for item in push_lines(service.url, lines[start : start + 100])
    ]
    for article in large().values():
        answer = service.up.client.post("/v1/articles", json=article)
        assert answer.status_code == 202, answer.text
        items.append({"status": 202, "job_id": answer.json()["id"]})
    assert {item["status"] for item in items} == {202}, [item for item in items if item["status"] != 202]
    names = [*articles, *large()]
    return dict(zip(names, last_views(service.up.client, [item["job_id"] for item in items]), strict=True))


def last_views(client: httpx.Client, jobs: list[str]) -> Iterator[dict[str, Any]]:
    end = time.monotonic() + PATIENCE_S
    for job in jobs:
        while True:
            view = client.get(f"/v1/jobs/{job}", headers={"Prefer": "wait=10"}).raise_for_status().json()
            if view["done"]:
                yield view
                break
            assert time.monotonic() < end, f"{view['metadata']['guid']} is {view['metadata']['state']}: {view}"


def test_there_are_many(answers: dict[str, dict[str, Any]]) -> None:
    assert len(answers) >= 220


def test_each_is_analysed_or_says_why_not(answers: dict[str, dict[str, Any]]) -> None:
    ends = {name: (view["metadata"]["state"], (view["error"] or {}).get("code")) for name, view in answers.items()}
    odd = {
        name: end
        for name, end in ends.items()
        if end[0] != "succeeded" and (end[0] != "failed" or end[1] not in REASONS)
    }
    assert odd == {}
    assert all(view["metadata"]["attempts"] == 1 for view in answers.values()), "each within its first attempt"
    failed = [name for name, end in ends.items() if end[0] == "failed"]
    assert len(failed) < len(ends) / 3, failed


def test_every_offset_fits_its_text(service: Service, answers: dict[str, dict[str, Any]]) -> None:
    wanted = {view["id"] for view in answers.values() if view["metadata"]["state"] == "succeeded"}
    found = {item["job_id"] for item in all_results(service.url) if item["feed"] == "hostile"}
    assert wanted <= found
    for job in sorted(wanted):
        document = service.up.client.get(f"/v1/jobs/{job}/result").raise_for_status()
        check_result(document.json())
        assert Result.model_validate_json(document.content).job_id == UUID(job)


def test_the_same_processes_are_alive_and_within_bounds(
    service: Service, before: dict[str, psutil.Process], answers: dict[str, dict[str, Any]]
) -> None:
    after = service.processes()
    assert {name: process.pid for name, process in after.items()} == {
        name: process.pid for name, process in before.items()
    }
    peaks = {name: peak_bytes(process.pid) for name, process in after.items()}
    assert peaks["api"] < API_BYTES, peaks
    assert max(bytes_ for name, bytes_ in peaks.items() if name != "api") < WORKER_BYTES, peaks


def peak_bytes(pid: int) -> int:
    """The most that a process ever had resident (Linux)."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
