"""`python -m tests.benchmarks.push`: the processor time of an API process for one push of one article, on SQLite.

An API without workers, one connection, one push after the other. Prints milliseconds a push by thread, since a whole
benchmark does not show them.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx

from tests.conftest import RedisProcess
from tests.support.prometheus import ROOT, free_port
from tests.support.stack import command, environment, open_client

_WARM_UP: Final = 100  # pushes
_START_S: Final = 60
_NS: Final = 1_000_000  # nanoseconds in a millisecond
_BODY: Final = "The minister said on Monday that the plan was wrong. The opposition called it a mistake. " * 45


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.push", description=__doc__)
    parser.add_argument("--pushes", type=int, default=1000)
    pushes = parser.parse_args().pushes
    with tempfile.TemporaryDirectory() as directory, start_api(Path(directory)) as (process_id, client):
        push(client, "warm", _WARM_UP)
        before = thread_times_ms(process_id)
        latencies_ms = push(client, "measured", pushes)
        after = thread_times_ms(process_id)
        spent = {thread: (after[thread] - before.get(thread, 0.0)) / pushes for thread in after}
        status = Path(f"/proc/{process_id}/status").read_text()
        figures = {
            "cpu_ms": round(sum(spent.values()), 2),
            "cpu_ms_by_thread": {name: round(ms, 2) for name, ms in sorted(spent.items()) if ms >= 0.01},
            "p50_ms": round(statistics.median(latencies_ms), 2),
            "p99_ms": round(statistics.quantiles(latencies_ms, n=100)[98], 2),
        }
        for name, field in (("rss_mb", "VmRSS"), ("peak_rss_mb", "VmHWM")):
            figures[name] = round(int(re.findall(rf"{field}:\s+(\d+)", status)[0]) / 1024, 1)
        print(json.dumps(figures, indent=1))


@contextmanager
def start_api(directory: Path) -> Iterator[tuple[int, httpx.Client]]:
    """Run an API with a Redis until the end of the block; yield its process ID and an admin client."""
    (directory / "redis").mkdir()
    redis, port = RedisProcess(directory / "redis"), free_port()
    settings = environment(
        STANCEWIRE_STATE_DIR=str(directory), STANCEWIRE_REDIS_URL=redis.url, STANCEWIRE_API__PORT=str(port)
    )
    subprocess.run(command("migrate"), env=settings, check=True, capture_output=True)
    created = subprocess.run(command("keys", "create", "--admin"), env=settings, check=True, capture_output=True)
    redis.start()
    with (directory / "api.log").open("ab") as log:
        api = subprocess.Popen(command("api"), env=settings, stdout=log, stderr=log, cwd=ROOT)
    try:
        with open_client(f"http://127.0.0.1:{port}", created.stdout.decode().strip()) as client:
            wait_until_up(client)
            yield api.pid, client
    finally:
        api.terminate()
        api.wait(60)
        redis.kill()


def wait_until_up(client: httpx.Client) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end:
        try:
            client.get("/healthz").raise_for_status()
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the API does not answer")


def push(client: httpx.Client, feed: str, number: int) -> list[float]:
    """Push articles one after the other; return the milliseconds of each."""
    latencies_ms = []
    for index in range(number):
        began = time.perf_counter()
        answer = client.post("/v1/articles", json={"feed": feed, "guid": str(index), "body": f"{index}. {_BODY}"})
        latencies_ms.append(1000 * (time.perf_counter() - began))
        if answer.status_code != httpx.codes.ACCEPTED:
            raise SystemExit(answer.text)
    return latencies_ms


def thread_times_ms(process_id: int) -> dict[str, float]:
    """Return the processor time of each thread of a process so far."""
    return {
        "main" if task.name == str(process_id) else task.name: int((task / "schedstat").read_text().split()[0]) / _NS
        for task in Path(f"/proc/{process_id}/task").iterdir()
    }


if __name__ == "__main__":
    main()
