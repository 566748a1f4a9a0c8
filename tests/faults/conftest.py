"""Deployments for the fault tests, and the table at their end."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults import report
from tests.faults.deployment import Deployment, Pace
from tests.faults.postgres import FaultyPostgres
from tests.faults.small_disk import may_mount, small_disk
from tests.support.postgres import find_programs

Deploy = Callable[..., Deployment]
_MADE: pytest.StashKey[list[report.Line]] = pytest.StashKey()
_SHOWN: pytest.StashKey[dict[str, list[tuple[str, str]]]] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_MADE] = []
    config.stash[_SHOWN] = {}


@pytest.fixture
def add_line(request: pytest.FixtureRequest) -> Callable[[report.Line], None]:
    """Keeps a line for the table; those of the long form go into the report as well."""

    def add(line: report.Line) -> None:
        request.config.stash[_MADE].append(line)
        if line.pace == "long":
            report.add(line)

    return add


@pytest.fixture
def show(request: pytest.FixtureRequest) -> Callable[[str, list[tuple[str, str]]], None]:
    """Prints figures at the end, whether they were good enough or not."""
    return request.config.stash[_SHOWN].__setitem__


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`make faults` goes on where it stopped: what passed at this commit is not run again."""
    if os.environ.get("FAULTS_AGAIN"):
        return
    done = {line.key for line in report.read() if line.passed}
    if not done:
        return
    now = report.commit()
    old = [item for item in items if _key(item, now) in done]
    if old:
        config.hook.pytest_deselected(items=old)
        items[:] = [item for item in items if item not in old]


def _key(item: pytest.Item, now: str) -> tuple[str, ...] | None:
    marker = item.get_closest_marker("faults")
    return None if marker is None or not marker.args else (now, "long", *marker.args)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    made = config.stash[_MADE]
    if made:
        now = report.commit()
        before = [line for line in report.read() if line.commit == now] if made[0].pace == "long" else []
        lines = {line.key: line for line in [*before, *made]}
        terminalreporter.section("faults")
        terminalreporter.write_line(report.table(lines.values()))
    for title, rows in config.stash[_SHOWN].items():
        terminalreporter.section(title)
        for name, figure in rows:
            terminalreporter.write_line(f"{name:<50} {figure}")


@pytest.fixture(scope="module")
def faulty_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], FaultyPostgres]]:
    """Gives a server that is started when it is first asked for."""
    servers: list[FaultyPostgres] = []

    def get() -> FaultyPostgres:
        if not servers:
            programs = find_programs()
            if programs is None:
                pytest.skip("PostgreSQL's programs (initdb, postgres) are not installed")
            servers.append(FaultyPostgres(programs, tmp_path_factory))
            servers[0].start()
        return servers[0]

    yield get
    for server in servers:
        server.stop()


@contextlib.contextmanager
def _deployed(
    postgres: Callable[[], FaultyPostgres],
    folder: Path,
    kind: str,
    pace: Pace,
    extra: dict[str, str],
    *,
    small: bool = False,
) -> Iterator[Deployment]:
    slots = int(extra.pop("slots", "2"))
    with contextlib.ExitStack() as stack:
        if small and not may_mount(folder):
            pytest.skip("a small disk needs the right to mount one")
        server, disk = None, folder / "small"
        if kind == "postgresql":
            server = postgres()
            url, disk = stack.enter_context(server.database(small=small)), server.small_disk
        elif small:
            stack.enter_context(small_disk(disk))
            url = f"sqlite:///{disk / 'ledger.db'}"
        else:
            url = f"sqlite:///{folder / 'ledger.db'}"
        deployment = Deployment(folder, url, pace, extra, server, slots, disk if small else None)
        stack.callback(deployment.stop)
        deployment.start()
        yield deployment


@pytest.fixture
def deploy(faulty_postgres: Callable[[], FaultyPostgres], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deploy]:
    """Starts deployments of this test's own, and stops them after it."""
    with contextlib.ExitStack() as stack:

        def start(kind: str, pace: Pace, *, small: bool = False, **extra: str) -> Deployment:
            folder = tmp_path_factory.mktemp(kind)
            return stack.enter_context(_deployed(faulty_postgres, folder, kind, pace, extra, small=small))

        yield start


@pytest.fixture(scope="module")
def shared(faulty_postgres: Callable[[], FaultyPostgres], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deploy]:
    """One deployment for each kind of database, for all short tests of a module."""
    with contextlib.ExitStack() as stack:
        running: dict[str, Deployment] = {}

        def get(kind: str, pace: Pace, **extra: str) -> Deployment:
            if kind not in running:
                context = _deployed(faulty_postgres, tmp_path_factory.mktemp(kind), kind, pace, extra)
                running[kind] = stack.enter_context(context)
            running[kind].wait_ready()
            return running[kind]

        yield get
