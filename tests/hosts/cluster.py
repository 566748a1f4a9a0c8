"""Three hosts: one with PostgreSQL and Redis, two that each run API, worker and sweeper, the first a deliverer, too."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from uuid import UUID

import httpx
import psutil
from sqlalchemy import select

from services.access import keys
from services.caller import Scope, local
from services.database.engine import Database
from services.database.tables import hosts
from services.settings import Database as DatabaseSettings
from tests.faults import ledger_audit
from tests.faults.deployment import START_TIMEOUT_S, suspended, wait_until
from tests.hosts.network import Network
from tests.hosts.stores import HostPostgres, HostRedis
from tests.support.paths import ROOT

STORES: Final = "a"
PARTS: Final[Mapping[str, Sequence[str]]] = {
    "b": ("api", "worker", "sweeper", "deliverer"),
    "c": ("api", "worker", "sweeper"),
}
_API_PORT: Final = 8400
_STOP_S: Final = 60
_READYZ: Final = """
import sys, urllib.error, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1], timeout=20).status)
except urllib.error.HTTPError as error:
    print(error.code)
"""


@dataclass
class Host:
    """A host that runs parts of the service, from the code in the folder ``code``."""

    name: str
    network: Network
    database: Database
    environment: Mapping[str, str]
    folder: Path
    code: Path = ROOT
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _started_ms: int = 0

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self.url = f"http://{self.network.address(self.name)}:{_API_PORT}"

    def start(self) -> None:
        """Start every part; `wait_ready` waits until they work."""
        self._started_ms = ledger_audit.clock_ms(self.database)
        for part in PARTS[self.name]:
            with (self.folder / f"{part}.log").open("ab") as log:
                self.processes[part] = self._popen(part, output=log.fileno())

    def run(self, *arguments: str) -> None:
        """Run a command of the service on this host. Raises CalledProcessError if it fails."""
        process = self._popen(*arguments, output=subprocess.PIPE)
        output, _ = process.communicate(timeout=START_TIMEOUT_S)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, arguments, output)

    def _popen(self, *arguments: str, output: int) -> subprocess.Popen[bytes]:
        addresses = {
            "PYTHONPATH": str(self.code),
            "STANCEWIRE_STATE_DIR": str(self.folder),
            "STANCEWIRE_API__HOST": self.network.address(self.name),
            "STANCEWIRE_API__PORT": str(_API_PORT),
        }
        command = self.network.command(self.name, sys.executable, "-m", "services.cli.main", *arguments)
        return subprocess.Popen(
            command,
            cwd=self.code,
            env={**self.environment, **addresses},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output if output >= 0 else subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for this program, which then ends them
        )

    def wait_ready(self) -> None:
        """Wait until the API accepts articles and the other parts have registered."""
        wait_until(self._is_ready, START_TIMEOUT_S, f"host {self.name} works; see the logs in {self.folder}", 0.1)

    def _is_ready(self) -> bool:
        dead = [part for part, process in self.processes.items() if process.poll() is not None]
        assert not dead, f"{dead} of host {self.name} ended; see the logs in {self.folder}"
        return self.readyz() in {"ok", "degraded"} and self._registered() >= set(PARTS[self.name])

    def _registered(self) -> set[str]:
        mine = hosts.c.name.startswith(f"{self.name}/") & (hosts.c.started_at >= self._started_ms)
        with self.database.read() as connection:
            return set(connection.execute(select(hosts.c.role).where(mine)).scalars())

    def readyz(self) -> str:
        """Return the status that ``/readyz`` answers with, or ``no answer``."""
        with contextlib.suppress(httpx.HTTPError, ValueError):
            return str(httpx.get(f"{self.url}/readyz", timeout=3, trust_env=False).json()["status"])
        return "no answer"

    def readyz_from_inside(self) -> int:
        """Return the status code of ``/readyz`` as a process of this host sees it, also if its link is down."""
        command = self.network.command(self.name, sys.executable, "-c", _READYZ, f"{self.url}/readyz")
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    def stop(self) -> float:
        """Stop in order, by SIGTERM to every part; return the seconds until the last has ended."""
        began = time.monotonic()
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        codes = {part: process.wait(_STOP_S) for part, process in self.processes.items()}
        in_order = {0, -signal.SIGTERM}  # the server of the API raises the signal again once it has shut down
        assert set(codes.values()) <= in_order, f"not every part of host {self.name} ended in order: {codes}"
        self.processes.clear()
        return time.monotonic() - began

    def kill(self) -> None:
        """Send SIGKILL to every process."""
        self.network.kill(self.name)
        for process in self.processes.values():
            process.wait()
        self.processes.clear()

    def worker_children(self) -> list[psutil.Process]:
        return psutil.Process(self.processes["worker"].pid).children()

    def read(self) -> int:
        """Return how many articles the worker of this host has read, by its log."""
        log = self.folder / "worker.log"
        lines = log.read_text("utf-8").splitlines() if log.exists() else []
        events = [json.loads(line) for line in lines if line.startswith("{") and '"article_done"' in line]
        return sum(event["outcome"] == "succeeded" for event in events)


class Cluster:
    """The network, the stores, and the hosts of the service; all of it ends with the context."""

    def __init__(
        self, folder: Path, programs: Path, settings: Mapping[str, str], *, delay_ms: float = 0, code: Path = ROOT
    ) -> None:
        """Prepare a cluster whose hosts run the code in the folder ``code``, on the schema of that code."""
        self.folder = folder
        self.network = Network([STORES, *PARTS], delay_ms)
        self.hosts: dict[str, Host] = {}
        self._programs = programs
        self._settings = settings
        self._code = code
        self._cleanup = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.network)
            postgres = HostPostgres(self._programs, self.network, STORES)
            stack.callback(postgres.stop)
            postgres.start()
            redis = HostRedis(self.network, STORES)
            stack.callback(redis.stop)
            redis.start()
            url = stack.enter_context(postgres.new_database())
            self.database = Database(url, DatabaseSettings(busy_timeout_s=10))
            stack.callback(self.database.dispose)
            environment = self._environment(url, redis.url)
            for name in PARTS:
                self.hosts[name] = Host(name, self.network, self.database, environment, self.folder / name, self._code)
                stack.callback(self._kill, self.hosts[name])
            self._cleanup = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def _kill(self, host: Host) -> None:
        if host.processes:
            host.kill()

    def _environment(self, database_url: str, redis_url: str) -> dict[str, str]:
        """Return what all machines of a deployment share."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("STANCEWIRE_")}
        return inherited | {
            "STANCEWIRE_DATABASE_URL": database_url,
            "STANCEWIRE_REDIS_URL": redis_url,
            "STANCEWIRE_CONSOLE__SECRET": secrets.token_hex(32),
            "STANCEWIRE_WORKER__PROCESSES": "1",
            "STANCEWIRE_WORKER__NICENESS": "0",  # other load on this machine must not make a limit pass
            "STANCEWIRE_PIPELINE__MODEL": "rules",
            "STANCEWIRE_LOG__FORMAT": "json",
            "STANCEWIRE_LOG__LEVEL": "DEBUG",  # a line for each article
            **self._settings,
        }

    def start(self) -> None:
        """Migrate, start every host, and wait until all work."""
        next(iter(self.hosts.values())).run("migrate")
        for host in self.hosts.values():
            host.start()
        for host in self.hosts.values():
            host.wait_ready()

    def new_key(self, feed: str) -> str:
        """Create a key that pushes to one feed."""
        return keys.create(self.database, name=feed, scopes=[Scope.INGEST], feeds=[feed], by=local())[1]

    @contextlib.contextmanager
    def frozen(self) -> Iterator[dict[UUID, UUID]]:
        """Freeze every worker process while each has a message; yield the running jobs with their lease tokens."""
        end = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < end:
            children = [child for host in self.hosts.values() for child in host.worker_children()]
            with suspended(children):
                leases = ledger_audit.running_jobs(self.database)
                if len(set(leases.values())) == len(children) == len(self.hosts):
                    yield leases
                    return
            time.sleep(0.02)
        raise AssertionError(f"not every worker had a message within {START_TIMEOUT_S} s")
