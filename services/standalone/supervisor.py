"""A supervisor of child processes: starts them in order, restarts those that end, stops them in reverse order."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

log = structlog.get_logger(__name__)

_RESTART_DELAYS_S: Final = (0.2, 0.5, 1, 2, 5, 10)  # by the number of failures in a row
_STABLE_AFTER_S: Final = 30  # a child that has run for longer starts again with the first delay
_PR_SET_PDEATHSIG: Final = 1


@dataclass(slots=True)
class Child:
    """A process to keep running. It may take ``stop_timeout_s`` to stop before it is killed."""

    name: str
    command: Sequence[str]
    stop_timeout_s: float
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0
    restart_at: float | None = None


class Supervisor:
    """Keeps children running. Their output is appended to ``<log_dir>/<name>.log``."""

    def __init__(self, log_dir: Path) -> None:
        """Create the folder of the logs; `start` adds a child."""
        self.log_dir = log_dir
        self._children: list[Child] = []
        log_dir.mkdir(parents=True, exist_ok=True)

    @property
    def pids(self) -> dict[str, int]:
        """The process ID of each running child, by name."""
        return {child.name: child.process.pid for child in self._children if child.process is not None}

    def log_file(self, name: str) -> Path:
        """Return the file with the output of a child."""
        return self.log_dir / f"{name}.log"

    def start(self, child: Child) -> None:
        """Start a child and keep it running."""
        self._children.append(child)
        self._spawn(child)

    def restart_ended(self) -> None:
        """Restart children that have ended, after a delay that grows with each failure. Call this regularly."""
        now = time.monotonic()
        for child in self._children:
            if child.process is not None and child.process.poll() is not None:
                self._schedule_restart(child, child.process.returncode, now)
            if child.process is None and child.restart_at is not None and now >= child.restart_at:
                self._spawn(child)

    def stop(self) -> None:
        """Stop all children, the last started first. Kill those that exceed their ``stop_timeout_s``."""
        for child in reversed(self._children):
            child.restart_at = None
            if child.process is None:
                continue
            with contextlib.suppress(ProcessLookupError):
                child.process.send_signal(signal.SIGTERM)
            try:
                child.process.wait(child.stop_timeout_s)
            except subprocess.TimeoutExpired:
                log.warning("child_killed", child=child.name, after_s=child.stop_timeout_s)
                child.process.kill()
                child.process.wait()
            child.process = None

    def _schedule_restart(self, child: Child, code: int, now: float) -> None:
        if now - child.started_at > _STABLE_AFTER_S:
            child.failures = 0
        delay_s = _RESTART_DELAYS_S[min(child.failures, len(_RESTART_DELAYS_S) - 1)]
        file = str(self.log_file(child.name))
        log.warning("child_ended", child=child.name, code=code, restart_in_s=delay_s, log=file)
        child.failures += 1
        child.process, child.restart_at = None, now + delay_s

    def _spawn(self, child: Child) -> None:
        with self.log_file(child.name).open("ab") as output:
            child.process = subprocess.Popen(  # noqa: S603 -- commands are ours
                child.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | child.environment,
                # Ctrl-C reaches only the parent, which then stops the children in order. They stay in its session:
                # Linux divides a core between sessions first, whatever the niceness of the processes inside.
                process_group=0,
                preexec_fn=_end_with_parent(),  # noqa: PLW1509 -- no thread runs in the parent at this point
            )
        child.started_at = time.monotonic()
        child.restart_at = None


def _end_with_parent() -> Callable[[], None] | None:
    """Return a function for the child, which then gets SIGTERM if its parent is killed. Linux only; else None.

    Otherwise orphans would keep the port and the database.
    """
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def request_signal() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    return request_signal


def stancewire_command(*arguments: str) -> tuple[str, ...]:
    """Return the command that runs `stancewire` with ``arguments`` under this interpreter."""
    return (sys.executable, "-m", "services.cli.main", *arguments)
