"""The service under attack: `stancewire up` with rules and short limits, as real processes on this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from tests.support.stack import Up, children

FUZZ: Final = bool(os.environ.get("FUZZ"))  # `make fuzz`: more of everything
SETTINGS: Final[Mapping[str, str]] = {
    "STANCEWIRE_PIPELINE__MODEL": "rules",
    "STANCEWIRE_WORKER__PROCESSES": "1",
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
