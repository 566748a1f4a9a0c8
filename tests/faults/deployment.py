"""Runs the parts of the service as processes on loopback, which a test can kill, freeze and restart."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from tests.faults.fault_injection import Switch, set_sqlite_clock
from tests.support.link import Link
from tests.support.tls import TLS

if TYPE_CHECKING:
    from tests.faults.postgres import FaultyPostgres

START_TIMEOUT_S = 120
PARTS = ("api", "sweeper", "worker")
# Seconds that a fault lasts at most until something has told of it; with 0 it lasts as long as its pace says.
PATIENCE_S = float(os.environ.get("FAULTS_TOLD_S", "0"))


@dataclass(frozen=True)
class Pace:
    """Durations in seconds: as in production, or short enough for every test run.

    ``articles`` is the size of the load, ``api_kills`` the number of times that the API is killed. ``outage_s`` and
    ``lock_s`` are the lengths of outages and of locks on the database. All jobs must be final within ``timeout_s``.
    """

    articles: int
    api_kills: int
    lease_s: float
    hard_limit_s: float
    soft_limit_s: float
    overdue_s: float
    outage_s: float
    lock_s: float
    timeout_s: float

    def settings(self) -> dict[str, str]:
        return {
            "STANCEWIRE_WORKER__LEASE_S": str(self.lease_s),
            "STANCEWIRE_WORKER__HARD_LIMIT_S": str(self.hard_limit_s),
            "STANCEWIRE_WORKER__SOFT_LIMIT_S": str(self.soft_limit_s),
            "STANCEWIRE_WORKER__RENEW_S": str(self.lease_s / 6),
            "STANCEWIRE_WORKER__BACKOFF_S": str(self.lease_s / 6),
            "STANCEWIRE_BROKER__OVERDUE_S": str(self.overdue_s),
            # As in production, a wait for a lock ends well before the hard limit, which would end the process.
            "STANCEWIRE_DATABASE__BUSY_TIMEOUT_S": str(max(1.0, self.lease_s / 6)),
        }


RESTART_BOUND_S = 40  # within which the articles of a killed worker must run again
REDELIVERY_BOUND_S = 10  # within which the articles of a lost message must run, if no other message is ahead of it
FULL_WINDOW_S = 10  # within which a slow machine reads what is in Redis ahead of a message
# Limits and leases have their defaults: the two bounds are promised for these.
AS_IN_PRODUCTION = Pace(2000, 3, 30, 25, 20, overdue_s=5, outage_s=60, lock_s=30, timeout_s=400)
SHORT = Pace(120, 1, 3, 2.5, 2, overdue_s=1, outage_s=3, lock_s=3, timeout_s=120)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], Any], seconds: float, description: str, every_s: float = 0.02) -> None:
    """Wait until a condition is true; keeps waiting while the database does not answer."""
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(StoreUnavailable):
            if condition():
                return
        assert time.monotonic() < end, f"not within {seconds} s: {description}"
        time.sleep(every_s)


@contextlib.contextmanager
def suspended(processes: Sequence[psutil.Process]) -> Iterator[None]:
    """Suspend the processes inside the context."""
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()


@dataclass
class Deployment:
    """API, sweeper, worker host and Redis as child processes, on a database of either kind."""

    folder: Path
    database_url: str
    pace: Pace
    extra: dict[str, str]  # further environment variables
    postgres: FaultyPostgres | None = None
    slots: int = 2
    small_disk: Path | None = None  # with the database, if a test may fill the disk up
    parts: Sequence[str] = PARTS
    linked: bool = False  # the service reaches its stores through links that a test can break
    patience_s: float = PATIENCE_S
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.switches = self.folder / "switches"
        self.switches.mkdir(parents=True)
        self.broken_at = 0.0  # when the latest fault began, by the monotonic clock
        self.logs_to: Path | None = None  # instead of a file in the folder
        self.told = threading.Event()  # set when something has told of it
        self.expects_to_be_told = True
        self.metrics_targets = {"api": f"127.0.0.1:{self.port}", "worker": f"127.0.0.1:{free_port()}"}
        self.links: dict[str, Link] = {}
        self._redis = redis_server.prepare(self.folder)
        self.redis = redis.Redis.from_url(self._redis.url, socket_timeout=5)
        self.environment = os.environ | {
            "FAULTS_DIR": str(self.switches),
            "STANCEWIRE_STATE_DIR": str(self.folder),
            "STANCEWIRE_DATABASE_URL": self._linked_database_url(),
            "STANCEWIRE_REDIS_URL": self._linked_redis_url(),
            "STANCEWIRE_ACCESS__REQUIRED": "false",
            "STANCEWIRE_ACCESS__METRICS": "loopback",
            "STANCEWIRE_API__PORT": str(self.port),
            "STANCEWIRE_WORKER__PROCESSES": str(self.slots),
            "STANCEWIRE_WORKER__NICENESS": "0",  # other load on this machine must not make a limit pass
            "STANCEWIRE_WORKER__METRICS_PORT": self.metrics_targets["worker"].partition(":")[2],
            "STANCEWIRE_PIPELINE__MODEL": "rules",
            **self.pace.settings(),
            **self.extra,
        }
        # With a long timeout, so that an audit waits where the service gives up.
        self.database = Database(self.database_url, DatabaseSettings(busy_timeout_s=10))
        if self.kind == "sqlite":
            event.listen(self.database.engine, "connect", partial(set_sqlite_clock, self.switches))

    def _linked_database_url(self) -> str:
        if not self.linked or self.postgres is None:
            return self.database_url
        self.links["database"] = Link(self.postgres.port)
        return self.database_url.replace(f":{self.postgres.port}/", f":{self.links['database'].port}/")

    def _linked_redis_url(self) -> str:
        if not self.linked:
            return self._redis.url
        self.links["redis"] = Link(Path(self._redis.url.removeprefix("unix://")))
        return f"redis://127.0.0.1:{self.links['redis'].port}/0"

    @property
    def kind(self) -> str:
        return self.database.dialect

    @property
    def queue(self) -> str:
        return "stancewire:" + QueueName.ANALYSE

    # --- the whole deployment ---

    def start(self) -> None:
        migrations.upgrade(self.database)
        self.start_part("redis")
        for part in self.parts:
            self.start_part(part)
        self.wait_ready()

    def stop(self) -> None:
        for part in (*self.parts, "redis"):
            process = self.processes.get(part)
            if process is not None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for part, process in self.processes.items():
            try:
                process.wait(timeout=self.pace.hard_limit_s + 10)
            except subprocess.TimeoutExpired:
                self.kill(part)
        for link in self.links.values():
            link.close()
        self.redis.close()
        self.database.dispose()

    def wait_ready(self) -> None:
        wait_until(self._ready, START_TIMEOUT_S, f"the service is ready; see the logs in {self.folder}")

    def _ready(self) -> bool:
        with contextlib.suppress(httpx.HTTPError, ValueError):
            return bool(httpx.get(f"{self.url}/readyz", timeout=2, verify=TLS).json()["status"] == "ok")
        return False

    def wait_told(self) -> None:
        """Wait until something has told of the latest fault, or the patience is at its end."""
        if self.expects_to_be_told:
            self.told.wait(max(0.0, self.broken_at + self.patience_s - time.monotonic()))

    # --- one part ---

    def start_part(self, part: str, name: str = "") -> None:
        module = (sys.executable, "-m", "tests.faults.fault_injection", part)
        command: Sequence[str] = self._redis.command if part == "redis" else module
        with (self.logs_to or self.folder / f"{part}.log").open("ab") as log:
            self.processes[name or part] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment
            )
        if part == "redis":
            wait_until(self._redis_answers, START_TIMEOUT_S, "Redis answers")

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the service, with the settings of the deployment, to its end."""
        command = [sys.executable, "-m", "services.cli.main", *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=self.environment, timeout=START_TIMEOUT_S)

    def _redis_answers(self) -> bool:
        with contextlib.suppress(redis.RedisError):
            return bool(self.redis.ping())
        return False

    def pid(self, part: str) -> int:
        return self.processes[part].pid

    def send_signal(self, part: str, number: int) -> None:
        self.processes[part].send_signal(number)

    def kill(self, part: str) -> None:
        """Send SIGKILL and wait for the end of the process."""
        self.processes[part].kill()
        self.processes[part].wait()

    def children(self) -> list[psutil.Process]:
        """Return the living children of the worker, which run the pipelines, in a stable order."""
        return psutil.Process(self.pid("worker")).children()

    @contextlib.contextmanager
    def switched_on(self, switch: Switch, content: str = "") -> Iterator[None]:
        self.switch_on(switch, content)
        try:
            yield
        finally:
            (self.switches / switch).unlink(missing_ok=True)

    def switch_on(self, switch: Switch, content: str = "") -> None:
        """Create the switch's file atomically, as a process must not read half a number."""
        (self.switches / "new").write_text(content)
        (self.switches / "new").rename(self.switches / switch)
