"""Faults of processes: killed, terminated, and one sweeper too many."""

from __future__ import annotations

import contextlib
import json
import signal
import threading
import time
from uuid import UUID

import psutil
from sqlalchemy import select

from services.contracts import JobState
from services.database.counters import NO_LABEL, CounterName
from services.database.tables import jobs
from services.jobs import backlog
from services.jobs.hosts import HostRole
from tests.faults import ledger_audit
from tests.faults.deployment import FULL_WINDOW_S, PARTS, RESTART_BOUND_S, START_TIMEOUT_S, Deployment, wait_until
from tests.faults.fault_injection import Switch, Trigger
from tests.faults.ledger_audit import LedgerAudit
from tests.faults.load import Load, story
from tests.faults.recovery import Recovery, expect_redelivery, expect_restart, workers_frozen


def kill_api_after_commit(deployment: Deployment, load: Load) -> Recovery:
    """The article is in the ledger but unanswered: the feed pushes it again and gets the same job."""
    slowest = 0.0
    for number in range(deployment.pace.api_kills):
        deployment.switch_on(Switch.KILL_AFTER_COMMIT)
        push = threading.Thread(
            target=load.push_until_accepted, args=(f"{load.feed}-again-{number}", story(number, "Once more."))
        )
        push.start()
        wait_until(lambda: deployment.processes["api"].poll() is not None, 60, "the API is killed by its next commit")
        killed = time.monotonic()
        deployment.start_part("api")
        push.join()
        slowest = max(slowest, time.monotonic() - killed)
    assert load.retries >= deployment.pace.api_kills
    return Recovery(RESTART_BOUND_S, seconds=slowest)


def kill_child(deployment: Deployment, _load: Load) -> Recovery:
    with workers_frozen(deployment) as interrupted:
        deployment.children()[0].kill()
    return expect_restart(deployment, interrupted)


def kill_main_process(deployment: Deployment, _load: Load) -> Recovery:
    """The children are orphaned: they may complete the jobs that they hold, then they must end."""
    orphans = deployment.children()
    with workers_frozen(deployment) as interrupted:
        deployment.kill("worker")
    recovery = expect_restart(deployment, interrupted)
    deployment.start_part("worker")
    psutil.wait_procs(orphans, timeout=RESTART_BOUND_S)
    assert not any(orphan.is_running() for orphan in orphans), "orphans of a killed worker are still running"
    return recovery


def kill_sweeper(deployment: Deployment, _load: Load) -> Recovery:
    """A message is lost while no sweeper runs; the next one notices it, and queues its jobs behind other messages."""
    deployment.kill("sweeper")
    lost_jobs = _lose_message(deployment)
    time.sleep(deployment.pace.overdue_s)
    known = ledger_audit.hosts_of(deployment.database, HostRole.SWEEPER)
    deployment.start_part("sweeper")
    wait_until(
        lambda: ledger_audit.hosts_of(deployment.database, HostRole.SWEEPER) - known,
        START_TIMEOUT_S,
        "the next sweeper works",
    )
    recovery = expect_redelivery(deployment, lost_jobs)
    recovery.bound_s += FULL_WINDOW_S
    return recovery


def _lose_message(deployment: Deployment) -> set[UUID]:
    """Take one message out of Redis before a worker receives it; return its jobs."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        entry = deployment.redis.lpop(deployment.queue)
        if isinstance(entry, bytes):
            message_id = UUID(json.loads(entry)["headers"]["id"])
            with deployment.database.read() as connection:
                query = select(jobs.c.id).where(jobs.c.message_id == message_id)
                return set(connection.execute(query).scalars())
    raise AssertionError("there was no message to lose")


def kill_everything(deployment: Deployment, _load: Load) -> Recovery:
    """Kill the API, the worker with its children, the sweeper, Redis and PostgreSQL, as a power failure would."""
    with workers_frozen(deployment) as interrupted:
        dispatched = ledger_audit.dispatched_jobs(deployment.database)
        children = deployment.children()
        for part in (*PARTS, "redis"):
            deployment.kill(part)
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        if deployment.postgres is not None:
            deployment.postgres.kill()
    if deployment.postgres is not None:
        deployment.postgres.start()
    recovery = expect_restart(deployment, {*interrupted, *dispatched})
    recovery.min_attempts = 1
    deployment.start_part("redis")
    for part in PARTS:
        deployment.start_part(part)
    return recovery


def run_two_sweepers(deployment: Deployment, load: Load) -> Recovery:
    """Two sweepers notice the same lost messages and leases: each job is requeued once."""
    lost_before = _leases_lost(deployment)
    deployment.start_part("sweeper", "second sweeper")
    with workers_frozen(deployment) as interrupted:
        deployment.redis.flushall()
        deployment.children()[0].kill()

    def check(audit: LedgerAudit) -> None:
        deployment.kill("second sweeper")
        del deployment.processes["second sweeper"]
        lost = _leases_lost(deployment) - lost_before
        assert lost > 0
        assert audit.attempts == load.count + lost, "an attempt for each job, and one more for each lost lease"

    return expect_restart(deployment, interrupted, check)


def _leases_lost(deployment: Deployment) -> float:
    return backlog.snapshot(deployment.database).counters.get((CounterName.LEASES_LOST, NO_LABEL), 0)


def terminate_worker(deployment: Deployment, load: Load) -> Recovery:
    """SIGTERM in the middle of an article: the article is finished, or released without counting the attempt."""
    lost_before = _leases_lost(deployment)
    slow = load.push_batch({f"{load.feed}-slow-{number}": story(number, Trigger.SLOW) for number in range(4)})
    wait_until(
        lambda: ledger_audit.running_jobs(deployment.database).keys() & set(slow.values()),
        60,
        "a slow article is running",
    )
    began = time.monotonic()
    deployment.send_signal("worker", signal.SIGTERM)
    assert deployment.processes["worker"].wait(deployment.pace.hard_limit_s + 10) == 0
    assert time.monotonic() - began < deployment.pace.hard_limit_s + 5
    assert ledger_audit.running_jobs(deployment.database) == {}, "unfinished jobs are released"
    attempts = ledger_audit.attempts_by_job(deployment.database, load.accepted.values())
    finished = ledger_audit.count_finished(deployment.database, load.feed)
    assert sum(attempts.values()) == finished, "an attempt for each finished article, none for the released ones"

    def check(audit: LedgerAudit) -> None:
        assert audit.states == {JobState.SUCCEEDED: load.count}
        assert audit.attempts == load.count
        assert _leases_lost(deployment) == lost_before

    started = time.monotonic()
    deployment.start_part("worker")
    wait_until(
        lambda: ledger_audit.count_finished(deployment.database, load.feed) > finished,
        RESTART_BOUND_S,
        "work continues",
    )
    return Recovery(RESTART_BOUND_S, seconds=time.monotonic() - started, check=check)
