"""Runs the service for hostile input: `stancewire up` with the rules pipeline, as real processes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from tests.support.stack import Stack, child_pids, start_stack

FUZZ: Final = bool(os.environ.get("FUZZ"))  # set by `make fuzz`: more and larger examples
SETTINGS: Final[Mapping[str, str]] = {
    "STANCEWIRE_PIPELINE__MODEL": "rules",
    "STANCEWIRE_WORKER__PROCESSES": "1",
    # The limits are in wall time, which depends on the load of the machine.
    # tests/fuzz/test_growth.py compares processor time with the default limit instead.
    "STANCEWIRE_WORKER__SOFT_LIMIT_S": "200",
    "STANCEWIRE_WORKER__HARD_LIMIT_S": "250",
    "STANCEWIRE_WORKER__LEASE_S": "300",
    # Requests without a valid key get 401 however often they come; the rate limit has tests of its own.
    "STANCEWIRE_ACCESS__FAILURES_PER_S": "0",
}


@dataclass(frozen=True, slots=True)
class Service:
    """A running service."""

    url: str
    folder: Path
    stack: Stack

    def processes(self) -> dict[str, psutil.Process]:
        """Return the processes that handle pushed articles, by name."""
        worker = self.stack.pid_of("worker")
        pids = {"api": self.stack.pid_of("api"), "worker": worker}
        pids |= {f"worker child {number}": pid for number, pid in enumerate(child_pids(worker))}
        return {name: psutil.Process(pid) for name, pid in pids.items()}

    def log(self) -> str:
        """Return all output of the service."""
        return self.stack.read_output()


@contextlib.contextmanager
def running_service(folder: Path, **settings: str) -> Iterator[Service]:
    """Run a service with its state in ``folder``, and with further environment variables."""
    variables = [name for name in os.environ if name.startswith("STANCEWIRE_")]
    assert set(variables) <= {"STANCEWIRE_STATE_DIR"}
    with start_stack(folder / "state", **SETTINGS, **settings) as running:
        yield Service(running.url, folder, running)
