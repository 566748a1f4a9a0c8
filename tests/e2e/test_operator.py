"""As an operator: something breaks, its alert fires within a minute, the runbook's step is taken, the alert is quiet again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.conftest import RedisProcess
from tests.support.prometheus import Prometheus, free_port
from tests.support.stack import children, client_of, command, environment, metric, push_lines, sample_lines

pytestmark = pytest.mark.slow

Eventually = Callable[[Callable[[], bool], float], None]

WITHIN_S = 60
FEED_CAP = 30


@dataclass
class Service:
    """The parts, each a process that only the operator starts again."""

    directory: Path
    redis: RedisProcess
    settings: dict[str, str]
    client: httpx.Client
    prometheus: Prometheus
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, part: str) -> None:
        with (self.directory / f"{part}.log").open("ab") as log:
            self.processes[part] = subprocess.Popen(command(part), env=self.settings, stdout=log, stderr=log)

    def end(self, part: str) -> None:
        process = self.processes.pop(part)
        process.terminate()
        process.wait(timeout=60)

    def say(self, *arguments: str) -> str:
        done = subprocess.run(command(*arguments), env=self.settings, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def succeeded(self) -> float:
        return self.prometheus.value('max(stancewire_jobs_finished_total{state="succeeded"})')

    def dead(self) -> float:
        return self.prometheus.value('max(stancewire_jobs{state="dead"})')

    def done(self, number: int) -> bool:
        """Whether so many have succeeded; what a busy machine let die meanwhile is retried, as the runbook says."""
        if self.dead():
            self.say("jobs", "retry", "--all-dead")
        return self.succeeded() >= number


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    directory = tmp_path_factory.mktemp("operator")
    api, worker = free_port(), free_port()
    prometheus = Prometheus(directory / "prometheus", {"api": f"127.0.0.1:{api}", "worker": f"127.0.0.1:{worker}"})
    redis = RedisProcess(tmp_path_factory.mktemp("redis"))
    settings = environment(
        STANCEWIRE_STATE_DIR=str(directory),
        STANCEWIRE_REDIS_URL=redis.url,
        STANCEWIRE_API__PORT=str(api),
        STANCEWIRE_LIMITS__QUEUED_PER_FEED=str(FEED_CAP),
        STANCEWIRE_PIPELINE__MODEL="rules",
        STANCEWIRE_WORKER__METRICS_PORT=str(worker),
        STANCEWIRE_WORKER__NICENESS="0",
        STANCEWIRE_WORKER__LEASE_S="15",
        STANCEWIRE_WORKER__HARD_LIMIT_S="14",
        STANCEWIRE_WORKER__SOFT_LIMIT_S="13",
        STANCEWIRE_WORKER__RENEW_S="1",
        STANCEWIRE_WORKER__MAX_ATTEMPTS="1",  # one killed process makes dead letters
        STANCEWIRE_BROKER__OVERDUE_S="1",
    )
    subprocess.run(command("migrate"), env=settings, check=True, capture_output=True, timeout=60)
    made = subprocess.run(
        command("keys", "create", "--admin"), env=settings, check=True, capture_output=True, text=True, timeout=60
    )
    running = Service(directory, redis, settings, client_of(f"http://127.0.0.1:{api}", made.stdout.strip()), prometheus)
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


@pytest.fixture
def calm(service: Service, eventually: Eventually) -> Service:
    """The service while no alert fires."""
    eventually(lambda: service.prometheus.value("max(celery_active_process_count)") == 2, WITHIN_S)
    eventually(lambda: service.prometheus.firing() == set(), WITHIN_S)
    return service


def test_the_workers_are_gone_and_a_feed_floods(calm: Service, eventually: Eventually) -> None:
    before = int(calm.succeeded())
    calm.end("worker")
    items = push_lines(calm.client, sample_lines(FEED_CAP, "flood"))
    time.sleep(1.1)  # the gate's counts are up to a second old
    refused = push_lines(calm.client, sample_lines(FEED_CAP + 5, "flood")[FEED_CAP:])
    assert {item["status"] for item in refused} == {429}
    expected = {"StancewireWorkersMissing", "StancewireWorkerDown", "StancewireQueueStuck", "StancewireIntakeRefuses"}
    seen: set[str] = set()

    def all_seen() -> bool:
        seen.update(calm.prometheus.firing())
        return seen >= expected

    eventually(all_seen, WITHIN_S)
    assert "flood" in calm.say("jobs", "list", "--state", "queued")
    calm.start("worker")
    eventually(lambda: calm.done(before + len(items)), 180)
    eventually(lambda: calm.prometheus.firing() == set(), WITHIN_S)
    assert [item["status"] for item in push_lines(calm.client, sample_lines(1, "flood"))] == [200], "intake is open again"


def test_redis_is_killed(calm: Service, eventually: Eventually) -> None:
    calm.redis.kill()
    eventually(lambda: "StancewireRedisDown" in calm.prometheus.firing(), WITHIN_S)
    before = int(calm.succeeded())
    push_lines(calm.client, sample_lines(3, "meanwhile"))
    calm.redis.start()
    eventually(lambda: calm.done(before + 3), 120)
    eventually(lambda: calm.prometheus.firing() == set(), WITHIN_S)


def test_the_sweeper_is_gone(calm: Service, eventually: Eventually) -> None:
    calm.end("sweeper")
    eventually(lambda: "StancewireSweeperMissing" in calm.prometheus.firing(), WITHIN_S)
    calm.start("sweeper")
    eventually(lambda: calm.prometheus.firing() == set(), WITHIN_S)


def test_articles_that_take_their_process_with_them_are_retried_by_hand(calm: Service, eventually: Eventually) -> None:
    before = int(calm.succeeded())
    items = push_lines(calm.client, [line for feed in range(8) for line in sample_lines(FEED_CAP, f"poison-{feed}")])
    page = f"{calm.client.base_url}/metrics"
    eventually(lambda: metric(page, "stancewire_jobs", state="running") > 0, 120)
    for child in children(calm.processes["worker"].pid):
        os.kill(child, signal.SIGKILL)
    eventually(lambda: calm.dead() > 0, WITHIN_S)
    eventually(lambda: {"StancewireDeadLetters", "StancewireLeasesLost"} <= calm.prometheus.firing(), WITHIN_S)
    listed = calm.say("jobs", "list", "--state", "dead")
    assert "poison" in listed
    shown = calm.say("jobs", "show", re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", listed)[0])
    assert "worker" in shown
    eventually(lambda: calm.done(before + len(items)), 180)
    eventually(lambda: "StancewireDeadLetters" not in calm.prometheus.firing(), WITHIN_S)
