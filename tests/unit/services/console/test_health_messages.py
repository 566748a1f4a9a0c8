from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.console.health_messages import HealthIndicators, health_messages
from services.console.pages.runbook import rendered_runbook, section_anchor
from services.console.service_status import rate_per_minute
from services.contracts import JobState
from services.errors import BrokerUnavailable, Refused, StoreFault, StoreUnavailable, Unavailable
from services.jobs.activity import Activity
from services.jobs.backlog import BacklogSnapshot


def backlog(queued: int = 0, dead: int = 0, oldest: float = 0, slots: int = 2) -> BacklogSnapshot:
    jobs = {JobState.QUEUED: queued, JobState.RUNNING: 0, JobState.DEAD: dead}
    return BacklogSnapshot(jobs=jobs, oldest_queued_s=oldest, worker_slots=slots, counters={})


def activity(*counts: int) -> Activity:
    return Activity(10, datetime(2026, 11, 24, tzinfo=UTC), counts, counts)


def refusal(code: str, status: int = 503) -> Refused:
    return Refused(f"because of {code}", code=code, status=status, retry_after=60)


NO_REDIS = BrokerUnavailable("connection refused")
WORKING = activity(0, 0, 0, 0, 3, 0)
IDLE = activity(9, 0, 0, 0, 0, 0, 0)
FEED_FULL = {"wire": refusal("feed_queue_full", 429)}
TWO_FEEDS_FULL = FEED_FULL | {"evening": refusal("feed_queue_full", 429)}

WORKERS, SWEEPER = (
    ("No worker is running", "StancewireWorkersMissing"),
    ("No sweeper is running", "StancewireSweeperMissing"),
)
REDIS, DEAD = ("Redis does not answer", "StancewireRedisDown"), ("One job is dead", "StancewireDeadLetters")
DISK = ("No articles are accepted: the disk is full", "StancewireDiskFull")
STUCK, OLD = ("The queue is stuck", "StancewireQueueStuck"), ("Articles wait too long", "StancewireBacklogOld")


@pytest.mark.parametrize(
    ("indicators", "expected"),
    [
        (HealthIndicators(backlog(), IDLE), []),
        (HealthIndicators(backlog(queued=9, oldest=5), IDLE), []),
        (HealthIndicators(backlog(queued=9, oldest=300), WORKING), []),
        (HealthIndicators(backlog(queued=9, oldest=300), IDLE), [STUCK]),
        (HealthIndicators(backlog(queued=9, oldest=901), WORKING), [OLD]),
        (HealthIndicators(backlog(queued=0, oldest=901), IDLE), []),
        (HealthIndicators(backlog(queued=9, oldest=300, slots=0), IDLE), [WORKERS]),
        (HealthIndicators(backlog(), IDLE, live_sweepers=0), [SWEEPER]),
        (HealthIndicators(backlog(), IDLE, store_faults=(NO_REDIS,)), [REDIS]),
        (HealthIndicators(backlog(), IDLE, intake_refusal=refusal("disk_full")), [DISK]),
        (
            HealthIndicators(backlog(), IDLE, intake_refusal=refusal("backlog_too_old")),
            [("No articles are accepted: the backlog is too old", "StancewireBacklogOld")],
        ),
        (HealthIndicators(backlog(), IDLE, intake_refusal=refusal("intake_paused")), [("Intake is paused", "")]),
        (
            HealthIndicators(backlog(queued=9), WORKING, feed_refusals=FEED_FULL),
            [("The feed wire is full", "StancewireIntakeRefuses")],
        ),
        (
            HealthIndicators(backlog(queued=9), WORKING, feed_refusals=TWO_FEEDS_FULL),
            [("2 feeds are full", "StancewireIntakeRefuses")],
        ),
        (HealthIndicators(backlog(), IDLE, paused_feeds="2 feeds"), [("Paused: 2 feeds", "")]),
        (HealthIndicators(backlog(dead=1), WORKING), [DEAD]),
        (
            HealthIndicators(
                backlog(queued=9, dead=1, oldest=300, slots=0),
                IDLE,
                live_sweepers=0,
                store_faults=(NO_REDIS,),
                intake_refusal=refusal("disk_full"),
            ),
            [DISK, REDIS, WORKERS, SWEEPER, DEAD],
        ),
    ],
)
def test_problems_have_title_advice_and_runbook_section(
    indicators: HealthIndicators, expected: list[tuple[str, str]]
) -> None:
    messages = health_messages(indicators)
    assert [(message.title, message.runbook) for message in messages] == expected
    assert all(message.advice for message in messages)
    sections = {anchor for anchor, _ in rendered_runbook()[0]}
    assert {section_anchor(message.runbook) for message in messages if message.runbook} <= sections


@pytest.mark.parametrize(
    ("dead", "expected"),
    [
        ({"worker_lost": 2, "defect": 1}, "2 jobs killed the worker process (poison"),
        ({"worker_lost": 2, "defect": 1}, "1 job failed because of a bug."),
        ({"deadline_exceeded": 3}, "3 jobs exceeded the time limit of an article."),
    ],
)
def test_dead_jobs_are_explained_by_reason(dead: dict[str, int], expected: str) -> None:
    [message] = health_messages(HealthIndicators(backlog(dead=3), WORKING, dead_by_reason=dead))
    assert expected in message.advice


def test_unknown_reasons_of_dead_jobs_are_not_listed() -> None:
    [message] = health_messages(HealthIndicators(backlog(dead=3), WORKING, dead_by_reason={"": 1, "odd": 2}))
    assert message.advice.endswith("or drop them.")


def test_rate_covers_the_last_minute_or_is_extrapolated() -> None:
    assert rate_per_minute((100, 1, 2, 3, 4, 5, 6), 10) == 21
    assert rate_per_minute((5, 5), 10) == 30
    assert rate_per_minute((), 10) == 0


@pytest.mark.parametrize("error", [StoreUnavailable, BrokerUnavailable])
@pytest.mark.parametrize("fault", StoreFault)
def test_every_fault_of_a_store_is_named_with_a_section_of_the_runbook(
    error: type[Unavailable], fault: StoreFault
) -> None:
    [message] = health_messages(HealthIndicators(backlog(), WORKING, store_faults=(error("its own words", fault),)))
    assert fault.description in message.title
    assert message.title.startswith("Redis" if error is BrokerUnavailable else "The database")
    assert section_anchor(message.runbook) in {anchor for anchor, _ in rendered_runbook()[0]}
