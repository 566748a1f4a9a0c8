"""PgBouncer in transaction mode, run from the installed program."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.prometheus import free_port


def find_program() -> str:
    """Return the path of PgBouncer, or skip the test. Debian installs it in ``/usr/sbin``."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/sbin")
    if program is None:
        pytest.skip("PgBouncer is not installed")
    return program


@contextlib.contextmanager
def run_pgbouncer(postgres_port: int) -> Iterator[int]:
    """Run PgBouncer with two connections to the server, and yield its port."""
    port = free_port()
    user = "postgres" if os.geteuid() == 0 else None  # PgBouncer refuses root
    with tempfile.TemporaryDirectory(prefix="stancewire-pgbouncer-") as folder:
        directory = Path(folder)
        (directory / "users.txt").write_text('"tests" ""\n')
        (directory / "pgbouncer.ini").write_text(
            f"""
[databases]
* = host=127.0.0.1 port={postgres_port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {directory}/users.txt
pool_mode = transaction
default_pool_size = 2
max_client_conn = 100
"""
        )
        if user:
            for path in (directory, *directory.iterdir()):
                shutil.chown(path, user)
        process = subprocess.Popen(
            [find_program(), str(directory / "pgbouncer.ini")],
            user=user,
            cwd=directory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            for _ in range(200):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()
            process.wait(timeout=10)
