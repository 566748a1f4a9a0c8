"""Looks at ``/readyz`` of the hosts that should answer, several times a second."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Self

from tests.hosts.cluster import Host

_EVERY_S: Final = 0.25


class ReadyWatch(threading.Thread):
    """Counts what the hosts answered, by status; those inside `left_out` are not asked."""

    def __init__(self, hosts: Mapping[str, Host]) -> None:
        super().__init__(name="ready-watch", daemon=True)
        self.statuses: Counter[str] = Counter()
        self._hosts = hosts
        self._left_out: set[str] = set()
        self._stopping = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self.join()

    def run(self) -> None:
        while not self._stopping.wait(_EVERY_S):
            for name in self._hosts.keys() - self._left_out:
                status = self._hosts[name].readyz()
                if name not in self._left_out:  # otherwise it was taken away while it was asked
                    self.statuses[status] += 1

    @contextmanager
    def left_out(self, name: str) -> Iterator[None]:
        """Do not ask this host inside the context."""
        self._left_out.add(name)
        try:
            yield
        finally:
            self._left_out.discard(name)
