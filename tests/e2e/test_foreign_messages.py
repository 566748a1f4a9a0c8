"""What others put into Redis does nothing: a real worker drops it, counts it, and goes on with what is ours."""

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
from tests.support.stack import QUICK, Up, metric, up

Eventually = Callable[[Callable[[], bool], float], None]
QUEUE = f"stancewire:{QueueName.ANALYSE}"
CANARY = "canary-of-a-foreign-message"


class Exploit:
    """Runs a command where it is unpickled."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self._file),))


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("foreign")
    settings = {"STANCEWIRE_PIPELINE__MODEL": "rules", "STANCEWIRE_WORKER__PROCESSES": "1"}
    settings |= {"STANCEWIRE_WORKER__METRICS_PORT": str(_free_port())}
    with up(folder / "state", **(QUICK | settings)) as running:
        running.worker_metrics = f"http://127.0.0.1:{settings['STANCEWIRE_WORKER__METRICS_PORT']}/metrics"  # type: ignore[attr-defined]
        yield running


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def message(
    content: bytes, content_type: str = "application/json", task: str = TaskName.ANALYSE, **headers: Any
) -> bytes:
    whole = {
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
    return json.dumps(whole).encode()


def arguments(*job_ids: Any) -> bytes:
    return json.dumps([[list(job_ids)], {}, {}]).encode()


def test_foreign_entries_are_dropped_and_counted_and_the_worker_lives_on(
    stack: Up, tmp_path: Path, eventually: Eventually
) -> None:
    worker, children = stack.part("worker"), stack.worker_children()
    trap = tmp_path / "unpickled"
    pickled = pickle.dumps(Exploit(trap))
    theirs = {
        "no_json": [b"", b"{", b"\xff\xfe", pickled, f'"{CANARY}'.encode(), b"[" * 200_000],
        "no_message": [b"5", b"[]", b"{}", json.dumps({"body": CANARY, "headers": {}, "properties": {}}).encode()],
        "content_type": [message(pickled, "application/x-python-serialize"), message(CANARY.encode(), "text/plain")],
        "unknown_task": [message(arguments(str(uuid4())), task=f"os.system {CANARY}")],
        "orders": [message(arguments(str(uuid4())), eta="2099-01-01T00:00:00")],
        "arguments": [message(arguments("seventeen")), message(arguments()), message(pickled), message(b"[[],{},{}]")],
        "unclaimed": [message(arguments(str(uuid4()), str(uuid4())))],
    }
    # "content_type" also takes what has no content type at all.
    theirs["content_type"] += theirs["no_message"][2:]
    theirs["no_message"] = theirs["no_message"][:2]
    with redis.Redis.from_url(f"unix://{stack.state_dir}/redis.sock") as client:
        for entries in theirs.values():
            for entry in entries:
                client.lpush(QUEUE, entry)
    for cause, entries in theirs.items():
        wanted = len(entries)
        eventually(
            lambda cause=cause, wanted=wanted: (
                metric(
                    stack.worker_metrics,
                    "stancewire_messages_dropped_total",
                    cause=cause,  # type: ignore[attr-defined]
                )
                >= wanted
            ),
            30,
        )
    job = stack.client.post("/v1/articles", json={"body": "“No,” said Ana Ruiz."}, headers={"Prefer": "wait=20"}).json()
    assert job["metadata"]["state"] == "succeeded"
    assert (stack.part("worker"), stack.worker_children()) == (worker, children), "nothing was restarted"
    assert not trap.exists()
    said = (stack.state_dir / "logs/worker.log").read_text()
    assert said.count("foreign_message_dropped") >= sum(map(len, theirs.values())) - 1
    assert CANARY not in said


def test_workers_take_no_orders_from_redis_which_has_no_network(stack: Up) -> None:
    with redis.Redis.from_url(f"unix://{stack.state_dir}/redis.sock") as client:
        assert client.pubsub_channels("*") == []
        assert client.config_get("port") == {"port": "0"}
