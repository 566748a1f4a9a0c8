"""Faults of processes: killed, told to stop, and one too many."""

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
from services.jobs import queries
from tests.faults import ledger_audit
from tests.faults.deployment import AGAIN_S, PARTS, Deployment, until
from tests.faults.entry import Switch, Trigger
from tests.faults.ledger_audit import Books
from tests.faults.load import Load, story
from tests.faults.recovery import Recovery, again, caught, found

_API_KILLS = 3


def api_killed_after_commit(deployment: Deployment, load: Load) -> Recovery:
    """The article is in the ledger, the answer is not out: the feed pushes it again and gets the same job."""
    slowest = 0.0
    for number in range(_API_KILLS):
        deployment.arm(Switch.KILL_AFTER_COMMIT)
        pushing = threading.Thread(
            target=load.insist, args=(f"{load.feed}-again-{number}", story(number, "Once more."))
        )
        pushing.start()
        until(lambda: deployment.processes["api"].poll() is not None, 60, "the API is killed by its next commit")
        killed = time.monotonic()
        deployment.start_part("api")
        pushing.join()
        slowest = max(slowest, time.monotonic() - killed)
    assert load.tried_again >= _API_KILLS
    return Recovery(AGAIN_S, seconds=slowest)


def child_killed(deployment: Deployment, _load: Load) -> Recovery:
    with caught(deployment) as held:
        deployment.children()[0].kill()
    return again(deployment, held)


def main_killed(deployment: Deployment, _load: Load) -> Recovery:
    """Its children are orphans: they may close what they hold, and nothing more."""
    orphans = deployment.children()
    with caught(deployment) as held:
        deployment.kill("worker")
    recovery = again(deployment, held)
    deployment.start_part("worker")
    psutil.wait_procs(orphans, timeout=AGAIN_S)
    assert not any(orphan.is_running() for orphan in orphans), "orphans of a killed worker live on"
    return recovery


def sweeper_killed(deployment: Deployment, load: Load) -> Recovery:
    """A message is lost while nobody sweeps; the next sweeper finds it."""
    deployment.kill("sweeper")
    lost = _lose_a_message(deployment)
    time.sleep(deployment.pace.overdue_s)
    deployment.start_part("sweeper")
    return found(deployment, lost)


def _lose_a_message(deployment: Deployment) -> set[UUID]:
    """Take one message out of Redis before a worker does; returns its jobs."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        entry = deployment.redis.lpop(deployment.queue)
        if entry is not None:
            message_id = UUID(json.loads(entry)["headers"]["id"])
            with deployment.database.read() as connection:
                mine = select(jobs.c.id).where(jobs.c.message_id == message_id)
                return set(connection.execute(mine).scalars())
    raise AssertionError("there was no message to lose")


def everything_killed(deployment: Deployment, _load: Load) -> Recovery:
    """API, worker with its children, sweeper, Redis and, where it is a server, the database: a power cut without the power."""
    with caught(deployment) as held:
        waiting = ledger_audit.in_window(deployment.database)
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
    recovery = again(deployment, {*held, *waiting})
    recovery.least_attempts = 1
    deployment.start_part("redis")
    for part in PARTS:
        deployment.start_part(part)
    return recovery


def two_sweepers(deployment: Deployment, load: Load) -> Recovery:
    """Both find the same lost messages and leases: each job is put back once."""
    lost_before = _leases_lost(deployment)
    deployment.start_part("sweeper", "second sweeper")
    with caught(deployment) as held:
        deployment.redis.flushall()
        deployment.children()[0].kill()

    def check(kept: Books) -> None:
        deployment.kill("second sweeper")
        del deployment.processes["second sweeper"]
        lost = _leases_lost(deployment) - lost_before
        assert lost > 0
        assert kept.attempts == load.count + lost, "an attempt for each job, and one more for each lost lease"

    return again(deployment, held, check)


def _leases_lost(deployment: Deployment) -> float:
    return queries.backlog_snapshot(deployment.database).counters.get((CounterName.LEASES_LOST, NO_LABEL), 0)


def told_to_stop(deployment: Deployment, load: Load) -> Recovery:
    """SIGTERM in the middle of an article: it is finished, or handed back with its attempt."""
    lost_before = _leases_lost(deployment)
    slow = load.add({f"{load.feed}-slow-{number}": story(number, Trigger.SLOW) for number in range(4)})
    until(
        lambda: ledger_audit.running(deployment.database).keys() & set(slow.values()), 60, "a slow article is at hand"
    )
    began = time.monotonic()
    deployment.send("worker", signal.SIGTERM)
    assert deployment.processes["worker"].wait(deployment.pace.hard_limit_s + 10) == 0
    assert time.monotonic() - began < deployment.pace.hard_limit_s + 5
    assert ledger_audit.running(deployment.database) == {}, "what was not finished is handed back"
    stopped = ledger_audit.attempts_of(deployment.database, load.answered.values())
    finished = ledger_audit.finished(deployment.database, load.feed)
    assert sum(stopped.values()) == finished, "an attempt for each finished article, none for those handed back"

    def check(kept: Books) -> None:
        assert kept.states == {JobState.SUCCEEDED: load.count}
        assert kept.attempts == load.count
        assert _leases_lost(deployment) == lost_before

    started = time.monotonic()
    deployment.start_part("worker")
    until(lambda: ledger_audit.finished(deployment.database, load.feed) > finished, AGAIN_S, "work goes on")
    return Recovery(AGAIN_S, seconds=time.monotonic() - started, check=check)
