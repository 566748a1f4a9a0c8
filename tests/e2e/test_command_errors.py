"""Errors that a user can fix are one line without a traceback."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.stack import command, environment


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=60, env=environment(**settings))


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        (
            ("jobs", "list"),
            {"STANCEWIRE_DATABASE_URL": "sqlite:////nowhere/at/all.db"},
            "unable to open database file (sqlite:////nowhere",
        ),
        (
            ("migrate",),
            {"STANCEWIRE_DATABASE_URL": "postgresql+psycopg://me:secret@127.0.0.1:1/x"},
            "(postgresql+psycopg://me:***@127.0.0.1:1/x)",
        ),
        (
            ("sweeper",),
            {"STANCEWIRE_BROKER__SWEEP_S": "soon"},
            "setting broker.sweep_s: Input should be a valid number",
        ),
        (("worker",), {"STANCEWIRE_WORKER__LEASE_S": "1"}, "soft_limit_s <= hard_limit_s < lease_s must hold"),
        (
            ("api",),
            {"STANCEWIRE_API__PROT": "1"},
            "STANCEWIRE_API__PROT is not a setting; the nearest one is STANCEWIRE_API__PORT",
        ),
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
        (("analyze", "/no/such/file"), {}, "No such file or directory"),
        (("jobs", "retry"), {}, "name jobs, or choose them by"),
    ],
)
def test_error_names_its_reason(arguments: tuple[str, ...], settings: dict[str, str], message: str) -> None:
    completed = run(*arguments, **settings)
    assert completed.returncode in {1, 2}
    assert message in completed.stderr
    assert "Traceback" not in completed.stderr
    assert "secret" not in completed.stderr


def test_migrate_creates_the_folder_of_a_new_database(tmp_path: Path) -> None:
    completed = run("migrate", STANCEWIRE_STATE_DIR=str(tmp_path / "new" / "state"))
    assert re.fullmatch(r"migrated to revision \d{4}\n", completed.stdout), completed.stderr
    assert (tmp_path / "new" / "state" / "stancewire.db").exists()
