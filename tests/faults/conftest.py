"""Deployments for the fault tests, and the tables printed after them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.faults import report
from tests.faults.deployment import PARTS, PATIENCE_S, Deployment, Pace
from tests.faults.postgres import FaultyPostgres
from tests.faults.small_disk import may_mount, small_disk
from tests.support.postgres import find_programs

Deploy = Callable[..., Deployment]
_RUNS: pytest.StashKey[list[report.FaultRun]] = pytest.StashKey()
_FIGURES: pytest.StashKey[dict[str, list[tuple[str, str]]]] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_RUNS] = []
    config.stash[_FIGURES] = {}


@pytest.fixture
def record_run(request: pytest.FixtureRequest) -> Callable[[report.FaultRun], None]:
    """Adds a run to the table; what `make faults` runs is also stored in the report."""

    def record(run: report.FaultRun) -> None:
        request.config.stash[_RUNS].append(run)
        if run.pace == "long" or PATIENCE_S:
            report.append_run(run)

    return record


@pytest.fixture
def show_figures(request: pytest.FixtureRequest) -> Callable[[str, list[tuple[str, str]]], None]:
    """Prints figures under a title at the end, whether the test passes or fails."""
    return request.config.stash[_FIGURES].__setitem__


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`make faults` resumes after an interruption: faults that passed at this commit are not run again."""
    if os.environ.get("FAULTS_AGAIN"):
        return
    passed = {run.key for run in report.read_runs() if run.passed}
    if not passed:
        return
    commit = report.current_commit()
    deselected = [item for item in items if _key(item, commit) in passed]
    if deselected:
        config.hook.pytest_deselected(items=deselected)
        items[:] = [item for item in items if item not in deselected]


def _key(item: pytest.Item, commit: str) -> tuple[str, ...] | None:
    marker = item.get_closest_marker("faults")
    return None if marker is None or not marker.args else (commit, "long", *marker.args)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    new_runs = config.stash[_RUNS]
    if new_runs:
        commit = report.current_commit()
        earlier = [run for run in report.read_runs() if run.commit == commit] if new_runs[0].pace == "long" else []
        runs = {run.key: run for run in [*earlier, *new_runs]}
        terminalreporter.section("faults")
        terminalreporter.write_line(report.table(runs.values()))
    for title, rows in config.stash[_FIGURES].items():
        terminalreporter.section(title)
        for name, figure in rows:
            terminalreporter.write_line(f"{name:<50} {figure}")


@pytest.fixture(scope="module")
def faulty_postgres() -> Iterator[Callable[[], FaultyPostgres]]:
    """Returns a server that is started on the first call."""
    servers: list[FaultyPostgres] = []

    def get() -> FaultyPostgres:
        if not servers:
            programs = find_programs()
            if programs is None:
                pytest.skip("PostgreSQL's programs (initdb, postgres) are not installed")
            servers.append(FaultyPostgres(programs))
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
    parts: Sequence[str] = PARTS,
    linked: bool = False,
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
        deployment = Deployment(folder, url, pace, extra, server, slots, disk if small else None, parts, linked=linked)
        stack.callback(deployment.stop)
        deployment.start()
        yield deployment


@pytest.fixture
def deploy(faulty_postgres: Callable[[], FaultyPostgres], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deploy]:
    """Starts deployments for one test, and stops them after it."""
    with contextlib.ExitStack() as stack:

        def start(
            kind: str,
            pace: Pace,
            *,
            small: bool = False,
            parts: Sequence[str] = PARTS,
            linked: bool = False,
            **extra: str,
        ) -> Deployment:
            folder = tmp_path_factory.mktemp(kind)
            deployed = _deployed(faulty_postgres, folder, kind, pace, extra, small=small, parts=parts, linked=linked)
            return stack.enter_context(deployed)

        yield start


@pytest.fixture(scope="module")
def shared_deployment(
    faulty_postgres: Callable[[], FaultyPostgres], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deploy]:
    """Starts one deployment for each kind of database, which all short tests of a module share."""
    with contextlib.ExitStack() as stack:
        running: dict[tuple[str, bool], Deployment] = {}

        def get(kind: str, pace: Pace, *, linked: bool = False, **extra: str) -> Deployment:
            if (kind, linked) not in running:
                context = _deployed(faulty_postgres, tmp_path_factory.mktemp(kind), kind, pace, extra, linked=linked)
                running[kind, linked] = stack.enter_context(context)
            running[kind, linked].wait_ready()
            return running[kind, linked]

        yield get
