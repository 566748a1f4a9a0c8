"""Foreign messages in Redis have no effect: a real worker drops and counts them, and goes on with its jobs."""

from __future__ import annotations

import base64
import json
import os
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis

from services.contracts import QueueName, TaskName
from tests.support.prometheus import free_port
from tests.support.stack import SHORT_LIMITS, Stack, metric_value, start_stack

Eventually = Callable[[Callable[[], bool], float], None]
QUEUE = f"stancewire:{QueueName.ANALYSE}"
CANARY = "canary-of-a-foreign-message"


class Exploit:
    """Creates a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self._folder),))


@pytest.fixture(scope="module")
def metrics_port() -> int:
    """The port of the worker's metrics."""
    return free_port()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, metrics_port: int) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("foreign")
    settings = {"STANCEWIRE_PIPELINE__MODEL": "rules", "STANCEWIRE_WORKER__PROCESSES": "1"}
    settings |= {"STANCEWIRE_WORKER__METRICS_PORT": str(metrics_port)}
    with start_stack(folder / "state", **(SHORT_LIMITS | settings)) as running_stack:
        yield running_stack


def message(
    content: bytes, content_type: str = "application/json", task: str = TaskName.ANALYSE, **headers: Any
) -> bytes:
    fields = {
        "body": base64.b64encode(content).decode(),
        "content-encoding": "utf-8" if content_type == "application/json" else "binary",
        "content-type": content_type,
        "headers": {"task": task, "id": str(uuid4()), "retries": 0, "timelimit": [None, None], **headers},
        "properties": {
            "body_encoding": "base64",
            "delivery_tag": str(uuid4()),
            "delivery_info": {"exchange": "", "routing_key": QueueName.ANALYSE},
        },
    }
    return json.dumps(fields).encode()


def arguments(*job_ids: Any) -> bytes:
    return json.dumps([[list(job_ids)], {}, {}]).encode()


def test_foreign_entries_are_dropped_and_counted_and_the_worker_survives(
    stack: Stack, metrics_port: int, tmp_path: Path, eventually: Eventually
) -> None:
    worker, child_pids = stack.pid_of("worker"), stack.worker_child_pids()
    folder = tmp_path / "unpickled"
    pickled = pickle.dumps(Exploit(folder))
    foreign = {
        "no_json": [b"", b"{", b"\xff\xfe", pickled, f'"{CANARY}'.encode(), b"[" * 200_000],
        "no_message": [b"5", b"[]", b"{}", json.dumps({"body": CANARY, "headers": {}, "properties": {}}).encode()],
        "content_type": [message(pickled, "application/x-python-serialize"), message(CANARY.encode(), "text/plain")],
        "unknown_task": [message(arguments(str(uuid4())), task=f"os.system {CANARY}")],
        "orders": [message(arguments(str(uuid4())), eta="2099-01-01T00:00:00")],
        "arguments": [message(arguments("seventeen")), message(arguments()), message(pickled), message(b"[[],{},{}]")],
        "unclaimed": [message(arguments(str(uuid4()), str(uuid4())))],
    }
    # A JSON object without a content type is counted under "content_type".
    foreign["content_type"] += foreign["no_message"][2:]
    foreign["no_message"] = foreign["no_message"][:2]
    with redis.Redis.from_url(f"unix://{stack.state_dir}/redis.sock") as client:
        for entries in foreign.values():
            for entry in entries:
                client.lpush(QUEUE, entry)
    metrics_url = f"http://127.0.0.1:{metrics_port}/metrics"
    for cause, entries in foreign.items():

        def are_counted(cause: str = cause, expected: int = len(entries)) -> bool:
            return metric_value(metrics_url, "stancewire_messages_dropped_total", cause=cause) >= expected

        eventually(are_counted, 30)
    job = stack.client.post("/v1/articles", json={"body": "“No,” said Ana Ruiz."}, headers={"Prefer": "wait=20"}).json()
    assert job["metadata"]["state"] == "succeeded"
    assert (stack.pid_of("worker"), stack.worker_child_pids()) == (worker, child_pids), "no process was restarted"
    assert not folder.exists()
    output = (stack.state_dir / "logs/worker.log").read_text()
    logged = {json.loads(line)["cause"] for line in output.splitlines() if "foreign_message_dropped" in line}
    assert logged == foreign.keys() - {"unclaimed"}
    assert CANARY not in output


def test_worker_has_no_remote_control_and_redis_no_network(stack: Stack) -> None:
    with redis.Redis.from_url(f"unix://{stack.state_dir}/redis.sock") as client:
        assert client.pubsub_channels("*") == []
        assert client.config_get("port") == {"port": "0"}
