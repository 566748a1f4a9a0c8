"""One parent for all processes: starts them in order, restarts what falls, stops them in the other order."""

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

_BACKOFF_S: Final = (0.2, 0.5, 1, 2, 5, 10)
_STEADY_S: Final = 30  # after so long a fall counts as the first again
_PR_SET_PDEATHSIG: Final = 1


@dataclass(slots=True)
class Child:
    """A process to keep running. ``grace_s``: how long it may take to stop before it is killed."""

    name: str
    command: Sequence[str]
    grace_s: float
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    falls: int = 0
    restart_at: float | None = None


class Supervisor:
    """Keeps children running. Their output goes to ``<logs>/<name>.log``."""

    def __init__(self, logs: Path) -> None:
        """Prepare to run children; ``start`` adds one."""
        self._logs = logs
        self._children: list[Child] = []
        logs.mkdir(parents=True, exist_ok=True)

    @property
    def pids(self) -> dict[str, int]:
        """The process ID of each child that runs."""
        return {child.name: child.process.pid for child in self._children if child.process is not None}

    def log_of(self, name: str) -> Path:
        """Where the output of a child goes."""
        return self._logs / f"{name}.log"

    def start(self, child: Child) -> None:
        """Run a child from now on."""
        self._children.append(child)
        self._spawn(child)

    def check(self) -> None:
        """Restart what has ended, each time a little later."""
        now = time.monotonic()
        for child in self._children:
            if child.process is not None and child.process.poll() is not None:
                code = child.process.returncode
                child.falls = 0 if now - child.started_at > _STEADY_S else child.falls
                delay = _BACKOFF_S[min(child.falls, len(_BACKOFF_S) - 1)]
                log.warning(
                    "child_ended", child=child.name, code=code, restart_in_s=delay, log=str(self.log_of(child.name))
                )
                child.falls += 1
                child.process, child.restart_at = None, now + delay
            if child.process is None and child.restart_at is not None and now >= child.restart_at:
                self._spawn(child)

    def stop(self) -> None:
        """Stop all, last started first, each in order if it can within its grace."""
        for child in reversed(self._children):
            child.restart_at = None
            if child.process is None:
                continue
            with contextlib.suppress(ProcessLookupError):
                child.process.send_signal(signal.SIGTERM)
            try:
                child.process.wait(child.grace_s)
            except subprocess.TimeoutExpired:
                log.warning("child_killed", child=child.name, after_s=child.grace_s)
                child.process.kill()
                child.process.wait()
            child.process = None

    def _spawn(self, child: Child) -> None:
        with self.log_of(child.name).open("ab") as output:
            child.process = subprocess.Popen(  # noqa: S603 -- commands are ours
                child.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | child.environment,
                start_new_session=True,  # Ctrl-C reaches the parent alone, which then stops all in order
                preexec_fn=_end_with_parent(),  # noqa: PLW1509 -- no thread runs in the parent at this point
            )
        child.started_at = time.monotonic()
        child.restart_at = None


def _end_with_parent() -> Callable[[], None] | None:
    """On Linux a child gets SIGTERM when its parent is killed, so that nothing is left behind holding the port."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    return ask


def stancewire(*arguments: str) -> tuple[str, ...]:
    """The command line of one of our own processes, with this interpreter."""
    return (sys.executable, "-m", "services.cli.main", *arguments)
