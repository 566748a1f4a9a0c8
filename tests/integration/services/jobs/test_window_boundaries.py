"""The dispatch window at its boundaries: due times, order, how messages are cut, and what sweeps take back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Never
from uuid import UUID

import pytest
from sqlalchemy import insert, select

from services.contracts import JobState
from services.database.counters import NO_LABEL, CounterName
from services.database.engine import Database, now_ms
from services.database.tables import BACKGROUND, jobs, pauses
from services.jobs import backlog, dispatch_window
from services.jobs.accept import Acceptance
from services.jobs.dispatch_window import Message, Requeued, WindowSize
from tests.support.ledger import article, claim_all, fill, push, set_row, state_of

ONE_MESSAGE = WindowSize(per_slot=1, message_articles=8, message_words=10_000)
DELAY_MAX_MS = 7_200_000
LONG_S = 100_000  # long enough to tell a factor of 1000 from one of 1001


def row_of(database: Database, job_id: UUID) -> dict[str, Any]:
    with database.read() as connection:
        return dict(connection.execute(select(jobs).where(jobs.c.id == job_id)).mappings().one())


def database_time(database: Database) -> int:
    with database.read() as connection:
        time: int = connection.execute(select(now_ms())).scalar_one()
        return time


def push_numbered(database: Database, count: int, words: int = 1, feed: str = "default") -> list[Acceptance]:
    """Push ``count`` different articles of exactly ``words`` words each."""
    return push(database, *[article("word " * (words - 1) + f"{feed}{n}", feed=feed) for n in range(count)])


def sizes(messages: list[Message]) -> list[int]:
    return [len(message.job_ids) for message in messages]


def job_ids(messages: list[Message]) -> list[UUID]:
    return [job_id for message in messages for job_id in message.job_ids]


@pytest.fixture
def no_writes(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a function that makes every later write transaction fail."""

    def write(_database: Database) -> Never:
        raise AssertionError("a write transaction was opened")

    return lambda: monkeypatch.setattr(Database, "write", write)


def test_dispatched_jobs_are_marked_with_their_message_and_the_time(database: Database) -> None:
    pushed = push_numbered(database, 3)
    set_row(database, pushed[0].job_id, attempts=1)  # a retry, which has a message of its own
    before = database_time(database)
    messages = fill(database, WindowSize(per_slot=2, message_articles=8, message_words=10_000))
    after = database_time(database)
    assert sorted(sizes(messages)) == [1, 2]
    for message in messages:
        for job_id in message.job_ids:
            row = row_of(database, job_id)
            assert isinstance(message.id, UUID)
            assert (row["message_id"], row["state"]) == (message.id, "queued")
            assert before <= row["dispatched_at"] <= after


def test_message_that_goes_ahead_is_marked_in_the_ledger(database: Database) -> None:
    push_numbered(database, 20, feed="flood")
    fill(database, ONE_MESSAGE)
    [small] = push_numbered(database, 1, feed="small")
    [message] = fill(database, ONE_MESSAGE)
    assert message.ahead
    assert isinstance(message.id, UUID)
    assert row_of(database, small.job_id)["message_id"] == message.id


def test_full_window_takes_no_write_lock(database: Database, no_writes: Callable[[], None]) -> None:
    push_numbered(database, 20)
    assert sizes(fill(database, ONE_MESSAGE)) == [8]
    no_writes()
    assert fill(database, ONE_MESSAGE) == []


def test_empty_ledger_takes_no_write_lock(database: Database, no_writes: Callable[[], None]) -> None:
    no_writes()
    assert fill(database) == []


def test_background_jobs_are_dispatched_where_nothing_else_waits(database: Database) -> None:
    pushed = push_numbered(database, 3)
    for answer in pushed:
        set_row(database, answer.job_id, priority=BACKGROUND)
    assert job_ids(fill(database)) == [answer.job_id for answer in pushed]


def test_background_jobs_fill_only_the_room_that_live_jobs_leave(database: Database) -> None:
    live = push_numbered(database, 2, feed="live")
    background = push_numbered(database, 10, feed="background")
    for answer in background:
        set_row(database, answer.job_id, priority=BACKGROUND - 1)
    dispatched = job_ids(fill(database, ONE_MESSAGE))
    assert dispatched == [answer.job_id for answer in live + background[:6]]


def test_background_jobs_of_one_feed_wait_for_live_jobs_of_another(database: Database) -> None:
    first, background = push_numbered(database, 2, feed="a")
    live = push_numbered(database, 3, feed="b")
    set_row(database, background.job_id, priority=BACKGROUND)
    dispatched = job_ids(fill(database, WindowSize(per_slot=1, message_articles=4, message_words=10_000)))
    assert sorted(dispatched) == sorted(answer.job_id for answer in [first, *live])


