"""Whether the limits of the container fit the number of worker processes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from services.container_limits import ContainerLimits, usable_cores
from services.maintenance.diagnostics.findings import Finding, Level
from services.settings import Settings

_PROCESS_BYTES: Final = 300_000_000  # a process that analyses
_HOST_BYTES: Final = 150_000_000  # the process that supervises them
_SETTING: Final = "STANCEWIRE_WORKER__PROCESSES"


def check_container(settings: Settings, limits: ContainerLimits) -> Iterator[Finding]:
    """Yield what is wrong with the number of worker processes under these limits, or one finding that all is well.

    The limits are those of the process that asks: run ``stancewire doctor`` in the worker's container.
    """
    processes = settings.worker.processes or usable_cores(limits)
    problems = list(_problems(processes, limits))
    yield from problems
    if not problems:
        cores = "no limit of processor time" if limits.cores is None else f"{limits.cores:g} cores"
        memory = "no limit of memory" if limits.memory_bytes is None else f"{limits.memory_bytes / 1e6:.0f} MB"
        yield Finding("container", Level.OK, f"{cores}, {memory}: room for {processes} worker processes")


def _problems(processes: int, limits: ContainerLimits) -> Iterator[Finding]:
    if limits.cores is not None and processes > usable_cores(limits):
        said = f"{processes} worker processes share {limits.cores:g} cores: each article is held up in its middle"
        yield Finding("container", Level.WARN, said, f"set {_SETTING}={usable_cores(limits)}, or raise the quota")
    needed = _HOST_BYTES + processes * _PROCESS_BYTES
    if limits.memory_bytes is not None and needed > limits.memory_bytes:
        said = f"{processes} worker processes need about {needed / 1e6:.0f} MB of {limits.memory_bytes / 1e6:.0f} MB"
        fits = (limits.memory_bytes - _HOST_BYTES) // _PROCESS_BYTES
        fix = f"set {_SETTING}={fits}, or allow {needed / 1e6:.0f} MB" if fits >= 1 else f"allow {needed / 1e6:.0f} MB"
        yield Finding("container", Level.WARN, f"{said}: the kernel kills one of them when they are used up", fix)
