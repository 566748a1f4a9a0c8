"""Kills the parts of a deployment in turn, and starts them again."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults.deployment import Deployment

_DOWN_S = 0.3  # from the end of a process until the next one starts


@dataclass(frozen=True)
class Kill:
    """A process that was killed, and when (seconds since 1970)."""

    part: str
    at: float


class Killer(threading.Thread):
    """Sends SIGKILL to one part every ``every_s`` seconds, and starts it again at once."""

    def __init__(self, deployment: Deployment, parts: Sequence[str], every_s: float) -> None:
        super().__init__(name="killer", daemon=True)
        self.kills: list[Kill] = []
        self._deployment = deployment
        self._parts = parts
        self._every_s = every_s
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.wait(self._every_s):
            part = self._parts[len(self.kills) % len(self._parts)]
            at = time.time()
            self._deployment.kill(part)
            self.kills.append(Kill(part, at))
            time.sleep(_DOWN_S)
            self._deployment.start_part(part)

    def stop(self) -> None:
        self._stopping.set()
        self.join()

    @property
    def has_killed_all(self) -> bool:
        return len(self.kills) >= len(self._parts)

    def at(self, part: str) -> list[float]:
        """Return when a part was killed."""
        return [kill.at for kill in self.kills if kill.part == part]
