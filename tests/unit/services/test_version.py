from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from services import version as version_module


@pytest.fixture(autouse=True)
def no_installed_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_found(_name: str) -> str:
        raise PackageNotFoundError

    monkeypatch.setattr(version_module, "version", not_found)


def test_version_of_a_checkout_that_is_not_installed_is_read_from_pyproject(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert version_module.find_version() == version_module.VERSION
    pyproject = tmp_path / "pyproject.toml"
    pyproject.write_text('[project]\nversion = "7.8.9"\n')
    monkeypatch.setattr(version_module, "_PYPROJECT", pyproject)
    assert version_module.find_version() == "7.8.9"


def test_version_without_installation_and_pyproject_fails_and_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(version_module, "_PYPROJECT", tmp_path / "pyproject.toml")
    with pytest.raises(RuntimeError, match="pip install"):
        version_module.find_version()
