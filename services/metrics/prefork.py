"""Metrics of a parent and its prefork children on one page, counted in one file per slot, not per process ID."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from billiard.process import current_process
from prometheus_client import CollectorRegistry, ProcessCollector, values
from prometheus_client.core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from services.metrics import catalogue
from services.metrics.families import unlabelled_family


def count_under_prefork(directory: Path) -> None:
    """Count the metrics that this process and its children declare from now on in files under ``directory``.

    The directory is emptied first. Files are named by the child's slot, not by its process ID: a child that replaces a
    killed one continues its counts, and the number of files stays bounded.
    """
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)
    values.ValueClass = values.MultiProcessValue(process_identifier=_slot)  # type: ignore[no-untyped-call]  # the library ships no types here


def _slot() -> str:
    return str(getattr(current_process(), "index", "main"))


def prefork_registry() -> CollectorRegistry:
    """Return a registry with the sums over all processes under ``count_under_prefork``, and gauges of the processes."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library ships no types here
    ProcessCollector(registry=registry)
    registry.register(ChildrenCollector())
    return registry


class ChildrenCollector(Collector):
    """Collect the number of child processes and their resident memory; absent on systems without Linux' /proc."""

    def collect(self) -> Iterator[Metric]:
        """Yield both gauges, read from /proc: the client library covers the parent process only."""
        children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
        if not children.exists():
            return
        pages = [_resident_pages(int(pid)) for pid in children.read_text(encoding="ascii").split()]
        alive = [count for count in pages if count]  # 0 for a process that has ended
        yield unlabelled_family(catalogue.CHILDREN, len(alive))
        yield unlabelled_family(catalogue.CHILDREN_MEMORY, sum(alive) * os.sysconf("SC_PAGE_SIZE"))


def _resident_pages(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (FileNotFoundError, ProcessLookupError):  # the process has just ended
        return 0
