"""A PostgreSQL server for tests, started from the installed programs."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg


def find_programs() -> Path | None:
    """Return the folder with ``initdb`` and ``postgres``: on the PATH, else Debian's newest version, else None."""
    on_path = shutil.which("initdb")
    folders = [Path(on_path).parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


class PostgresServer:
    """A cluster in a folder of its own on a free loopback port.

    PostgreSQL refuses root, so root runs it as ``postgres``.
    """

    def __init__(self, programs: Path, primary: PostgresServer | None = None, *, durable: bool = False) -> None:
        """Prepare a new cluster or, with ``primary``, a standby that follows it.

        Unless ``durable``, nothing is flushed to the disk: what is committed survives the end of any process, but not
        that of the machine. Copying and dropping a database takes seconds otherwise.
        """
        self._programs = programs
        self._primary = primary
        self._durable = durable
        self._directory = Path(tempfile.mkdtemp(prefix="stancewire-postgres-"))
        self._user = "postgres" if os.geteuid() == 0 else None
        self.process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def start(self) -> None:
        data = self._directory / "data"
        if self._user:
            shutil.chown(self._directory, self._user)
        if not data.exists() and self._primary is not None:
            source = self._primary.dsn("postgres")
            self._run("pg_basebackup", "-D", str(data), "-d", source, "-R", "-c", "fast", "--no-sync")
        elif not data.exists():
            self._run("initdb", "-D", str(data), "-U", "tests", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = ["-D", str(data), "-h", "127.0.0.1", "-p", str(self.port), "-k", str(self._directory)]
        if not self._durable:
            options += ["-c", "fsync=off", "-c", "full_page_writes=off"]
        self.process = subprocess.Popen(
            [str(self._programs / "postgres"), *options, "-c", "max_connections=200"],
            user=self._user,
            cwd=self._directory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(500):
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.dsn("postgres")):
                return
            time.sleep(0.05)
        raise RuntimeError("PostgreSQL did not start")

    def new_standby(self) -> PostgresServer:
        """Return a standby of this server that was not started yet."""
        return PostgresServer(self._programs, primary=self)

    def dsn(self, name: str) -> str:
        return f"postgresql://tests@127.0.0.1:{self.port}/{name}"

    @contextlib.contextmanager
    def new_database(self, template: str = "template1") -> Iterator[str]:
        """Copy the database ``template``, by default an empty one, yield the copy's SQLAlchemy URL, drop it."""
        name = f"t{uuid.uuid4().hex[:12]}"
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        yield self.dsn(name).replace("postgresql://", "postgresql+psycopg://")
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def halt(self) -> None:
        """Stop the server; `start` starts it again with its data."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown: does not wait for clients
            self.process.wait(timeout=30)
            self.process = None

    def stop(self) -> None:
        """Stop the server and remove its data."""
        self.halt()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        folders = (self._programs, (self._programs / "postgres").resolve().parent)  # the first may hold links to some
        command = [next(str(folder / program) for folder in folders if (folder / program).exists()), *arguments]
        subprocess.run(command, user=self._user, cwd=self._directory, check=True, capture_output=True)
