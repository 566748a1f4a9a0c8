"""Faults of Redis: flushed, frozen, restarted empty, full, and its messages delivered twice."""

from __future__ import annotations

import signal
import time

from tests.faults import ledger_audit
from tests.faults.deployment import Deployment, until
from tests.faults.entry import Switch
from tests.faults.ledger_audit import Books
from tests.faults.load import Load
from tests.faults.recovery import Recovery, after_work_goes_on, caught, found


def flushed(deployment: Deployment, _load: Load) -> Recovery:
    with caught(deployment):
        waiting = ledger_audit.in_window(deployment.database)
        deployment.redis.flushall()
    return found(deployment, waiting)


def stopped(deployment: Deployment, _load: Load) -> Recovery:
    """Redis is there and answers nothing; articles are taken in meanwhile."""
    with caught(deployment):
        deployment.send("redis", signal.SIGSTOP)
    try:
        time.sleep(deployment.pace.outage_s)
        waiting = ledger_audit.in_window(deployment.database)
    finally:
        deployment.send("redis", signal.SIGCONT)
    return found(deployment, waiting)


def restarted_empty(deployment: Deployment, _load: Load) -> Recovery:
    with caught(deployment):
        waiting = ledger_audit.in_window(deployment.database)
        deployment.kill("redis")
    time.sleep(deployment.pace.overdue_s)
    deployment.start_part("redis")
    return found(deployment, waiting)


def full(deployment: Deployment, _load: Load) -> Recovery:
    """Redis takes no message and gives out those that it has."""
    before = deployment.redis.config_get("maxmemory")["maxmemory"]
    deployment.redis.config_set("maxmemory", "1")
    try:
        until(lambda: deployment.redis.llen(deployment.queue) == 0, 60, "the messages that were there are worked off")
        time.sleep(deployment.pace.outage_s / 6)
    finally:
        deployment.redis.config_set("maxmemory", before)
    return after_work_goes_on(deployment, found(deployment, ()))


def delivered_twice(deployment: Deployment, load: Load) -> Recovery:
    """Each message is sent twice from here on: the second claims nothing."""
    deployment.arm(Switch.DOUBLE)

    def check(kept: Books) -> None:
        (deployment.switches / Switch.DOUBLE).unlink()
        assert kept.attempts == load.count, "one attempt for each job"

    return Recovery(0, check=check)
