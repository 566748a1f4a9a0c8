"""The folder and the port that one `stancewire up` uses exclusively."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from pathlib import Path
from typing import IO


class InUseError(Exception):
    """A folder or port is in use or unusable; the message names it, its user if known, and the way out."""


def lock_state_dir(state_dir: Path) -> IO[str]:
    """Create ``state_dir`` and lock it until the returned file is closed. Raises `InUseError`."""
    os.umask(0o077)  # database, logs, socket and key are readable only by their owner, in child processes too
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        lock = (state_dir / "lock").open("a+", encoding="ascii")
    except OSError as error:
        raise InUseError(f"{state_dir} cannot be used: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        process = lock.read().strip() or "unknown"
        lock.close()
        raise InUseError(
            f"{state_dir} is in use by another `stancewire up` (process {process}); choose another --state-dir"
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def free_port(host: str, port: int) -> int:
    """Return ``port`` if it is free, or any free port for 0. Raises `InUseError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
            raise InUseError(f"port {port} on {host} {reason}; choose another with --port") from error
        return int(probe.getsockname()[1])
