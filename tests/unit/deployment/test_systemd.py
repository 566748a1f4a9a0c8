"""The systemd units: valid, hardened, with the commands and the times that the program has."""

from __future__ import annotations

import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from services.cli.main import build
from services.settings import Settings
from tests.support import paths

UNITS = sorted((paths.ROOT / "deploy" / "systemd").glob("*.service"))
MOST_EXPOSED = 2.5  # of 10, by systemd's own count; a unit without any protection has 9.6


def read(unit: Path) -> ConfigParser:
    parser = ConfigParser(strict=False, interpolation=None)  # a key may come several times
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(unit.read_text())
    return parser


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    """The units with a program that exists on this machine, as `systemd-analyze` looks for it."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    for unit in paths.ROOT.joinpath("deploy", "systemd").iterdir():
        content = unit.read_text().replace("/opt/stancewire/bin/stancewire", "/bin/true")
        (tmp_path / unit.name).write_text(content)
    return tmp_path


def test_units_are_valid(copies: Path) -> None:
    command = ["systemd-analyze", "verify", "--man=no", *map(str, sorted(copies.iterdir()))]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    ours = [line for line in (result.stdout + result.stderr).splitlines() if "stancewire" in line]
    assert ours == []


@pytest.mark.parametrize("name", [unit.name for unit in UNITS])
def test_unit_is_little_exposed(copies: Path, name: str) -> None:
    threshold = str(int(MOST_EXPOSED * 10))
    command = [
        "systemd-analyze",
        "security",
        "--offline=true",
        "--no-pager",
        f"--threshold={threshold}",
        str(copies / name),
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_unit_runs_a_command_of_the_program(unit: Path) -> None:
    registered = build().registered_commands
    commands = {command.name or command.callback.__name__ for command in registered if command.callback}
    program, command = read(unit)["Service"]["ExecStart"].split()
    assert program == "/opt/stancewire/bin/stancewire"
    assert command in commands


def test_worker_may_end_its_article_before_it_is_killed() -> None:
    service = read(paths.ROOT / "deploy" / "systemd" / "stancewire-worker.service")["Service"]
    assert seconds(service["TimeoutStopSec"]) > Settings().worker.hard_limit_s


def test_target_wants_every_part() -> None:
    wanted = read(paths.ROOT / "deploy" / "systemd" / "stancewire.target")["Unit"]["Wants"].split()
    assert set(wanted) == {unit.name for unit in UNITS if unit.name != "stancewire-migrate.service"}
