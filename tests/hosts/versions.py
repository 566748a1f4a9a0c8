"""The code before the newest migration, from the history of the repository."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path
from typing import Final

from tests.support.paths import ROOT

_MIGRATIONS: Final = "services/database/migrations/versions"


def previous(folder: Path) -> tuple[Path, str]:
    """Unpack the code into ``folder``; return the folder and the commit.

    Without a history, as in an archive of the sources, return this code and an empty commit.
    """
    try:
        added = _git("log", "-1", "--format=%H", "--diff-filter=A", "--", f"{_MIGRATIONS}/*.py").decode().strip()
        commit = _git("rev-parse", "--short", f"{added}^").decode().strip()
        archive = _git("archive", "--format=tar", commit, "services", "workers")
    except (OSError, subprocess.CalledProcessError):
        return ROOT, ""
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder, commit


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", "-C", str(ROOT), *arguments], check=True, capture_output=True).stdout  # noqa: S607 -- git is on the PATH
