from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from services.console.pulse import per_minute, troubles
from services.contracts import JobState
from services.errors import BrokerUnavailable, Refused
from services.results.activity import Activity
from services.results.queries import Snapshot


def ledger(queued: int = 0, dead: int = 0, oldest: float = 0, slots: int = 2) -> Snapshot:
    jobs = {JobState.QUEUED: queued, JobState.RUNNING: 0, JobState.DEAD: dead}
    return Snapshot(jobs=jobs, oldest_queued_s=oldest, worker_slots=slots, totals={})


def stored(*counts: int) -> Activity:
    return Activity(10, datetime(2026, 11, 24, tzinfo=UTC), counts, counts)


def fine() -> None:
    pass


def raising(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


NO_REDIS = raising(BrokerUnavailable("connection refused"))
FULL = raising(Refused("the disk is full", code="disk_full", status=503, retry_after=60))
DONE = stored(0, 0, 0, 0, 3, 0)
IDLE = stored(9, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("now", "recent", "ping", "admit", "expected"),
    [
        (ledger(), IDLE, fine, fine, []),
        (ledger(queued=9, oldest=5), IDLE, fine, fine, []),
        (ledger(queued=9, oldest=300), DONE, fine, fine, []),
        (ledger(queued=9, oldest=300), IDLE, fine, fine, ["The queue does not move"]),
        (ledger(queued=9, oldest=300, slots=0), IDLE, fine, fine, ["No worker is there"]),
        (ledger(), IDLE, NO_REDIS, fine, ["Redis does not answer"]),
        (ledger(), IDLE, fine, FULL, ["No articles are taken in"]),
        (ledger(dead=1), DONE, fine, fine, ["One job is dead"]),
        (
            ledger(queued=9, dead=3, oldest=300, slots=0),
            IDLE,
            NO_REDIS,
            FULL,
            ["No articles are taken in", "No worker is there", "Redis does not answer", "3 jobs are dead"],
        ),
    ],
)
def test_what_is_wrong_is_told_with_what_to_do(
    now: Snapshot, recent: Activity, ping: Callable[[], None], admit: Callable[[], None], expected: list[str]
) -> None:
    found = troubles(now, recent, ping, admit)
    assert [trouble.title for trouble in found] == expected
    assert all(trouble.advice for trouble in found)


def test_a_rate_is_that_of_the_last_minute_or_of_what_is_known() -> None:
    assert per_minute((100, 1, 2, 3, 4, 5, 6), 10) == 21
    assert per_minute((5, 5), 10) == 30
    assert per_minute((), 10) == 0
