"""Fixtures of real servers, each started on a free port or socket and ended by its own process ID."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
import redis
from playwright.sync_api import Browser

import workers  # noqa: F401 - sets the number of native threads before a test loads numpy
from services.database import migrations
from services.database.engine import Database
from services.settings import Database as DatabaseSettings
from services.settings import Settings
from services.standalone import redis_server
from tests.support.browser import CHROMIUM, chromium
from tests.support.postgres import PostgresServer, find_programs

IN_CI = os.environ.get("CI", "").lower() == "true"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make a skipped test an error in CI, which installs everything that tests need but may lack a privilege."""
    report = yield
    privileged = item.get_closest_marker("privileged") is not None
    if IN_CI and report.skipped and not privileged and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, but CI must not skip tests: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Remove settings from the environment, and give each test a state directory of its own."""
    for name in list(os.environ):
        if name.startswith("STANCEWIRE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("STANCEWIRE_STATE_DIR", str(tmp_path / "state"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    programs = find_programs()
    if programs is None:
        pytest.skip("PostgreSQL's programs (initdb, postgres) are not installed")
    server = PostgresServer(programs)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests, as Playwright allows only one per thread."""
    if not CHROMIUM.exists():
        pytest.skip(f"Chromium is not installed ({CHROMIUM})")
    with chromium() as started:
        yield started


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Each kind of database; ``indirect=True`` chooses one."""
    kind: str = request.param
    return kind


@pytest.fixture
def database_url(request: pytest.FixtureRequest, database_kind: str, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if database_kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.new_database() as url:
        yield url


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database with the schema, to copy: migrating takes a hundred times as long."""
    file = tmp_path_factory.mktemp("template") / "ledger.db"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def migrated_template(postgres: PostgresServer) -> Iterator[str]:
    """The name of a PostgreSQL database with the schema, to copy."""
    with postgres.new_database() as url:
        _migrate(url)
        yield url.rpartition("/")[2]


def _migrate(url: str) -> None:
    database = Database(url, DatabaseSettings())
    migrations.upgrade(database)
    database.dispose()


@pytest.fixture
def database(request: pytest.FixtureRequest, database_kind: str, tmp_path: Path) -> Iterator[Database]:
    """A migrated database of each kind."""
    with contextlib.ExitStack() as stack:
        if database_kind == "sqlite":
            url = f"sqlite:///{shutil.copy(request.getfixturevalue('migrated_file'), tmp_path / 'ledger.db')}"
        else:
            server: PostgresServer = request.getfixturevalue("postgres")
            url = stack.enter_context(server.new_database(request.getfixturevalue("migrated_template")))
        opened = Database(url, DatabaseSettings(busy_timeout_s=5))
        stack.callback(opened.dispose)
        yield opened


@pytest.fixture
def sqlite_database(tmp_path: Path, migrated_file: Path) -> Iterator[Database]:
    """A migrated SQLite database, for tests that do not depend on the kind."""
    opened = Database(f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'ledger.db')}", DatabaseSettings())
    yield opened
    opened.dispose()


@pytest.fixture
def settings() -> Settings:
    return Settings()


class RedisProcess:
    """A real Redis server without persistence."""

    def __init__(self, directory: Path) -> None:
        self._server = redis_server.prepare(directory)
        self.url = self._server.url
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(self._server.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        client = redis.Redis.from_url(self.url)
        for _ in range(500):
            try:
                client.ping()
            except redis.RedisError:
                time.sleep(0.02)
            else:
                client.close()
                return
        raise RuntimeError("Redis did not start")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture
def redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    server = RedisProcess(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool], float], None]:
    """Returns a function that waits until a condition is true, and fails after a time limit in seconds."""

    def wait(condition: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"not within {seconds} s"
            time.sleep(0.05)

    return wait
