"""Errors that a user can fix are one line without a traceback: of real processes, and of more commands in this one."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.cli.main import main
from tests.support.stack import command, environment


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=60, env=environment(**settings))


@pytest.fixture
def own_limits() -> Iterator[None]:
    """Undo what a command does to the limits of its process."""
    mask = os.umask(0o022)
    files = resource.getrlimit(resource.RLIMIT_NOFILE)
    os.umask(mask)
    yield
    os.umask(mask)
    resource.setrlimit(resource.RLIMIT_NOFILE, files)


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        (
            ("migrate",),
            {"STANCEWIRE_DATABASE_URL": "postgresql+psycopg://me:secret@127.0.0.1:1/x"},
            "(postgresql+psycopg://me:***@127.0.0.1:1/x)",
        ),
        (
            ("api",),
            {"STANCEWIRE_API__PROT": "1"},
            "STANCEWIRE_API__PROT is not a setting; the nearest one is STANCEWIRE_API__PORT",
        ),
        (("analyze", "/no/such/file"), {}, "No such file or directory"),
    ],
)
def test_process_ends_with_the_reason(arguments: tuple[str, ...], settings: dict[str, str], message: str) -> None:
    completed = run(*arguments, **settings)
    assert completed.returncode in {1, 2}
    assert message in completed.stderr
    assert "Traceback" not in completed.stderr
    assert "secret" not in completed.stderr


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        (
            ("jobs", "list"),
            {"STANCEWIRE_DATABASE_URL": "sqlite:////nowhere/at/all.db"},
            "unable to open database file (sqlite:////nowhere",
        ),
        (
            ("sweeper",),
            {"STANCEWIRE_BROKER__SWEEP_S": "soon"},
            "setting broker.sweep_s: Input should be a valid number",
        ),
        (("worker",), {"STANCEWIRE_WORKER__LEASE_S": "1"}, "soft_limit_s <= hard_limit_s < lease_s must hold"),
        (
            ("migrate",),
            {"STANCEWIRE_DATABASE_URL": "postgresql://me:secret/with-a-slash@127.0.0.1/x"},
            "setting database_url: the port is not a number; in a password, write",
        ),
        (
            ("sweeper",),
            {"STANCEWIRE_REDIS_URL": "sentinel://127.0.0.1:26379"},
            "setting redis_url: the form of an address of Sentinels is",
        ),
        (("api",), {"STANCEWIRE_LIMITS": "body_bytes=1"}, "STANCEWIRE_LIMITS is not a JSON object"),
        (("jobs", "retry"), {}, "name jobs, or choose them by"),
    ],
)
def test_error_names_its_reason(
    arguments: tuple[str, ...],
    settings: dict[str, str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    own_limits: None,
) -> None:
    monkeypatch.setattr(sys, "argv", ["stancewire", *arguments])
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as end:
        main()
    status = end.value.code
    printed = capsys.readouterr().err + (status if isinstance(status, str) else "")
    assert status not in {None, 0}
    assert message in printed
    assert "secret" not in printed


def test_migrate_creates_the_folder_of_a_new_database(tmp_path: Path) -> None:
    completed = run("migrate", STANCEWIRE_STATE_DIR=str(tmp_path / "new" / "state"))
    assert re.fullmatch(r"migrated to revision \d{4}\n", completed.stdout), completed.stderr
    assert (tmp_path / "new" / "state" / "stancewire.db").exists()
