"""Limits of control groups of both versions, as the kernel writes them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from services.container_limits import ContainerLimits, read_limits, usable_cores


def write(root: Path, files: dict[str, str]) -> tuple[Path, Path]:
    for name, content in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return root / "process", root / "mount"


def test_version_2_gives_the_narrowest_of_the_groups_around_the_process(tmp_path: Path) -> None:
    files = {
        "process": "0::/pod/container\n",
        "mount/pod/cpu.max": "150000 100000\n",
        "mount/pod/memory.max": "1073741824\n",
        "mount/pod/container/cpu.max": "max 100000\n",
        "mount/pod/container/memory.max": "536870912\n",
    }
    assert read_limits(*write(tmp_path, files)) == ContainerLimits(1.5, 512 * 1024**2)


def test_version_1_is_read_by_controller_and_its_numbers_for_no_limit_are_none(tmp_path: Path) -> None:
    files = {
        "process": "5:memory:/docker/a\n4:cpu,cpuacct:/docker/a\n",
        "mount/memory/docker/a/memory.limit_in_bytes": "9223372036854771712\n",
        "mount/cpu,cpuacct/docker/a/cpu.cfs_quota_us": "50000\n",
        "mount/cpu,cpuacct/docker/a/cpu.cfs_period_us": "100000\n",
        "mount/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
        "mount/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
    }
    assert read_limits(*write(tmp_path, files)) == ContainerLimits(0.5, None)


def test_group_seen_from_within_its_namespace_is_read_at_the_mount(tmp_path: Path) -> None:
    files = {"process": "0::/../../other\n", "mount/cpu.max": "200000 100000\n", "mount/memory.max": "max\n"}
    assert read_limits(*write(tmp_path, files)) == ContainerLimits(2.0, None)


def test_machine_without_control_groups_has_no_limits(tmp_path: Path) -> None:
    assert read_limits(tmp_path / "none", tmp_path) == ContainerLimits(None, None)


@pytest.mark.parametrize(("quota", "expected"), [(0.3, 1), (1.4, 1), (1.5, 2), (2.0, 2), (64.0, 3), (None, 3)])
def test_usable_cores_are_the_processors_or_the_quota(
    monkeypatch: pytest.MonkeyPatch, quota: float | None, expected: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1, 2})
    assert usable_cores(ContainerLimits(quota)) == expected
