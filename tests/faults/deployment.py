"""The parts of the service as real processes on loopback, each to be killed, frozen and started again by a test."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psutil
import redis
from sqlalchemy import event

from services.contracts import QueueName
from services.database import migrations
from services.database.engine import Database
from services.errors import StoreUnavailable
from services.settings import Database as DatabaseSettings
from services.standalone import redis_server
from tests.faults.entry import Switch, set_sqlite_clock
from tests.support.postgres import PostgresServer

START_S = 120
PARTS = ("api", "sweeper", "worker")


@dataclass(frozen=True)
class Pace:
    """How long things take: as in production, or short enough for every test run."""

    articles: int
    lease_s: float
    hard_limit_s: float
    soft_limit_s: float
    overdue_s: float
    outage_s: float
    lock_s: float
    patience_s: float

    def settings(self) -> dict[str, str]:
        return {
            "STANCEWIRE_WORKER__LEASE_S": str(self.lease_s),
            "STANCEWIRE_WORKER__HARD_LIMIT_S": str(self.hard_limit_s),
            "STANCEWIRE_WORKER__SOFT_LIMIT_S": str(self.soft_limit_s),
            "STANCEWIRE_WORKER__RENEW_S": str(self.lease_s / 6),
            "STANCEWIRE_WORKER__BACKOFF_S": str(self.lease_s / 6),
            "STANCEWIRE_BROKER__OVERDUE_S": str(self.overdue_s),
        }


AGAIN_S = 40  # within this time a killed worker's articles must run again
FOUND_S = 10  # within this time a lost message must be found and its articles run
# Limits and leases by their defaults: it is with them that the two times must hold.
AS_IN_PRODUCTION = Pace(2000, 30, 25, 20, overdue_s=5, outage_s=60, lock_s=30, patience_s=400)
SHORT = Pace(200, 5, 4, 3, overdue_s=1, outage_s=3, lock_s=3, patience_s=120)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(holds: Callable[[], Any], seconds: float, what: str, every_s: float = 0.02) -> None:
    """Wait until something holds. A database that does not answer meanwhile says nothing either way."""
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(StoreUnavailable):
            if holds():
                return
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(every_s)


@dataclass
class Deployment:
    """API, sweeper, worker host and Redis under one parent, on a database of either kind."""

    folder: Path
    database_url: str
    pace: Pace
    extra: dict[str, str]
    postgres: PostgresServer | None = None
    slots: int = 2
    small_disk: Path | None = None  # what the database lies on, where that can be filled up
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.switches = self.folder / "switches"
        self.switches.mkdir(parents=True)
        self._redis = redis_server.prepare(self.folder)
        self.redis = redis.Redis.from_url(self._redis.url, socket_timeout=5)
        self.environment = os.environ | {
            "FAULTS_DIR": str(self.switches),
            "STANCEWIRE_STATE_DIR": str(self.folder),
            "STANCEWIRE_DATABASE_URL": self.database_url,
            "STANCEWIRE_REDIS_URL": self._redis.url,
            "STANCEWIRE_ACCESS__REQUIRED": "false",
            "STANCEWIRE_API__PORT": str(self.port),
            "STANCEWIRE_WORKER__PROCESSES": str(self.slots),
            "STANCEWIRE_WORKER__NICENESS": "0",  # a limit must not pass because something else runs on this machine
            "STANCEWIRE_PIPELINE__MODEL": "rules",
            **self.pace.settings(),
            **self.extra,
        }
        # Patient, so that a reader of the books waits where the service gives up.
        self.database = Database(self.database_url, DatabaseSettings(busy_timeout_s=10))
        if self.kind == "sqlite":
            event.listen(self.database.engine, "connect", partial(set_sqlite_clock, self.switches))

    @property
    def kind(self) -> str:
        return self.database.dialect

    @property
    def queue(self) -> str:
        return "stancewire:" + QueueName.ANALYSE

    # --- all of it -----------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        migrations.upgrade(self.database)
        self.start_part("redis")
        for part in PARTS:
            self.start_part(part)
        self.wait_ready()

    def stop(self) -> None:
        for part in (*PARTS, "redis"):
            process = self.processes.get(part)
            if process is not None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for part, process in self.processes.items():
            try:
                process.wait(timeout=self.pace.hard_limit_s + 10)
            except subprocess.TimeoutExpired:
                self.kill(part)
        self.redis.close()
        self.database.dispose()

    def wait_ready(self) -> None:
        until(self._ready, START_S, f"the service is ready; see the logs in {self.folder}")

    def _ready(self) -> bool:
        with contextlib.suppress(httpx.HTTPError, ValueError):
            return bool(httpx.get(f"{self.url}/readyz", timeout=2).json()["status"] == "ok")
        return False

    # --- one part ------------------------------------------------------------------------------------------------------------

    def start_part(self, part: str, name: str = "") -> None:
        module = (sys.executable, "-m", "tests.faults.entry", part)
        command: Sequence[str] = self._redis.command if part == "redis" else module
        with (self.folder / f"{part}.log").open("ab") as log:
            self.processes[name or part] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment
            )
        if part == "redis":
            until(self._redis_answers, START_S, "Redis answers")

    def _redis_answers(self) -> bool:
        with contextlib.suppress(redis.RedisError):
            return bool(self.redis.ping())
        return False

    def pid(self, part: str) -> int:
        return self.processes[part].pid

    def send(self, part: str, number: int) -> None:
        self.processes[part].send_signal(number)

    def kill(self, part: str) -> None:
        """SIGKILL, and what is left of it after that."""
        self.processes[part].kill()
        self.processes[part].wait()

    def children(self) -> list[psutil.Process]:
        """The worker's children that hold a pipeline; the same each time, as far as they live."""
        return psutil.Process(self.pid("worker")).children()

    @contextlib.contextmanager
    def frozen(self, processes: Sequence[psutil.Process]) -> Iterator[None]:
        for process in processes:
            process.suspend()
        try:
            yield
        finally:
            for process in processes:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.resume()

    @contextlib.contextmanager
    def armed(self, switch: Switch, content: str = "") -> Iterator[None]:
        self.arm(switch, content)
        try:
            yield
        finally:
            (self.switches / switch).unlink(missing_ok=True)

    def arm(self, switch: Switch, content: str = "") -> None:
        """Whole at once: a process must not read half a number."""
        (self.switches / "new").write_text(content)
        (self.switches / "new").rename(self.switches / switch)
