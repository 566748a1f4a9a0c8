"""The client can be installed without the service: its modules import each other, and what its project file names."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

from services.client import __version__
from tests.support.paths import ROOT

FOLDER = ROOT / "services" / "client"
PROJECT = tomllib.loads((FOLDER / "pyproject.toml").read_text("utf-8"))["project"]
MODULES = sorted(FOLDER.glob("*.py"))


def imported(file: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(file.read_text("utf-8"))))
    absolute = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and node.level == 0]
    names = absolute + [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    assert all(node.level <= 1 for node in nodes if isinstance(node, ast.ImportFrom)), "nothing above the package"
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("file", MODULES, ids=lambda file: file.stem)
def test_module_imports_what_the_distribution_depends_on(file: Path) -> None:
    requirements = PROJECT["dependencies"] + [
        each for extra in PROJECT["optional-dependencies"].values() for each in extra
    ]
    allowed = {re.split(r"[<>=]", requirement)[0] for requirement in requirements}
    assert imported(file) - set(sys.stdlib_module_names) <= allowed


def test_client_has_the_version_of_the_service() -> None:
    service = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert __version__ == service["version"]