def test_paused_feed_is_not_dispatched(database: Database) -> None:
    push_numbered(database, 1, feed="paused")
    [running] = push_numbered(database, 1, feed="running")
    with database.write() as connection:
        connection.execute(insert(pauses).values(feed="paused", reason="test", paused_at=0))
    assert job_ids(fill(database)) == [running.job_id]


def test_feed_gets_at_most_four_times_its_equal_share(database: Database) -> None:
    push(database, *[article("one", feed=f"feed{number}") for number in range(19)])
    push_numbered(database, 40, feed="big")
    size = WindowSize(per_slot=3, message_articles=10, message_words=10_000)  # 30 articles, so 2 for each of 20 feeds
    feeds = Counter(claimed.article.feed for claimed in claim_all(database, fill(database, size)))
    assert feeds.pop("big") == 8
    assert set(feeds.values()) == {1}
    assert len(feeds) == 19


def test_jobs_of_equal_priority_are_dispatched_by_age(database: Database) -> None:
    pushed = push_numbered(database, 4)
    set_row(database, pushed[0].job_id, priority=0)  # rewritten, so that it may be stored after the others
    assert job_ids(fill(database)) == [answer.job_id for answer in pushed]


def test_jobs_in_the_window_or_running_are_not_chosen_again(database: Database) -> None:
    push_numbered(database, 2)
    first = fill(database, WindowSize(per_slot=9, message_articles=1, message_words=10_000))
    claim_all(database, first[:1])
    [new] = push(database, article("new"))
    assert job_ids(fill(database)) == [new.job_id]


@pytest.mark.parametrize(
    ("queued_ms", "next_run_ms", "due"),
    [
        (-100_000, -50_000, True),
        (-100_000, 60_000, False),
        (600_000, 600_050, True),
        (600_000, 600_051, False),
        (0, DELAY_MAX_MS - 60_000, False),
        (0, DELAY_MAX_MS + 60_000, True),
    ],
    ids=[
        "retry whose time has come",
        "retry whose time has not come",
        "queued before the clock was set back, without delay",
        "queued before the clock was set back, with a delay",
        "longest delay",
        "longer than any delay",
    ],
)
def test_job_is_due_by_its_times(database: Database, queued_ms: int, next_run_ms: int, *, due: bool) -> None:
    [pushed] = push(database, article())
    now = database_time(database)
    set_row(database, pushed.job_id, queued_at=now + queued_ms, next_run_at=now + next_run_ms)
    assert job_ids(fill(database)) == ([pushed.job_id] if due else [])


@pytest.mark.parametrize(
    ("articles", "words", "per_slot", "message_articles", "expected"),
    [
        (2, 500, 1, 8, [2]),
        (2, 501, 1, 8, [1]),
        (4, 500, 2, 8, [2, 2]),
        (5, 600, 2, 8, [1, 1]),
        (5, 600, 3, 8, [1, 1, 1]),
        (5, 1, 2, 8, [3, 2]),
        (9, 1, 2, 3, [3, 3]),
        (6, 1, 6, 8, [1, 1, 1, 1, 1, 1]),
    ],
    ids=[
        "exactly the words of a message",
        "one word too many for two",
        "each message counts its own words",
        "two messages of the five that words would make",
        "three messages of the five that words would make",
        "spread over the room, rounded up",
        "at most the articles of a message",
        "a message each while there is room",
    ],
)
def test_messages_are_cut_by_room_articles_and_words(
    database: Database, articles: int, words: int, per_slot: int, message_articles: int, expected: list[int]
) -> None:
    pushed = push_numbered(database, articles, words=words)
    messages = fill(database, WindowSize(per_slot, message_articles, message_words=1000))
    assert sizes(messages) == expected
    assert job_ids(messages) == [answer.job_id for answer in pushed[: sum(expected)]]


def test_retried_jobs_fill_no_more_than_the_room(database: Database) -> None:
    for answer in push_numbered(database, 5):
        set_row(database, answer.job_id, attempts=1)
    assert sizes(fill(database, WindowSize(per_slot=3, message_articles=8, message_words=10_000))) == [1, 1, 1]


@pytest.mark.parametrize(
    ("dispatched_ms", "overdue"),
    [
        (-LONG_S * 1000 - 20_000, True),
        (-LONG_S * 1000 + 20_000, False),
        (-1000, False),
        (60_000, True),
    ],
    ids=["just over the limit", "just under the limit", "a second ago", "in the future"],
)
def test_message_is_overdue_by_its_time(database: Database, dispatched_ms: int, *, overdue: bool) -> None:
    [pushed] = push(database, article())
    [message] = fill(database)
    set_row(database, pushed.job_id, dispatched_at=database_time(database) + dispatched_ms)
    assert dispatch_window.overdue_messages(database, LONG_S) == ({message.id} if overdue else frozenset())


