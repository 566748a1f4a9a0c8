"""Permissions of the files of parts that run by themselves, and their limit on open files."""

from __future__ import annotations

import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.stack import command, environment


def test_files_of_a_part_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    settings = environment(STANCEWIRE_DATABASE_URL=f"sqlite:///{file}", STANCEWIRE_STATE_DIR=str(tmp_path / "state"))
    for arguments in (("migrate",), ("backup", str(tmp_path / "copy"))):
        subprocess.run(command(*arguments), env=settings, check=True, timeout=60, capture_output=True)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir() if path.is_file()}
    assert {"ledger.db", "copy"} <= modes.keys()
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize("part", ["api", "worker", "sweeper", "deliverer", "up"])
def test_part_with_few_open_files_does_not_start_and_says_why(tmp_path: Path, part: str) -> None:
    completed = subprocess.run(
        command(part),
        env=environment(STANCEWIRE_STATE_DIR=str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)),
    )
    assert completed.returncode == 1
    assert "may open 64 files at once and needs 256" in completed.stderr
    assert "Traceback" not in completed.stderr


def test_limit_on_open_files_is_raised_and_bounds_the_connections() -> None:
    code = (
        "import resource; from services.cli import process_limits as limits; limits.raise_open_files();"
        "limits.require_open_files();"
        "print(resource.getrlimit(resource.RLIMIT_NOFILE)[0], limits.connections_within(100),"
        " limits.connections_within(1000))"
    )
    completed = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 700)),
    )
    assert completed.stdout.split() == ["700", "100", "500"]
