"""Processes that stand still, run short of files, are restarted one after the other, or killed at random."""

from __future__ import annotations

import contextlib
import random
import resource
import signal
import time
from collections.abc import Iterator

import psutil

from tests.faults.deployment import PARTS, RESTART_BOUND_S, Deployment
from tests.faults.load import Load
from tests.faults.outages import Broken, assert_none_dead
from tests.faults.recovery import Recovery, measure_next_start

_KILLS_EVERY_S = 0.5
_STOP_S = 60


def stopped(part: str) -> Broken:
    """Return the context in which a part, or the first child of the worker, is stopped by SIGSTOP."""

    def broken(deployment: Deployment) -> contextlib.AbstractContextManager[None]:
        process = deployment.children()[0] if part == "child" else psutil.Process(deployment.pid(part))
        return deployment.frozen([process])

    return broken


@contextlib.contextmanager
def few_descriptors(deployment: Deployment) -> Iterator[None]:
    """Leave the API no file descriptor beyond those that it has."""
    process = psutil.Process(deployment.pid("api"))
    limits = process.rlimit(resource.RLIMIT_NOFILE)
    process.rlimit(resource.RLIMIT_NOFILE, (process.num_fds(), limits[1]))
    try:
        yield
    finally:
        process.rlimit(resource.RLIMIT_NOFILE, limits)


def restart_in_turn(deployment: Deployment, _load: Load) -> Recovery:
    """Restart each part as an upgrade does: no article loses an attempt."""
    deployment.broken_at = time.monotonic()
    for part in PARTS:
        deployment.send_signal(part, signal.SIGTERM)
        assert deployment.processes[part].wait(deployment.pace.hard_limit_s + _STOP_S) == 0
        deployment.start_part(part)
    return measure_next_start(deployment, Recovery(RESTART_BOUND_S, check=assert_none_dead))


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
    return measure_next_start(deployment, Recovery(RESTART_BOUND_S))
