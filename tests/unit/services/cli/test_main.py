"""Which subcommands the command line has, and that one of them does not import the others."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.main import get_command

from services.cli.main import build

ALL = set(get_command(build()).commands)  # type: ignore[attr-defined]  # Typer's type is that of any command


@pytest.mark.parametrize("name", sorted(ALL))
def test_each_subcommand_can_be_built_by_itself(name: str) -> None:
    built = set(get_command(build(name)).commands)  # type: ignore[attr-defined]
    assert name in built
    assert built == {name} or name in {"analyze", "predict", "bench", "worker", "doctor"}


@pytest.mark.parametrize("name", [None, "kes", "--help"])
def test_unknown_name_gives_all_subcommands(name: str | None) -> None:
    assert set(get_command(build(name)).commands) == ALL  # type: ignore[attr-defined]


def test_subcommand_does_not_import_the_modules_of_others() -> None:
    program = "import sys; from services.cli.main import build; build('health'); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    imported = set(run.stdout.split())
    assert "services.cli.commands.serve" in imported
    assert imported.isdisjoint({"services.client", "sqlalchemy", "celery", "spacy", "workers.cli"})
