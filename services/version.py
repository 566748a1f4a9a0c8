"""The version of Stancewire."""

from __future__ import annotations

import contextlib
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

_PYPROJECT: Final = Path(__file__).parents[1] / "pyproject.toml"


def find_version() -> str:
    """Return the version of the installed distribution, or that of a checkout that is not installed.

    Raises `RuntimeError` if there is neither.
    """
    with contextlib.suppress(PackageNotFoundError):
        return version("stancewire")
    try:
        return str(tomllib.loads(_PYPROJECT.read_text(encoding="utf-8"))["project"]["version"])
    except (OSError, KeyError) as error:
        message = f"stancewire is not installed, and {_PYPROJECT} does not state a version: run `pip install .`"
        raise RuntimeError(message) from error


VERSION: Final = find_version()
