"""The limits of this process in the operating system: the permissions of new files, and how many files may be open."""

from __future__ import annotations

import contextlib
import os
import resource
from typing import Final

from services.errors import StancewireError

_WANTED: Final = 65_536
LEAST_OPEN_FILES: Final = 256
_RESERVED: Final = 200  # files that a process needs beside its connections: database, Redis, logs, modules


def restrict_new_files() -> None:
    """Let only the owner read the files that this process and its children create: database, logs, keys, backups."""
    os.umask(0o077)


def raise_open_files() -> None:
    """Raise the soft limit on open files as far as the hard limit allows, at most to 65536."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED if hard == resource.RLIM_INFINITY else min(_WANTED, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    with contextlib.suppress(OSError, ValueError):  # some containers forbid it; what is allowed is checked below
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def require_open_files() -> None:
    """Raise `StancewireError` if this process may open too few files to serve anything."""
    allowed = _allowed()
    if allowed < LEAST_OPEN_FILES:
        detail = (
            f"this process may open {allowed} files at once and needs {LEAST_OPEN_FILES}: "
            "raise the limit (`ulimit -n`, LimitNOFILE of systemd, or ulimits of Docker)"
        )
        raise StancewireError(detail, code="open_files")


def connections_within(wanted: int) -> int:
    """Return how many connections the process can serve at once: as many as wanted, or fewer if files run out."""
    return min(wanted, max(1, _allowed() - _RESERVED))


def _allowed() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _WANTED if soft == resource.RLIM_INFINITY else soft
