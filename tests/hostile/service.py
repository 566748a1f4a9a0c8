"""The service under attack: `stancewire up` with rules, as real processes on this machine."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from tests.support.stack import Up, children, up

FUZZ: Final = bool(os.environ.get("FUZZ"))  # `make fuzz`: more of everything
SETTINGS: Final[Mapping[str, str]] = {
    "STANCEWIRE_PIPELINE__MODEL": "rules",
    "STANCEWIRE_WORKER__PROCESSES": "1",
    # By the wall, which on a busy machine says nothing of the article; processor time is held to the default limit
    # in tests/hostile/test_growth.py.
    "STANCEWIRE_WORKER__SOFT_LIMIT_S": "200",
    "STANCEWIRE_WORKER__HARD_LIMIT_S": "250",
    "STANCEWIRE_WORKER__LEASE_S": "300",
    # Who comes without a key that works is to be told so each time, however often; the limit has tests of its own.
    "STANCEWIRE_ACCESS__FAILURES_PER_S": "0",
}


@dataclass(frozen=True, slots=True)
class Service:
    """A running service."""

    url: str
    folder: Path
    up: Up

    def processes(self) -> dict[str, psutil.Process]:
        """The processes that meet what is pushed."""
        worker = self.up.part("worker")
        found = {"api": self.up.part("api"), "worker": worker}
        found |= {f"worker child {number}": pid for number, pid in enumerate(children(worker))}
        return {name: psutil.Process(pid) for name, pid in found.items()}

    def log(self) -> str:
        """All that the service has said."""
        return self.up.said()


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Service]:
    """A service of one's own, whose state lies in ``folder``."""
    outside = [name for name in os.environ if name.startswith("STANCEWIRE_")]
    assert set(outside) <= {"STANCEWIRE_STATE_DIR"}
    with up(folder / "state", **SETTINGS) as running:
        yield Service(running.url, folder, running)
