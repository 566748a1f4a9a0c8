"""Samples memory, files, threads and connections of the processes under test in the background."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import psutil

from tests.faults.deployment import PARTS, Deployment

MB = 1 << 20


@dataclass(frozen=True)
class Sample:
    """One process at one moment; ``progress`` is in the unit of the test (seconds or articles)."""

    name: str
    pid: int
    progress: float
    rss_mb: float
    files: int
    threads: int
    connections: int


class Sampler(threading.Thread):
    """Samples every process of a deployment; the worker's children are named by their number."""

    def __init__(self, deployment: Deployment, progress: Callable[[], float], every_s: float) -> None:
        super().__init__(name="sampler", daemon=True)
        self.samples: list[Sample] = []
        self._deployment = deployment
        self._progress = progress
        self._every_s = every_s
        self._stopping = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self.join()

    def run(self) -> None:
        while not self._stopping.wait(self._every_s):
            progress = self._progress()
            with contextlib.suppress(psutil.Error):  # a process has ended meanwhile
                self.samples += [_sample(name, process, progress) for name, process in self._processes()]

    def _processes(self) -> list[tuple[str, psutil.Process]]:
        parts = [(name, psutil.Process(self._deployment.pid(name))) for name in (*PARTS, "redis")]
        return [*parts, *((f"child {number}", child) for number, child in enumerate(self._deployment.children()))]

    def of(self, name: str) -> list[Sample]:
        return [sample for sample in self.samples if sample.name == name]

    def names(self) -> list[str]:
        return sorted({sample.name for sample in self.samples})


def _sample(name: str, process: psutil.Process, progress: float) -> Sample:
    with process.oneshot():
        connections = len(process.net_connections(kind="all"))
        return Sample(
            name,
            process.pid,
            progress,
            process.memory_info().rss / MB,
            process.num_fds(),
            process.num_threads(),
            connections,
        )
