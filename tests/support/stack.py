"""The service as an operator runs it: real processes of `stancewire up`, and clients for their API."""

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
from tests.support.tls import TLS

# Settings under which the articles of a killed worker run again soon: after the lease and one sweep.
SHORT_LIMITS = {
    "STANCEWIRE_WORKER__LEASE_S": "6",
    "STANCEWIRE_WORKER__HARD_LIMIT_S": "5",
    "STANCEWIRE_WORKER__SOFT_LIMIT_S": "4",
    "STANCEWIRE_WORKER__RENEW_S": "1",
    "STANCEWIRE_BROKER__OVERDUE_S": "1",
}
RULES = {"STANCEWIRE_PIPELINE__MODEL": "rules"}  # for tests that do not depend on what the pipeline finds
START_S = 60
_CLIENTS: dict[str, httpx.Client] = {}  # admin clients of the running stacks, by address


def command(*arguments: str) -> list[str]:
    """Return the command that runs `stancewire` with ``arguments``."""
    return [sys.executable, "-m", "services.cli.main", *arguments]


def environment(**extra: str) -> dict[str, str]:
    """Return environment variables for `stancewire`: two worker processes, open metrics, plain output, ``extra``."""
    defaults = {
        "STANCEWIRE_WORKER__PROCESSES": "2",
        "STANCEWIRE_WORKER__NICENESS": "0",  # other tests run beside this one
        "STANCEWIRE_ACCESS__METRICS": "loopback",
    }
    return os.environ | defaults | {"NO_COLOR": "1", "COLUMNS": "200"} | extra


def child_pids(pid: int) -> list[int]:
    """Return the process IDs of the children of a process."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def _command_line(pid: int) -> str:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\x00", b" ").decode()
    return ""


class Stack:
    """A running `stancewire up`, with a client that has its admin key."""

    def __init__(self, state_dir: Path, settings: Mapping[str, str]) -> None:
        self.state_dir = state_dir
        self.output_file = state_dir.parent / "up.log"
        with self.output_file.open("ab") as log:
            self._output_start = self.output_file.stat().st_size
            self.process = subprocess.Popen(
                command("up", "--port", "0", "--state-dir", str(state_dir)),
                stdout=log,
                stderr=log,
                env=environment(**settings),
            )
        self.url = self._wait_until_ready()
        self.key = (state_dir / "admin.key").read_text().strip()
        self.client = open_client(self.url, self.key)
        _CLIENTS[self.url] = self.client

    def _wait_until_ready(self) -> str:
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            match = re.search(r"ready after [\d.]+ s: (http://\S+)", self.read_output())
            if match:
                return match.group(1)
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError(f"not ready: {self.read_output()}")

    def read_output(self) -> str:
        """Return the output of this start."""
        return self.output_file.read_bytes()[self._output_start :].decode()

    def pid_of(self, name: str) -> int:
        """Return the process ID of api, worker, sweeper or redis."""
        marker = f" {name} " if name != "redis" else "redis.sock"
        return next(pid for pid in child_pids(self.process.pid) if marker in _command_line(pid))

    def worker_child_pids(self) -> list[int]:
        """Return the process IDs of the children of the worker."""
        return child_pids(self.pid_of("worker"))

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, and return the exit status."""
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=60)


@contextlib.contextmanager
def start_stack(state_dir: Path, **settings: str) -> Iterator[Stack]:
    """Run `stancewire up` until the end of the block."""
    running = Stack(state_dir, settings)
    try:
        yield running
    finally:
        running.stop()


def sample_lines(count: int, feed: str) -> list[str]:
    """Return ``count`` sample articles as the lines of a batch, each with its own guid in ``feed``."""
    articles = samples.load()
    return [
        articles[number % len(articles)]
        .model_copy(update={"feed": feed, "guid": f"{feed}-{number}"})
        .model_dump_json(exclude_none=True)
        for number in range(count)
    ]


def open_client(url: str, key: str | None = None) -> httpx.Client:
    """Return a client that sends this key; its timeout allows for ``Prefer: wait``."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False, verify=TLS)


def push_lines(target: str | httpx.Client, lines: list[str]) -> list[dict[str, Any]]:
    """Push a batch to a client, or to the stack at an address. Return the items of the answer."""
    client = _CLIENTS[target] if isinstance(target, str) else target
    response = client.post("/v1/articles:batch", content="\n".join(lines))
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


def all_results(target: str | httpx.Client) -> list[dict[str, Any]]:
    """Return all results of a client, or of the stack at an address, by following the cursor."""
    client = _CLIENTS[target] if isinstance(target, str) else target
    results: list[dict[str, Any]] = []
    after = ""
    while True:
        page = client.get("/v1/results", params={"limit": 200, **({"after": after} if after else {})}).json()
        if not page["items"]:
            return results
        results += page["items"]
        after = page["after"]


def metric_value(url: str, name: str, **labels: str) -> float:
    """Return the value of a time series on a /metrics page, or 0 if it is missing."""
    from prometheus_client.parser import text_string_to_metric_families

    for family in text_string_to_metric_families(httpx.get(url, timeout=10, verify=TLS).text):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return float(sample.value)
    return 0.0


def check_result(document: dict[str, Any]) -> None:
    """Check that all offsets of a result are within its text and all references have their target."""
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
    stance_ids = [stance for position in document["positions"] for stance in position["stances"]]
    assert sorted(stance_ids) == sorted(stance["id"] for stance in document["stances"])
    for span in spans:
        span_text = text[span["start"] : span["end"]]
        assert span_text
        assert span_text == span_text.strip()