def test_message_outside_the_window_is_neither_overdue_nor_released(database: Database) -> None:
    [pushed] = push(database, article())
    [message] = fill(database)
    set_row(database, pushed.job_id, state=JobState.CANCELED, dispatched_at=0)
    assert dispatch_window.overdue_messages(database, 5) == frozenset()
    assert dispatch_window.requeue_lost_messages(database, [message.id]) == 0
    assert row_of(database, pushed.job_id)["message_id"] == message.id


def test_release_clears_only_the_messages_it_is_given(database: Database) -> None:
    push_numbered(database, 4)
    lost, kept = fill(database, WindowSize(per_slot=2, message_articles=2, message_words=10_000))
    assert dispatch_window.requeue_lost_messages(database, [lost.id]) == 2
    for job_id in lost.job_ids:
        row = row_of(database, job_id)
        assert (row["state"], row["message_id"], row["dispatched_at"]) == ("queued", None, None)
    assert {row_of(database, job_id)["message_id"] for job_id in kept.job_ids} == {kept.id}
    assert backlog.snapshot(database).counters[CounterName.MESSAGES_LOST, NO_LABEL] == 2


def test_sweep_requeues_or_buries_only_running_jobs_with_ended_leases(database: Database) -> None:
    """Of six running jobs two are requeued and two are dead; the leases of the other two have not ended."""
    pushed = push(database, *[article(f"{n}", feed=f"feed{n}") for n in range(8)])
    ids = [answer.job_id for answer in pushed]
    claim_all(database)
    for job_id, attempts, ended in zip(
        ids[:6], (1, 2, 3, 4, 2, 3), (True, True, True, True, False, False), strict=True
    ):
        set_row(
            database, job_id, attempts=attempts, queued_at=1, next_run_at=1, **({"lease_until": 1} if ended else {})
        )
    for job_id, attempts in zip(ids[6:], (9, 1), strict=True):
        set_row(database, job_id, state=JobState.CANCELED, lease_token=None, lease_until=1, attempts=attempts)
    kept = [row_of(database, job_id) for job_id in ids[4:]]
    before = database_time(database)
    swept = dispatch_window.requeue_expired_leases(database, max_attempts=3, lease_s=30)
    after = database_time(database)
    assert swept == Requeued(requeued=2, dead=2)
    assert [row_of(database, job_id) for job_id in ids[4:]] == kept
    for attempts, job_id in enumerate(ids[:4], start=1):
        row = row_of(database, job_id)
        assert (row["lease_token"], row["lease_until"], row["attempts"]) == (None, None, attempts)
        assert row["reason_code"] == "worker_lost"
        assert row["reason_detail"].endswith(f"attempt {attempts}")
        if attempts < 3:
            assert row["state"] == "queued"
            assert row["finished_at"] is None
            assert before <= row["queued_at"] <= after
            assert before <= row["next_run_at"] <= after
        else:
            assert row["state"] == "dead"
            assert before <= row["finished_at"] <= after
    counters = backlog.snapshot(database).counters
    assert counters[CounterName.LEASES_LOST, NO_LABEL] == 4
    assert counters[CounterName.UNSUCCESSFUL, "worker_lost"] == 4
    assert counters[CounterName.FINISHED, "dead"] == 2
    assert [counters.get((CounterName.FEED_FAILED, f"feed{n}"), 0) for n in range(8)] == [0, 0, 1, 1, 0, 0, 0, 0]


def test_sweep_takes_no_write_lock_while_no_lease_has_ended(database: Database, no_writes: Callable[[], None]) -> None:
    push(database, article())
    claim_all(database)
    no_writes()
    assert dispatch_window.requeue_expired_leases(database, max_attempts=3, lease_s=30) == Requeued()


@pytest.mark.parametrize(
    ("until_ms", "ended"),
    [(-20_000, True), (20_000, False), (2 * LONG_S * 1000 - 20_000, False), (2 * LONG_S * 1000 + 20_000, True)],
    ids=["over", "not over", "within twice the lease", "beyond twice the lease"],
)
def test_lease_has_ended_by_its_time(database: Database, until_ms: int, *, ended: bool) -> None:
    [pushed] = push(database, article())
    claim_all(database)
    set_row(database, pushed.job_id, lease_until=database_time(database) + until_ms)
    swept = dispatch_window.requeue_expired_leases(database, max_attempts=3, lease_s=LONG_S)
    assert swept == Requeued(requeued=int(ended))
    assert state_of(database, pushed.job_id) is (JobState.QUEUED if ended else JobState.RUNNING)
