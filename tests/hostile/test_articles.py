"""Hostile articles pass through the real service: API, ledger, queue, worker process and result."""

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

SIZE: Final = 50_000 if FUZZ else 1_500
# Codes with which an article may fail; any other failure is a defect of the service.
ALLOWED_FAILURES: Final = {"no_text", "language_unsupported", "text_too_long"}
TIMEOUT_S: Final = 1800 if FUZZ else 240
API_BYTES: Final = 500_000_000
WORKER_BYTES: Final = 1_500_000_000


@pytest.fixture(scope="module")
def processes_before(service: Service) -> dict[str, psutil.Process]:
    return service.processes()


@pytest.fixture(scope="module")
def final_views(service: Service, processes_before: dict[str, psutil.Process]) -> dict[str, dict[str, Any]]:
    """The final view of each article's job, by the name of the article."""
    articles = small(SIZE)
    lines = [json.dumps(article) for article in articles.values()]
    items = [
        item for start in range(0, len(lines), 100) for item in push_lines(service.url, lines[start : start + 100])
    ]
    for article in large().values():
        answer = service.stack.client.post("/v1/articles", json=article)
        assert answer.status_code == 202, answer.text
        items.append({"status": 202, "job_id": answer.json()["id"]})
    assert {item["status"] for item in items} == {202}, [item for item in items if item["status"] != 202]
    names = [*articles, *large()]
    return dict(zip(names, wait_final_views(service.stack.client, [item["job_id"] for item in items]), strict=True))


def wait_final_views(client: httpx.Client, jobs: list[str]) -> Iterator[dict[str, Any]]:
    end = time.monotonic() + TIMEOUT_S
    for job in jobs:
        while True:
            view = client.get(f"/v1/jobs/{job}", headers={"Prefer": "wait=10"}).raise_for_status().json()
            if view["done"]:
                yield view
                break
            assert time.monotonic() < end, f"{view['metadata']['guid']} is {view['metadata']['state']}: {view}"


def test_hostile_articles_are_many(final_views: dict[str, dict[str, Any]]) -> None:
    assert len(final_views) >= 220


def test_hostile_article_is_analysed_or_fails_with_an_allowed_code(final_views: dict[str, dict[str, Any]]) -> None:
    outcomes = {
        name: (view["metadata"]["state"], (view["error"] or {}).get("code")) for name, view in final_views.items()
    }
    unexpected = {
        name: (state, code)
        for name, (state, code) in outcomes.items()
        if state != "succeeded" and (state != "failed" or code not in ALLOWED_FAILURES)
    }
    assert unexpected == {}
    assert all(view["metadata"]["attempts"] == 1 for view in final_views.values()), "more than one attempt"
    failed = [name for name, (state, _) in outcomes.items() if state == "failed"]
    assert len(failed) < len(outcomes) / 3, failed


def test_offsets_of_every_result_are_inside_its_text(service: Service, final_views: dict[str, dict[str, Any]]) -> None:
    succeeded = {view["id"] for view in final_views.values() if view["metadata"]["state"] == "succeeded"}
    listed = {item["job_id"] for item in all_results(service.url) if item["feed"] == "hostile"}
    assert succeeded <= listed
    for job in sorted(succeeded):
        document = service.stack.client.get(f"/v1/jobs/{job}/result").raise_for_status()
        check_result(document.json())
        assert Result.model_validate_json(document.content).job_id == UUID(job)


def test_processes_survive_and_their_memory_is_bounded(
    service: Service, processes_before: dict[str, psutil.Process], final_views: dict[str, dict[str, Any]]
) -> None:
    after = service.processes()
    assert {name: process.pid for name, process in after.items()} == {
        name: process.pid for name, process in processes_before.items()
    }
    peaks = {name: peak_bytes(process.pid) for name, process in after.items()}
    assert peaks["api"] < API_BYTES, peaks
    assert max(bytes_ for name, bytes_ in peaks.items() if name != "api") < WORKER_BYTES, peaks


def peak_bytes(pid: int) -> int:
    """Return the peak resident memory of a process (Linux)."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
