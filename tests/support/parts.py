"""The parts of the service as separate processes that nothing restarts, monitored by their own Prometheus."""

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
from tests.support.stack import SHORT_LIMITS, command, environment, open_client


@dataclass
class ServiceParts:
    """API, sweeper and worker with a Redis and a Prometheus."""

    directory: Path
    redis: RedisProcess
    settings: dict[str, str]
    key: str
    client: httpx.Client
    prometheus: Prometheus
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, part: str) -> None:
        """Run `stancewire PART`. The worker is that of the fault tests: an article with words of `Trigger` kills it."""
        process_command = (
            [sys.executable, "-m", "tests.faults.fault_injection", part] if part == "worker" else command(part)
        )
        with (self.directory / f"{part}.log").open("ab") as log:
            self.processes[part] = subprocess.Popen(
                process_command, env=self.settings, stdout=log, stderr=log, cwd=ROOT
            )

    def stop(self, part: str) -> None:
        process = self.processes.pop(part)
        process.terminate()
        process.wait(timeout=60)

    def run(self, *arguments: str) -> str:
        """Run `stancewire` with ``arguments`` and return its standard output."""
        completed = subprocess.run(command(*arguments), env=self.settings, capture_output=True, text=True, timeout=120)
        assert completed.returncode == 0, completed.stdout + completed.stderr
        return completed.stdout

    def succeeded_count(self) -> int:
        """Return the number of analysed articles, from Prometheus."""
        return int(self.prometheus.value('max(stancewire_jobs_finished_total{state="succeeded"})'))

    def dead_count(self) -> int:
        """Return the number of dead jobs, from Prometheus."""
        return int(self.prometheus.value('max(stancewire_jobs{state="dead"})'))

    def has_succeeded(self, count: int) -> bool:
        """Whether ``count`` articles are analysed. Retries jobs that died on a busy machine, as the runbook says."""
        if self.dead_count():
            self.run("jobs", "retry", "--all-dead")
        return self.succeeded_count() >= count


@contextlib.contextmanager
def start_parts(directory: Path, **settings: str) -> Iterator[ServiceParts]:
    """Run all parts until the end of the block."""
    api_port, metrics_port = free_port(), free_port()
    (directory / "redis").mkdir()
    redis = RedisProcess(directory / "redis")
    settings_environment = environment(
        **SHORT_LIMITS,
        STANCEWIRE_STATE_DIR=str(directory),
        STANCEWIRE_REDIS_URL=redis.url,
        STANCEWIRE_API__PORT=str(api_port),
        STANCEWIRE_PIPELINE__MODEL="rules",
        STANCEWIRE_WORKER__METRICS_PORT=str(metrics_port),
        STANCEWIRE_WORKER__NICENESS="0",
        **settings,
    )
    subprocess.run(command("migrate"), env=settings_environment, check=True, capture_output=True, timeout=60)
    key = subprocess.run(
        command("keys", "create", "--admin"),
        env=settings_environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout.strip()
    prometheus = Prometheus(
        directory / "prometheus", {"api": f"127.0.0.1:{api_port}", "worker": f"127.0.0.1:{metrics_port}"}
    )
    client = open_client(f"http://127.0.0.1:{api_port}", key)
    service = ServiceParts(directory, redis, settings_environment, key, client, prometheus)
    try:
        redis.start()
        for part in ("api", "sweeper", "worker"):
            service.start(part)
        yield service
    finally:
        service.client.close()
        for process in service.processes.values():
            process.terminate()
        for process in service.processes.values():
            process.wait(timeout=60)
        redis.kill()
        prometheus.stop()
