"""The parts of the service as processes that only an operator starts again, watched by a Prometheus of their own."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.conftest import RedisProcess
from tests.support.prometheus import ROOT, Prometheus, free_port
from tests.support.stack import QUICK, client_of, command, environment


@dataclass
class Service:
    """API, sweeper and worker beside a Redis."""

    directory: Path
    redis: RedisProcess
    settings: dict[str, str]
    key: str
    client: httpx.Client
    prometheus: Prometheus
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, part: str) -> None:
        """``stancewire PART``; the worker as the tests of faults have it, which the words of ``Trigger`` in an article kill."""
        line = [sys.executable, "-m", "tests.faults.entry", part] if part == "worker" else command(part)
        with (self.directory / f"{part}.log").open("ab") as log:
            self.processes[part] = subprocess.Popen(line, env=self.settings, stdout=log, stderr=log, cwd=ROOT)

    def end(self, part: str) -> None:
        process = self.processes.pop(part)
        process.terminate()
        process.wait(timeout=60)

    def say(self, *arguments: str) -> str:
        """What a command of ``stancewire`` prints."""
        done = subprocess.run(command(*arguments), env=self.settings, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def succeeded(self) -> int:
        """Articles analysed so far, as Prometheus knows."""
        return int(self.prometheus.value('max(stancewire_jobs_finished_total{state="succeeded"})'))

    def dead(self) -> int:
        """Jobs that are dead, as Prometheus knows."""
        return int(self.prometheus.value('max(stancewire_jobs{state="dead"})'))

    def done(self, number: int) -> bool:
        """Whether so many have succeeded; what a busy machine let die meanwhile is retried, as the runbook says."""
        if self.dead():
            self.say("jobs", "retry", "--all-dead")
        return self.succeeded() >= number


@contextlib.contextmanager
def parts(directory: Path, **settings: str) -> Iterator[Service]:
    """All of it running."""
    api, worker = free_port(), free_port()
    (directory / "redis").mkdir()
    redis = RedisProcess(directory / "redis")
    environ = environment(
        **QUICK,
        STANCEWIRE_STATE_DIR=str(directory),
        STANCEWIRE_REDIS_URL=redis.url,
        STANCEWIRE_API__PORT=str(api),
        STANCEWIRE_PIPELINE__MODEL="rules",
        STANCEWIRE_WORKER__METRICS_PORT=str(worker),
        STANCEWIRE_WORKER__NICENESS="0",
        **settings,
    )
    subprocess.run(command("migrate"), env=environ, check=True, capture_output=True, timeout=60)
    key = subprocess.run(
        command("keys", "create", "--admin"), env=environ, check=True, capture_output=True, text=True, timeout=60
    ).stdout.strip()
    prometheus = Prometheus(directory / "prometheus", {"api": f"127.0.0.1:{api}", "worker": f"127.0.0.1:{worker}"})
    running = Service(directory, redis, environ, key, client_of(f"http://127.0.0.1:{api}", key), prometheus)
    try:
        redis.start()
        for part in ("api", "sweeper", "worker"):
            running.start(part)
        yield running
    finally:
        running.client.close()
        for process in running.processes.values():
            process.terminate()
        for process in running.processes.values():
            process.wait(timeout=60)
        redis.kill()
        prometheus.stop()
