from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.console.health_messages import HealthIndicators, health_messages
from services.console.pages.runbook import anchor, rendered
from services.console.service_status import per_minute
from services.contracts import JobState
from services.errors import Refused
from services.jobs.activity import Activity
from services.jobs.queries import BacklogSnapshot


def ledger(queued: int = 0, dead: int = 0, oldest: float = 0, slots: int = 2) -> BacklogSnapshot:
    jobs = {JobState.QUEUED: queued, JobState.RUNNING: 0, JobState.DEAD: dead}
    return BacklogSnapshot(jobs=jobs, oldest_queued_s=oldest, worker_slots=slots, counters={})


def stored(*counts: int) -> Activity:
    return Activity(10, datetime(2026, 11, 24, tzinfo=UTC), counts, counts)


def refused(code: str, status: int = 503) -> Refused:
    return Refused(f"because of {code}", code=code, status=status, retry_after=60)


DONE = stored(0, 0, 0, 0, 3, 0)
IDLE = stored(9, 0, 0, 0, 0, 0, 0)
FULL = {"wire": refused("feed_queue_full", 429)}
TWO_FULL = FULL | {"evening": refused("feed_queue_full", 429)}

WORKERS, SWEEPER = (
    ("No worker is there", "StancewireWorkersMissing"),
    ("No sweeper is there", "StancewireSweeperMissing"),
)
REDIS, DEAD = ("Redis does not answer", "StancewireRedisDown"), ("One job is dead", "StancewireDeadLetters")
DISK = ("No articles are taken in: the disk is full", "StancewireDiskFull")
STUCK, OLD = ("The queue does not move", "StancewireQueueStuck"), ("Articles wait for long", "StancewireBacklogOld")


@pytest.mark.parametrize(
    ("signs", "expected"),
    [
        (HealthIndicators(ledger(), IDLE), []),
        (HealthIndicators(ledger(queued=9, oldest=5), IDLE), []),
        (HealthIndicators(ledger(queued=9, oldest=300), DONE), []),
        (HealthIndicators(ledger(queued=9, oldest=300), IDLE), [STUCK]),
        (HealthIndicators(ledger(queued=9, oldest=901), DONE), [OLD]),
        (HealthIndicators(ledger(queued=0, oldest=901), IDLE), []),
        (HealthIndicators(ledger(queued=9, oldest=300, slots=0), IDLE), [WORKERS]),
        (HealthIndicators(ledger(), IDLE, sweepers=0), [SWEEPER]),
        (HealthIndicators(ledger(), IDLE, redis=False), [REDIS]),
        (HealthIndicators(ledger(), IDLE, closed=refused("disk_full")), [DISK]),
        (
            HealthIndicators(ledger(), IDLE, closed=refused("backlog_too_old")),
            [("No articles are taken in: too much waits", "StancewireBacklogOld")],
        ),
        (HealthIndicators(ledger(), IDLE, closed=refused("intake_paused")), [("Intake is paused", "")]),
        (HealthIndicators(ledger(queued=9), DONE, full=FULL), [("The feed wire is full", "StancewireIntakeRefuses")]),
        (HealthIndicators(ledger(queued=9), DONE, full=TWO_FULL), [("2 feeds are full", "StancewireIntakeRefuses")]),
        (HealthIndicators(ledger(), IDLE, paused="2 feeds"), [("Paused: 2 feeds", "")]),
        (HealthIndicators(ledger(dead=1), DONE), [DEAD]),
        (
            HealthIndicators(
                ledger(queued=9, dead=1, oldest=300, slots=0),
                IDLE,
                sweepers=0,
                redis=False,
                closed=refused("disk_full"),
            ),
            [DISK, WORKERS, SWEEPER, REDIS, DEAD],
        ),
    ],
)
def test_what_is_wrong_is_told_with_what_to_do_and_its_section(
    signs: HealthIndicators, expected: list[tuple[str, str]]
) -> None:
    found = health_messages(signs)
    assert [(trouble.title, trouble.runbook) for trouble in found] == expected
    assert all(trouble.advice for trouble in found)
    assert {anchor(trouble.runbook) for trouble in found if trouble.runbook} <= {name for name, _ in rendered()[0]}


@pytest.mark.parametrize(
    ("dead", "said"),
    [
        ({"worker_lost": 2, "defect": 1}, "2 jobs took the worker process with them (poison"),
        ({"worker_lost": 2, "defect": 1}, "1 job met a defect of ours."),
        ({"deadline_exceeded": 3}, "3 jobs took longer than an article may."),
    ],
)
def test_what_the_dead_died_of_is_told(dead: dict[str, int], said: str) -> None:
    [trouble] = health_messages(HealthIndicators(ledger(dead=3), DONE, dead=dead))
    assert said in trouble.advice


def test_reasons_that_nobody_explained_are_left_to_the_jobs_themselves() -> None:
    [trouble] = health_messages(HealthIndicators(ledger(dead=3), DONE, dead={"": 1, "odd": 2}))
    assert trouble.advice.endswith("or drop.")


def test_a_rate_is_that_of_the_last_minute_or_of_what_is_known() -> None:
    assert per_minute((100, 1, 2, 3, 4, 5, 6), 10) == 21
    assert per_minute((5, 5), 10) == 30
    assert per_minute((), 10) == 0
