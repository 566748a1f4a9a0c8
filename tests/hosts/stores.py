"""PostgreSQL and Redis on a host of their own, with passwords, on the address of that host alone."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import subprocess
import time
from pathlib import Path
from typing import Final

import psycopg
import redis

from services.standalone import redis_server
from tests.hosts.network import Network
from tests.support.postgres import PostgresServer

_PORT: Final = 5432
_REDIS_PORT: Final = 6379
_TRIES: Final = 600  # every 0.05 s


class HostPostgres(PostgresServer):
    """A cluster on a host of the network; its user has to give a password."""

    def __init__(self, programs: Path, network: Network, host: str) -> None:
        super().__init__(programs)
        self.port = _PORT
        self._network = network
        self._host = host
        self._password = secrets.token_hex(16)

    def start(self) -> None:
        data = self._directory / "data"
        shutil.chown(self._directory, "postgres")
        password = self._directory / "password"
        password.write_text(self._password)
        shutil.chown(password, "postgres")
        self._run(
            "initdb", "-D", str(data), "-U", "tests", "-E", "UTF8", "-A", "scram-sha-256", "--pwfile", str(password)
        )
        with (data / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {self._network.subnet}.0/24 scram-sha-256\n")
        address = self._network.address(self._host)
        options = {"-D": data, "-h": address, "-p": _PORT, "-k": self._directory, "-c": "max_connections=200"}
        server = [str(self._programs / "postgres"), *(str(part) for option in options.items() for part in option)]
        unprivileged = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *server]
        self.process = subprocess.Popen(
            self._network.command(self._host, *unprivileged),
            cwd=self._directory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for _ in range(_TRIES):
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.dsn("postgres")):
                return
            time.sleep(0.05)
        raise RuntimeError("PostgreSQL did not start")

    def dsn(self, name: str) -> str:
        return f"postgresql://tests:{self._password}@{self._network.address(self._host)}:{_PORT}/{name}"


class HostRedis:
    """A Redis server on a host of the network, with a password."""

    def __init__(self, network: Network, host: str) -> None:
        password = secrets.token_hex(16)
        self.url = f"redis://:{password}@{network.address(host)}:{_REDIS_PORT}/0"
        options = {
            "bind": network.address(host),
            "port": str(_REDIS_PORT),
            "requirepass": password,
            "save": "",
            "appendonly": "no",
            "maxmemory": "256mb",
            "maxmemory-policy": "noeviction",
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        self._command = network.command(host, redis_server.find_program(), *arguments)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        client = redis.Redis.from_url(self.url)
        for _ in range(_TRIES):
            with contextlib.suppress(redis.RedisError):
                client.ping()
                client.close()
                return
            time.sleep(0.05)
        raise RuntimeError("Redis did not start")

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
