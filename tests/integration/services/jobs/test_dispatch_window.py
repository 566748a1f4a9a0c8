from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from sqlalchemy import update

from services.contracts import JobState
from services.database.counters import NO_LABEL, CounterName
from services.database.engine import Database
from services.database.tables import hosts
from services.jobs import actions, backlog, dispatch_window, leases, queries
from services.jobs import hosts as presence
from services.jobs.dispatch_window import Requeued, WindowSize
from services.jobs.hosts import HostRole
from tests.support.ledger import WIDE, article, claim_all, fill, push, set_row, state_of


def order(database: Database, size: WindowSize) -> list[str]:
    """Bodies in the order in which they are dispatched."""
    return [claimed.article.body for claimed in claim_all(database, fill(database, size))]


def test_flood_of_one_feed_does_not_delay_another_feed(database: Database) -> None:
    push(database, *[article(f"flood {number}", feed="flood") for number in range(500)])
    push(database, article("small", feed="small"))
    dispatched = order(database, WindowSize(per_slot=1, message_articles=8, message_words=10_000))
    assert "small" in dispatched[:2]
    assert [body for body in dispatched if body != "small"] == [f"flood {number}" for number in range(7)]


def test_article_of_a_quiet_feed_is_sent_ahead_of_a_full_window(database: Database) -> None:
    size = WindowSize(per_slot=2, message_articles=4, message_words=10_000)
    push(database, *[article(f"flood {number}", feed="flood") for number in range(50)])
    assert [message.ahead for message in fill(database, size)] == [False, False]
    assert fill(database, size) == []
    small, _ = push(database, article("small", feed="small"), article("its second", feed="small"))
    [message] = fill(database, size)
    assert (message.ahead, message.job_ids) == (True, (small.job_id,))
    push(database, article("late", feed="late"))
    assert fill(database, size) == [], "one such message for each slot"
    claim_all(database, [message])
    assert [sent.ahead for sent in fill(database, size)] == [True], "the late one; the small feed is not quiet any more"


def test_no_message_is_sent_ahead_when_all_feeds_are_quiet(database: Database) -> None:
    size = WindowSize(per_slot=2, message_articles=4, message_words=10_000)
    push(database, *[article(f"flood {number}", feed="flood") for number in range(50)])
    assert len(fill(database, size)) == 2
    push(database, article("one", feed="one"), article("two", feed="two"))
    assert fill(database, size) == [], "two quiet feeds and one slot: they take their turn"


def test_jobs_of_a_feed_are_ordered_by_priority_before_age(database: Database) -> None:
    pushed = push(database, *[article(f"{number}") for number in range(4)])
    actions.reprioritise(database, pushed[2].job_id, 5)
    actions.reprioritise(database, pushed[0].job_id, -5)
    assert order(database, WIDE) == ["2", "1", "3", "0"]


def test_feeds_are_chosen_at_random_when_the_window_has_no_room_for_all(database: Database) -> None:
    push(database, *[article("one", feed=f"feed{number}") for number in range(50)])
    size = WindowSize(per_slot=1, message_articles=5, message_words=10_000)
    served = {claimed.article.feed for _ in range(3) for claimed in claim_all(database, fill(database, size))}
    assert len(served) == 15


def test_window_is_bounded_by_live_slots(database: Database) -> None:
    push(database, *[article(f"{number}") for number in range(200)])
    size = WindowSize(per_slot=3, message_articles=4, message_words=10_000)
    assert [len(message.job_ids) for message in fill(database, size)] == [4, 4, 4], "one slot's worth without a worker"
    assert fill(database, size) == []
    presence.announce(database, HostRole.WORKER, "node/a", slots=2)
    presence.announce(database, HostRole.SWEEPER, "node/b")
    assert len(fill(database, size)) == 3
    presence.leave(database, HostRole.WORKER, "node/a")
    assert fill(database, size) == []


def test_few_waiting_jobs_are_spread_over_messages(database: Database) -> None:
    push(database, *[article(f"{number}") for number in range(6)])
    messages = fill(database, WindowSize(per_slot=4, message_articles=8, message_words=10_000))
    assert [len(message.job_ids) for message in messages] == [2, 2, 2]


def test_messages_are_limited_by_words(database: Database) -> None:
    push(database, *[article("word " * 400 + str(number)) for number in range(6)])
    messages = fill(database, WindowSize(per_slot=1, message_articles=8, message_words=1000))
    assert [len(message.job_ids) for message in messages] == [2]


def test_article_over_the_word_limit_has_its_own_message(database: Database) -> None:
    push(database, article("word " * 5000), article("short"))
    assert sorted(len(message.job_ids) for message in fill(database, WindowSize(2, 8, 1000))) == [1, 1]


def test_retried_job_has_its_own_message(database: Database) -> None:
    push(database, *[article(f"{number}") for number in range(8)])
    first = claim_all(database, fill(database, WindowSize(1, 8, 10_000)))
    assert len(first) == 8
    assert dispatch_window.requeue_expired_leases(database, max_attempts=3, lease_s=30) == Requeued(), "leases run"
    for claimed in first:
        set_row(database, claimed.job_id, lease_until=0)
    assert dispatch_window.requeue_expired_leases(database, max_attempts=3, lease_s=30) == Requeued(requeued=8)
    push(database, article("new 1"), article("new 2"))
    sizes = sorted(len(message.job_ids) for message in fill(database, WindowSize(9, 8, 10_000)))
    assert sizes == [1] * 8 + [2], "eight alone, and the new ones together in what room is left"


