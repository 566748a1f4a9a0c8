"""A small file system in memory that a test can fill up. Mounting one needs a privilege."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

_SMALL_MB = 96


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Mount one at the new folder ``folder``; raises CalledProcessError if mounting is not allowed."""
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={_SMALL_MB}m", "tmpfs", str(folder)]
    subprocess.run(["mount", *options], check=True, capture_output=True)  # noqa: S607 -- on the PATH of privileged users
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)  # noqa: S607 -- as above
        folder.rmdir()


@contextlib.contextmanager
def filled_up(folder: Path) -> Iterator[None]:
    """Fill up the disk, so that no byte can be written inside the context."""
    ballast = folder / "ballast"
    with ballast.open("wb") as file, contextlib.suppress(OSError):
        while file.write(bytes(8192)):
            file.flush()
    try:
        yield
    finally:
        ballast.unlink()


def may_mount(folder: Path) -> bool:
    """Return whether this user may mount a file system."""
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True)  # noqa: S607 -- as above
    if mount.returncode == 0:
        subprocess.run(["umount", str(folder)], check=True, capture_output=True)  # noqa: S607 -- as above
    return mount.returncode == 0
