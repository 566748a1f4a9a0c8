"""The service as an operator runs it: real processes, told apart by the ports and folders they were given."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from services import samples

# Short limits, so that a test sees a lease end: a killed worker's articles run again within LEASE + a sweep.
QUICK = {
    "STANCEWIRE_WORKER__LEASE_S": "6",
    "STANCEWIRE_WORKER__HARD_LIMIT_S": "5",
    "STANCEWIRE_WORKER__SOFT_LIMIT_S": "4",
    "STANCEWIRE_WORKER__RENEW_S": "1",
    "STANCEWIRE_BROKER__OVERDUE_S": "1",
}
START_S = 60
_CLIENTS: dict[str, httpx.Client] = {}  # by the address of the stack that runs there: each with its admin key


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "services.cli.main", *arguments]


def environment(**extra: str) -> dict[str, str]:
    return os.environ | {"STANCEWIRE_WORKER__PROCESSES": "2", "NO_COLOR": "1", "COLUMNS": "200"} | extra


def children(pid: int) -> list[int]:
    """The children of a process."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def command_line(pid: int) -> str:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\x00", b" ").decode()
    return ""


class Up:
    """A running `stancewire up`."""

    def __init__(self, state_dir: Path, settings: Mapping[str, str]) -> None:
        self.state_dir = state_dir
        self.output = state_dir.parent / "up.log"
        with self.output.open("ab") as log:
            self.began_at = self.output.stat().st_size
            self.process = subprocess.Popen(
                command("up", "--port", "0", "--state-dir", str(state_dir)),
                stdout=log,
                stderr=log,
                env=environment(**settings),
            )
        self.url = self._ready()
        self.key = (state_dir / "admin.key").read_text().strip()
        self.client = client_of(self.url, self.key)
        _CLIENTS[self.url] = self.client

    def _ready(self) -> str:
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            found = re.search(r"ready after [\d.]+ s: (http://\S+)", self.said())
            if found:
                return found.group(1)
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError(f"not ready: {self.said()}")

    def said(self) -> str:
        return self.output.read_bytes()[self.began_at :].decode()

    def part(self, name: str) -> int:
        """The process ID of api, worker, sweeper or redis."""
        ends = f" {name} " if name != "redis" else "redis.sock"
        return next(pid for pid in children(self.process.pid) if ends in command_line(pid))

    def worker_children(self) -> list[int]:
        return children(self.part("worker"))

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=60)


@contextlib.contextmanager
def up(state_dir: Path, **settings: str) -> Iterator[Up]:
    running = Up(state_dir, settings)
    try:
        yield running
    finally:
        running.stop()


def sample_lines(count: int, feed: str) -> list[str]:
    """Sample articles as the lines of a batch, each a new one of the feed."""
    articles = samples.load()
    return [
        articles[number % len(articles)]
        .model_copy(update={"feed": feed, "guid": f"{feed}-{number}"})
        .model_dump_json(exclude_none=True)
        for number in range(count)
    ]


def client_of(url: str, key: str | None = None) -> httpx.Client:
    """A client that sends this key, and waits as long as ``Prefer: wait`` may take."""
    return httpx.Client(
        base_url=url, headers={"Authorization": f"Bearer {key}"} if key else {}, timeout=60, trust_env=False
    )


def push_lines(to: str | httpx.Client, lines: list[str]) -> list[dict[str, Any]]:
    answer = (_CLIENTS[to] if isinstance(to, str) else to).post("/v1/articles:batch", content="\n".join(lines))
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def all_results(of: str | httpx.Client) -> list[dict[str, Any]]:
    """Every result there is, by walking the cursor."""
    client = _CLIENTS[of] if isinstance(of, str) else of
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        page = client.get("/v1/results", params={"limit": 200, **({"after": after} if after else {})}).json()
        if not page["items"]:
            return found
        found += page["items"]
        after = page["after"]


def metric(url: str, name: str, **labels: str) -> float:
    """The value of one time series on a /metrics page; 0 where it is missing."""
    from prometheus_client.parser import text_string_to_metric_families

    for family in text_string_to_metric_families(httpx.get(url, timeout=10).text):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return float(sample.value)
    return 0.0


def check_result(document: dict[str, Any]) -> None:
    """Every offset points at its text, every reference at what it names."""
    text = document["text"]
    entities = {entity["id"]: entity for entity in document["entities"]}
    attributions = {attribution["id"] for attribution in document["attributions"]}
    assert len(entities) == len(document["entities"])
    assert len(attributions) == len(document["attributions"])
    spans = [mention for entity in document["entities"] for mention in entity["mentions"]]
    for attribution in document["attributions"]:
        spans += [part for part in (attribution["source"], attribution["cue"]) if part] + attribution["content"]
        assert attribution["source"] is None or attribution["source"]["entity"] in {None, *entities}
    for stance in document["stances"]:
        spans.append(stance["evidence"])
        assert stance["holder"] in {None, *entities}
        assert stance["target"]["entity"] in entities
        assert stance["attribution"] in {None, *attributions}
    named = [stance for position in document["positions"] for stance in position["stances"]]
    assert sorted(named) == sorted(stance["id"] for stance in document["stances"])
    for span in spans:
        words = text[span["start"] : span["end"]]
        assert words
        assert words == words.strip()