def test_concurrent_dispatchers_choose_each_job_once(database: Database) -> None:
    push(database, *[article(f"{number}", feed=f"feed{number % 3}") for number in range(300)])
    presence.announce(database, HostRole.WORKER, "node/a", slots=20)
    with ThreadPoolExecutor(6) as pool:
        messages = [
            message
            for part in pool.map(lambda _: fill(database, WindowSize(2, 4, 10_000)), range(12))
            for message in part
        ]
    chosen = [job_id for message in messages for job_id in message.job_ids]
    assert len(chosen) == len(set(chosen))
    assert len(claim_all(database, messages)) == len(chosen)


def test_jobs_of_unsent_messages_wait_again(database: Database) -> None:
    push(database, article())
    messages = fill(database)
    assert fill(database) == []
    dispatch_window.withdraw_unsent(database, messages)
    [again] = fill(database)
    assert again.job_ids == messages[0].job_ids
    assert again.id != messages[0].id


def test_jobs_of_an_overdue_message_are_requeued(database: Database) -> None:
    [pushed] = push(database, article())
    [message] = fill(database)
    assert dispatch_window.overdue_messages(database, 5) == frozenset()
    assert dispatch_window.overdue_messages(database, -1) == {message.id}
    assert dispatch_window.requeue_lost_messages(database, [message.id]) == 1
    assert dispatch_window.requeue_lost_messages(database, [message.id]) == 0
    assert leases.lease(database, message.id, message.job_ids, 30) == [], "the old message lost its right"
    assert backlog.snapshot(database).counters[CounterName.MESSAGES_LOST, NO_LABEL] == 1
    assert state_of(database, pushed.job_id) is JobState.QUEUED


def test_leased_job_is_not_overdue(database: Database) -> None:
    push(database, article())
    claim_all(database)
    assert dispatch_window.overdue_messages(database, -1) == frozenset()
    assert dispatch_window.requeue_lost_messages(database, [uuid4()]) == 0


def test_messages_and_leases_from_the_future_count_as_expired(database: Database) -> None:
    first, second = push(database, article("One."), article("Two."))
    messages = fill(database)
    ahead = int(time.time() * 1000) + 3_600_000
    set_row(database, first.job_id, dispatched_at=ahead)
    assert len(dispatch_window.overdue_messages(database, 5)) == 1
    claim_all(database, messages)
    set_row(database, second.job_id, lease_until=ahead)
    assert dispatch_window.requeue_expired_leases(database, max_attempts=3, lease_s=30) == Requeued(requeued=1)
    assert state_of(database, second.job_id) is JobState.QUEUED


def test_queued_job_stays_due_when_the_clock_is_set_back(database: Database) -> None:
    hour = 3_600_000
    waiting, hit, put_off = push(database, article("waits"), article("was in hand"), article("is put off"))
    ahead = int(time.time() * 1000) + hour
    set_row(database, waiting.job_id, queued_at=ahead, next_run_at=ahead)
    set_row(database, put_off.job_id, next_run_at=int(time.time() * 1000) + 60_000)
    set_row(database, hit.job_id, queued_at=ahead, next_run_at=ahead)
    [claimed] = [job for job in claim_all(database) if job.job_id == hit.job_id]
    set_row(database, claimed.job_id, lease_until=ahead + 30_000)
    assert dispatch_window.requeue_expired_leases(database, max_attempts=3, lease_s=30).requeued == 1
    assert [job.job_id for job in claim_all(database)] == [hit.job_id]


def test_host_seen_in_the_future_has_no_slots(database: Database) -> None:
    presence.announce(database, HostRole.WORKER, "node/gone", slots=9)
    presence.announce(database, HostRole.WORKER, "node/here", slots=2)
    with database.write() as connection:
        gone = hosts.c.name == "node/gone"
        connection.execute(update(hosts).where(gone).values(seen_at=int(time.time() * 1000) + 3_600_000))
    assert presence.live_slots(database) == 2
    assert not presence.has_live_host(database, HostRole.SWEEPER, "node")


def test_job_is_dead_after_its_worker_was_lost_on_the_last_attempt(database: Database) -> None:
    [pushed] = push(database, article())
    for _ in range(2):
        claim_all(database, lease_s=-1)
        assert dispatch_window.requeue_expired_leases(database, max_attempts=3, lease_s=30) == Requeued(requeued=1)
    claim_all(database, lease_s=-1)
    assert dispatch_window.requeue_expired_leases(database, max_attempts=3, lease_s=30) == Requeued(dead=1)
    record = queries.job(database, pushed.job_id)
    assert (record.state, record.reason_code) == (JobState.DEAD, "worker_lost")
    assert record.reason_detail == "the worker was lost while analysing it; attempt 3"
    counters = backlog.snapshot(database).counters
    assert counters[CounterName.LEASES_LOST, NO_LABEL] == 3
    assert counters[CounterName.FINISHED, "dead"] == 1
