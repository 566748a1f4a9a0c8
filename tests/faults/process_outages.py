"""Processes that stand still, lack files, memory or disk, are restarted in turn, or killed at random."""

from __future__ import annotations

import contextlib
import random
import resource
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.faults.deployment import PARTS, RESTART_BOUND_S, Deployment, suspended
from tests.faults.fault_injection import Trigger
from tests.faults.load import Load, story
from tests.faults.outages import Broken, assert_none_dead
from tests.faults.recovery import Recovery, measure_new_start

_KILLS_EVERY_S = 0.5
_STOP_S = 60
_STOPPED = {0, -signal.SIGTERM, 120}  # the API ends by the signal itself; 120: Python could not write its last lines
_LARGE = 20  # articles: more than one message takes, so that each child gets some


def stopped(part: str) -> Broken:
    """Return the context in which a part, or the first child of the worker, is stopped by SIGSTOP."""

    def broken(deployment: Deployment) -> contextlib.AbstractContextManager[None]:
        process = deployment.children()[0] if part == "child" else psutil.Process(deployment.pid(part))
        return suspended([process])

    return broken


_STANDARD_FILES = 3  # input, output and errors are never closed


def few_descriptors(part: str) -> Broken:
    """Return the context in which a part can open no file, not even in place of one that it closes."""

    @contextlib.contextmanager
    def broken(deployment: Deployment) -> Iterator[None]:
        process = psutil.Process(deployment.pid(part))
        limits = process.rlimit(resource.RLIMIT_NOFILE)
        process.rlimit(resource.RLIMIT_NOFILE, (_STANDARD_FILES, limits[1]))
        try:
            yield
        finally:
            process.rlimit(resource.RLIMIT_NOFILE, limits)

    return broken


def run_out_of_memory(deployment: Deployment, load: Load) -> Recovery:
    """Refuse more memory to one child: articles that need some run on others."""
    child = deployment.children()[0]
    memory = child.memory_info().vms
    child.rlimit(resource.RLIMIT_AS, (memory, memory))
    deployment.broken_at = time.monotonic()
    load.push_batch({f"{load.feed}-large-{number}": story(number, Trigger.MEMORY) for number in range(_LARGE)})
    psutil.wait_procs([child], timeout=RESTART_BOUND_S)
    assert not child.is_running(), "a child that has no memory goes on"
    return Recovery(RESTART_BOUND_S, check=assert_none_dead)


@contextlib.contextmanager
def full_disk_of_logs(deployment: Deployment) -> Iterator[None]:
    """Run each part with a log that takes no byte."""
    deployment.logs_to = Path("/dev/full")
    _restart(deployment)
    try:
        yield
    finally:
        deployment.logs_to = None
        _restart(deployment)


def restart_in_turn(deployment: Deployment, load: Load) -> Recovery:
    """Restart each part as an upgrade does: no article loses an attempt."""
    deployment.broken_at = time.monotonic()
    _restart(deployment)
    return measure_new_start(deployment, load, Recovery(RESTART_BOUND_S, check=assert_none_dead))


def _restart(deployment: Deployment) -> None:
    for part in PARTS:
        deployment.send_signal(part, signal.SIGTERM)
        assert deployment.processes[part].wait(deployment.pace.hard_limit_s + _STOP_S) in _STOPPED, part
        deployment.start_part(part)


def restore_while_running(deployment: Deployment, _load: Load) -> Recovery:
    """Back the ledger up and restore it: refused while any part runs, and nothing is changed."""
    deployment.broken_at = time.monotonic()
    backup = deployment.folder / f"{time.monotonic_ns()}.backup"
    assert deployment.command("backup", str(backup)).returncode == 0
    refused = deployment.command("restore", str(backup), "--replace")
    assert refused.returncode != 0
    assert "API process" in refused.stderr + refused.stdout
    return Recovery(RESTART_BOUND_S, check=assert_none_dead)


def kill_at_random(deployment: Deployment, load: Load) -> Recovery:
    """Kill one part after the other, in an order that the name of the load decides, and start it again."""
    chance = random.Random(load.feed)  # noqa: S311  # not for secrets
    deployment.broken_at = time.monotonic()
    end = time.monotonic() + 2 * deployment.pace.outage_s
    while time.monotonic() < end:
        part = chance.choice((*PARTS, "redis"))
        deployment.kill(part)
        deployment.start_part(part)
        time.sleep(chance.random() * _KILLS_EVERY_S)
    return measure_new_start(deployment, load, Recovery(RESTART_BOUND_S))
