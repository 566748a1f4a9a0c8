"""A PostgreSQL server that tests can kill and whose disk they can fill up."""

from __future__ import annotations

import contextlib
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg

from tests.faults.deployment import wait_until
from tests.faults.small_disk import small_disk
from tests.faults.store_faults import install_clock
from tests.support.postgres import PostgresServer


class FaultyPostgres(PostgresServer):
    """One cluster for all deployments of a module; each gets a database with a clock that can be set."""

    def stop_immediately(self) -> None:
        """Shut down in immediate mode: every process exits without a checkpoint."""
        assert self.process is not None
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(timeout=30)

    def kill(self) -> None:
        """Send SIGKILL to all processes of the server."""
        assert self.process is not None
        processes = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()
        psutil.wait_procs(processes, timeout=30)

    @contextlib.contextmanager
    def failed_over(self) -> Iterator[None]:
        """Be dead inside the context; then a standby, which has every commit, takes the address over."""
        standby = self.new_standby()
        standby.start()
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            connection.execute("SELECT pg_reload_conf()")
            synchronous = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"
            wait_until(lambda: connection.execute(synchronous).fetchone(), 30, "the standby follows")
        self.kill()
        yield
        with psycopg.connect(standby.dsn("postgres"), autocommit=True) as connection:
            connection.execute("SELECT pg_promote()")
        standby.halt()
        self._directory, standby._directory = standby._directory, self._directory  # the address stays
        self.start()
        standby.stop()

    @contextlib.contextmanager
    def database(self, *, small: bool) -> Iterator[str]:
        """Create an empty database; a ``small`` one is stored on a disk of its own that can be filled up."""
        with self._small_disk() if small else contextlib.nullcontext(), self.new_database() as url:
            dsn = url.replace("postgresql+psycopg://", "postgresql://")
            if small:
                name = dsn.rpartition("/")[2]
                with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
                    connection.execute(f'ALTER DATABASE "{name}" SET TABLESPACE small')
            install_clock(dsn)
            yield url

    @property
    def small_disk(self) -> Path:
        return self._directory / "small"

    @contextlib.contextmanager
    def _small_disk(self) -> Iterator[None]:
        """Create a tablespace on a small file system; raises CalledProcessError if mounting is not allowed."""
        with small_disk(self.small_disk):
            if self._user is not None:
                shutil.chown(self.small_disk, self._user)
            with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
                connection.execute(f"CREATE TABLESPACE small LOCATION '{self.small_disk}'")
                yield
                connection.execute("DROP TABLESPACE small")
