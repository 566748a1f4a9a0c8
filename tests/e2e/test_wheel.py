"""The wheel contains everything that is needed at run time."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support import paths

ROOT = paths.ROOT
CLIENT_PROJECT = {ROOT / "services" / "client" / name for name in ("pyproject.toml", "README.md")}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    [built] = folder.glob("*.whl")
    return built


def test_wheel_has_every_file_of_the_packages_and_no_tests(wheel: Path) -> None:
    files = [file for package in ("services", "workers") for file in (ROOT / package).rglob("*") if file.is_file()]
    expected = {
        str(file.relative_to(ROOT))
        for file in files
        if file.suffix != ".pyc" and file.parent.name != "annotations" and file not in CLIENT_PROJECT
    }
    packed = set(zipfile.ZipFile(wheel).namelist())
    assert len(expected) > 100
    assert expected <= packed
    assert not [name for name in packed if "/annotations/" in name], "only training reads them"
    assert not {str(file.relative_to(ROOT)) for file in CLIENT_PROJECT} & packed, "the client is packed by itself"
    assert "services/console/runbook.md" in packed, "the console shows it"
    assert not [name for name in packed if name.startswith("tests")]


def test_wheel_analyses_an_article_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "unpacked")
    script = (
        "import sys; sys.path = [p for p in sys.path if p not in ('', sys.argv[2])]; sys.path.insert(0, sys.argv[1])\n"
        "import workers, services.cli.main\n"
        "assert workers.__file__.startswith(sys.argv[1]), workers.__file__\n"
        "sys.argv = ['stancewire', 'analyze', '-', '--json']\n"
        "services.cli.main.main()\n"
    )
    completed = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "unpacked"), str(ROOT)],
        input="The harbour will stay closed until Friday, Mayor Ida Berg told reporters in Oslo.",
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert completed.returncode == 0, completed.stderr
    assert '"name":"Ida Berg"' in completed.stdout
