"""Processor time, memory and threads of the service's processes, by kind, as Linux shows them in ``/proc``."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import text

from services.database.engine import Database

_PROC: Final = Path("/proc")
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_UTIME: Final = 11  # position of the user time among the fields behind the name; the three after it belong to it
_PPID: Final = 1
WORKER: Final = "worker child"  # analyses
POSTGRESQL: Final = "postgresql"


@dataclass(frozen=True, slots=True)
class Usage:
    """The present use of a kind of processes: see `workers.evaluation.bench.figures.Kind`."""

    processes: int
    threads: int
    cpu_s: float
    rss_mb: float
    pss_mb: float | None


def usage_by_kind(processes: Mapping[str, int], database: Database) -> dict[str, Usage]:
    """Return the usage of each kind of process; empty where there is no ``/proc``.

    ``processes`` are the process IDs of the parts of a service. The children of its worker are a kind by themselves,
    and so is the server of ``database`` if it is PostgreSQL on this machine.
    """
    if not (_PROC / "self" / "stat").exists():
        return {}
    kinds = {name: [pid] for name, pid in processes.items()}
    if "worker" in kinds:
        kinds[WORKER] = _children(processes["worker"])
    server = _local_server(database)
    if server is not None:
        kinds[POSTGRESQL] = [server, *_children(server)]
    return {name: _usage(pids, with_ended=name == POSTGRESQL) for name, pids in kinds.items() if pids}


def _usage(pids: list[int], *, with_ended: bool) -> Usage:
    """Add up the processes. ``with_ended`` counts the ended children of the first, too: sessions of PostgreSQL."""
    cpu_s, rss_mb, threads, number = 0.0, 0.0, 0, 0
    pss: float | None = 0.0
    for position, pid in enumerate(pids):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended since
            times = [int(value) / _TICKS for value in _stat(pid)[_UTIME : _UTIME + 4]]
            status = (_PROC / str(pid) / "status").read_text()
            cpu_s += sum(times if with_ended and position == 0 else times[:2])
            rss_mb = max(rss_mb, _number(status, "VmHWM") / 1024)
            threads = max(threads, int(_number(status, "Threads")))
            number += 1
            try:
                if pss is not None:
                    pss += _number((_PROC / str(pid) / "smaps_rollup").read_text(), "Pss") / 1024
            except PermissionError:  # a server of another user
                pss = None
    return Usage(number, threads, cpu_s, rss_mb, pss)


def cpu_between(before: Mapping[str, Usage], after: Mapping[str, Usage]) -> dict[str, float]:
    """Return the seconds of processor time that each kind has used between two readings."""
    return {name: usage.cpu_s - before[name].cpu_s for name, usage in after.items() if name in before}


def _stat(pid: int) -> list[str]:
    """Return the fields behind the name of the process, which may have spaces."""
    return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _number(lines: str, name: str) -> float:
    match = re.search(rf"^{name}:\s+(\d+)", lines, re.MULTILINE)
    return float(match[1]) if match else 0.0


def _children(pid: int) -> list[int]:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return [int(child) for child in (_PROC / str(pid) / "task" / str(pid) / "children").read_text().split()]
    return []


def _local_server(database: Database) -> int | None:
    """Return the process ID of PostgreSQL's first process if it runs on this machine."""
    if database.dialect != "postgresql":
        return None
    with database.read() as connection:
        session = int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if (_PROC / str(session) / "comm").read_text().strip() == "postgres":
                return int(_stat(session)[_PPID])
    return None
