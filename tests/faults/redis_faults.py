"""Faults of Redis: flushed, frozen, restarted empty, full, and messages delivered twice."""

from __future__ import annotations

import signal
import time

from tests.faults import ledger_audit
from tests.faults.deployment import Deployment, wait_until
from tests.faults.fault_injection import Switch
from tests.faults.ledger_audit import LedgerAudit
from tests.faults.load import Load
from tests.faults.recovery import Recovery, expect_redelivery, measure_next_start, workers_frozen


def flush(deployment: Deployment, _load: Load) -> Recovery:
    with workers_frozen(deployment):
        dispatched = ledger_audit.dispatched_jobs(deployment.database)
        deployment.redis.flushall()
    return expect_redelivery(deployment, dispatched)


def freeze(deployment: Deployment, _load: Load) -> Recovery:
    """Redis keeps its connections but does not answer; the API still accepts articles."""
    with workers_frozen(deployment):
        deployment.send_signal("redis", signal.SIGSTOP)
    try:
        time.sleep(deployment.pace.outage_s)
        dispatched = ledger_audit.dispatched_jobs(deployment.database)
    finally:
        deployment.send_signal("redis", signal.SIGCONT)
    return expect_redelivery(deployment, dispatched)


def restart_empty(deployment: Deployment, _load: Load) -> Recovery:
    with workers_frozen(deployment):
        dispatched = ledger_audit.dispatched_jobs(deployment.database)
        deployment.kill("redis")
    time.sleep(deployment.pace.overdue_s)
    deployment.start_part("redis")
    return expect_redelivery(deployment, dispatched)


def fill_up(deployment: Deployment, _load: Load) -> Recovery:
    """Redis rejects new messages but still delivers those that it has."""
    before = str(deployment.redis.config_get("maxmemory")["maxmemory"])
    deployment.redis.config_set("maxmemory", "1")
    try:
        wait_until(lambda: deployment.redis.llen(deployment.queue) == 0, 60, "the messages in Redis are processed")
        time.sleep(deployment.pace.outage_s / 6)
    finally:
        deployment.redis.config_set("maxmemory", before)
    return measure_next_start(deployment, expect_redelivery(deployment, ()))


def deliver_twice(deployment: Deployment, load: Load) -> Recovery:
    """From now on each message is sent twice: the second copy leases no job."""
    deployment.switch_on(Switch.SEND_TWICE)

    def check(audit: LedgerAudit) -> None:
        (deployment.switches / Switch.SEND_TWICE).unlink()
        assert audit.attempts == load.count, "one attempt for each job"

    return Recovery(0, check=check)
