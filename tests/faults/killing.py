"""Kills the parts of a deployment in turn, and starts them again."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import select

from services.database.tables import hosts
from tests.faults.deployment import START_TIMEOUT_S, Deployment, wait_until

_DOWN_S = 0.3  # from the end of a process until the next one starts


@dataclass(frozen=True)
class Kill:
    """A process that was killed, and when (seconds since 1970)."""

    part: str
    at: float


class Killer(threading.Thread):
    """Kills one part after another with SIGKILL and starts it again; the next follows ``every_s`` after it is back."""

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
            wait_until(partial(self._is_back, part, at), START_TIMEOUT_S, f"{part} is back", 0.2)

    def _is_back(self, part: str, killed_at: float) -> bool:
        """Return whether a process of this part has registered since."""
        since = (hosts.c.role == part) & (hosts.c.started_at >= killed_at * 1000)
        with self._deployment.database.read() as connection:
            return connection.execute(select(hosts.c.name).where(since)).first() is not None

    def stop(self) -> None:
        self._stopping.set()
        self.join()

    @property
    def has_killed_all(self) -> bool:
        return len(self.kills) >= len(self._parts)

    def at(self, part: str) -> list[float]:
        """Return when a part was killed."""
        return [kill.at for kill in self.kills if kill.part == part]
