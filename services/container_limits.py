"""The processor time and the memory that the container of this process may use, by Linux control groups.

The number of processors that a process sees says nothing of a quota: a container with half a core on a machine of 64
would start 64 worker processes and have each of them held up most of the time. Both versions of control groups are
read (kernel documentation: admin-guide/cgroup-v2 and cgroup-v1).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROCESS: Final = Path("/proc/self/cgroup")
_MOUNT: Final = Path("/sys/fs/cgroup")
_NO_LIMIT: Final = 1 << 60  # version 1 writes "no limit" as the largest multiple of a page


@dataclass(frozen=True, slots=True)
class ContainerLimits:
    """The limits of this process's control groups; None means no limit.

    ``cores`` is processor time per time, such as 1.5. ``memory_bytes`` is the memory of all processes of the group.
    """

    cores: float | None = None
    memory_bytes: int | None = None


def read_limits(process: Path = _PROCESS, mount: Path = _MOUNT) -> ContainerLimits:
    """Return the narrowest limits of this process's groups and of those around them. Unreadable ones do not count."""
    cores: list[float] = []
    memory: list[int] = []
    for controllers, path in _groups(process):
        for folder in _folders(controllers, path, mount):
            cores += _cores_of(folder)
            memory += _memory_of(folder)
    return ContainerLimits(min(cores, default=None), min(memory, default=None))


def usable_cores(limits: ContainerLimits | None = None) -> int:
    """Return how many processes can compute at once: the processors of this process, or the quota if that is less."""
    processors = len(os.sched_getaffinity(0))
    cores = (read_limits() if limits is None else limits).cores
    return processors if cores is None else max(1, min(processors, int(cores + 0.5)))


def _groups(process: Path) -> Iterator[tuple[str, str]]:
    """Yield the controllers and the path of each group of this process; version 2 has no names of controllers."""
    try:
        lines = process.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        yield controllers, path


def _folders(controllers: str, path: str, mount: Path) -> Iterator[Path]:
    """Yield the folder of a group and those of the groups around it."""
    names = controllers.split(",") if controllers else []
    roots = [mount / controllers, *(mount / name for name in names)] if names else [mount, mount / "unified"]
    inner = [part for part in path.split("/") if part not in {"", ".."}]
    for root in dict.fromkeys(roots):
        for depth in range(len(inner), -1, -1):
            folder = root.joinpath(*inner[:depth])
            if folder.is_dir():
                yield folder


def _cores_of(folder: Path) -> list[float]:
    numbers = _numbers(folder / "cpu.max")
    if not numbers:
        numbers = [*_numbers(folder / "cpu.cfs_quota_us"), *_numbers(folder / "cpu.cfs_period_us")]
    return [numbers[0] / numbers[1]] if len(numbers) == 2 and min(numbers) > 0 else []  # noqa: PLR2004 -- quota, period


def _memory_of(folder: Path) -> list[int]:
    numbers = _numbers(folder / "memory.max") or _numbers(folder / "memory.limit_in_bytes") or []
    return [number for number in numbers if 0 < number < _NO_LIMIT]


def _numbers(file: Path) -> list[int]:
    """Return the numbers of a file; none if it is missing, unreadable or says "max"."""
    try:
        return [int(word) for word in file.read_text().split()]
    except (OSError, ValueError):
        return []
