"""A PostgreSQL server that a test may treat badly."""

from __future__ import annotations

import contextlib
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg

from tests.faults.of_the_store import put_clock_in
from tests.faults.small_disk import small_disk
from tests.support.postgres import PostgresServer


class FaultyPostgres(PostgresServer):
    """One cluster for all of a module's deployments; each gets a database with a clock that can be set."""

    def stop_at_once(self) -> None:
        """The immediate shutdown: every process ends where it stands."""
        assert self.process is not None
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(timeout=30)

    def kill(self) -> None:
        """SIGKILL to all its processes."""
        assert self.process is not None
        family = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()
        psutil.wait_procs(family, timeout=30)

    @contextlib.contextmanager
    def database(self, *, small: bool) -> Iterator[str]:
        """An empty database; a ``small`` one lies on a disk of its own that can be filled up."""
        with self._small_disk() if small else contextlib.nullcontext(), self.new_database() as url:
            dsn = url.replace("postgresql+psycopg://", "postgresql://")
            if small:
                name = dsn.rpartition("/")[2]
                with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
                    connection.execute(f'ALTER DATABASE "{name}" SET TABLESPACE small')
            put_clock_in(dsn)
            yield url

    @property
    def small_disk(self) -> Path:
        return self._directory / "small"

    @contextlib.contextmanager
    def _small_disk(self) -> Iterator[None]:
        """A tablespace on a small file system in memory. Raises CalledProcessError where mounting is not allowed."""
        with small_disk(self.small_disk):
            shutil.chown(self.small_disk, self._user)
            with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
                connection.execute(f"CREATE TABLESPACE small LOCATION '{self.small_disk}'")
                yield
                connection.execute("DROP TABLESPACE small")
