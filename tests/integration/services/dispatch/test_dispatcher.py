from __future__ import annotations

import contextlib
import json
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis
from celery import Celery
from sqlalchemy import select

from services.contracts import JobState, QueueName, TaskName
from services.database.counters import NO_LABEL, CounterName
from services.database.engine import Database
from services.database.tables import jobs
from services.dispatch.celery_app import Role, create_celery
from services.dispatch.dispatcher import Dispatcher, DispatchThread
from services.dispatch.sweeper import Sweeper
from services.errors import BrokerUnavailable
from services.jobs import hosts, leases, queries
from services.jobs.hosts import HostRole
from services.settings import Settings
from tests.support.api import NO_REDIS
from tests.support.ledger import article, claim_all, push, set_row, state_of

Eventually = Callable[[Callable[[], bool], float], None]


@dataclass
class Line:
    """A dispatcher between a ledger and a Redis, and a client that looks into the latter."""

    database: Database
    settings: Settings
    app: Celery
    dispatcher: Dispatcher
    client: redis.Redis

    @property
    def queue(self) -> str:
        return self.settings.broker.key_prefix + QueueName.ANALYSE

    def messages(self) -> list[dict[str, Any]]:
        """What lies in Redis, oldest first."""
        return [json.loads(entry) for entry in reversed(self.client.lrange(self.queue, 0, -1))]

    def ids(self) -> list[str]:
        return [message["headers"]["id"] for message in self.messages()]

    def sweeper(self) -> Sweeper:
        return Sweeper(self.database, self.dispatcher, self.settings)

    def in_window(self) -> set[UUID]:
        with self.database.read() as connection:
            return set(connection.execute(select(jobs.c.message_id).where(jobs.c.message_id.is_not(None))).scalars())

    def close(self) -> None:
        self.dispatcher._redis.close()
        self.app.close()
        self.client.close()


Lines = Callable[..., Line]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Makes lines between a ledger and a Redis, and closes them."""
    opened: list[Line] = []

    def make(database: Database, url: str, **broker: Any) -> Line:
        settings = Settings(redis_url=url, broker={"overdue_s": 0.2, "breaker_s": 0.3, **broker})
        app = create_celery(settings.broker, url, Role.SENDER)
        dispatcher = Dispatcher(database, app, url, settings.broker)
        opened.append(Line(database, settings, app, dispatcher, redis.Redis.from_url(url)))
        return opened[-1]

    yield make
    for line in opened:
        line.close()


@pytest.fixture
def line(database: Database, redis_process: Any, lines: Lines) -> Line:
    return lines(database, redis_process.url)


def test_messages_arrive_as_the_ledger_has_them(line: Line) -> None:
    pushed = push(line.database, *[article(f"Story {number}.") for number in range(5)])
    sent = line.dispatcher.dispatch()
    messages = line.messages()
    assert (sent, line.client.llen(line.queue)) == (len(messages), len(messages))
    assert {UUID(message["headers"]["id"]) for message in messages} == line.in_window()
    assert {message["headers"]["task"] for message in messages} == {TaskName.ANALYSE}
    assert all(message["content-type"] == "application/json" for message in messages)
    claimed = []
    for message in messages:
        job_ids = _jobs(message)
        claimed += leases.lease(line.database, UUID(message["headers"]["id"]), [UUID(job_id) for job_id in job_ids], 30)
    assert sorted(one.job_id for one in claimed) == sorted(one.job_id for one in pushed)


def test_a_message_that_goes_ahead_is_the_next_one_taken(line: Line) -> None:
    push(line.database, *[article(f"Story {number}.", feed="flood") for number in range(100)])
    waiting = line.dispatcher.dispatch()
    [single] = push(line.database, article("Short and alone.", feed="quiet"))
    assert line.dispatcher.dispatch() == 1
    assert line.client.llen(line.queue) == waiting + 1
    assert _jobs(line.messages()[0]) == [str(single.job_id)]


def _body(message: dict[str, Any]) -> str:
    import base64

    assert message["properties"]["body_encoding"] == "base64"
    return base64.b64decode(message["body"]).decode()


def test_redis_never_holds_more_than_the_window(line: Line) -> None:
    push(line.database, *[article(f"Story {number}.") for number in range(100)])
    broker = line.settings.broker
    assert line.dispatcher.dispatch() == broker.window_per_slot
    assert line.dispatcher.dispatch() == 0
    hosts.announce(line.database, HostRole.WORKER, "node/a", slots=2)
    assert line.dispatcher.dispatch() == broker.window_per_slot
    assert line.client.llen(line.queue) == 2 * broker.window_per_slot
    assert {len(_jobs(message)) for message in line.messages()} == {broker.message_articles}


def _jobs(message: dict[str, Any]) -> list[str]:
    [[job_ids], _, _] = json.loads(_body(message))
    return job_ids


def test_what_a_flushed_redis_held_is_sent_again(line: Line) -> None:
    pushed = push(line.database, *[article(f"Story {number}.") for number in range(4)])
    line.dispatcher.dispatch()
    before = set(line.ids())
    line.client.flushall()
    assert line.dispatcher.recover() == 0, "nothing is overdue yet"
    time.sleep(0.3)
    assert line.dispatcher.recover() == 4
    assert line.in_window() == set()
    line.dispatcher.dispatch()
    assert sum(len(_jobs(message)) for message in line.messages()) == 4
    assert not before & set(line.ids())
    assert queries.backlog_snapshot(line.database).counters[CounterName.MESSAGES_LOST, NO_LABEL] == 4
    assert {state_of(line.database, one.job_id) for one in pushed} == {JobState.QUEUED}


def test_a_message_that_still_lies_there_is_only_waiting(line: Line) -> None:
    push(line.database, *[article(f"Story {number}.") for number in range(4)])
    line.dispatcher.dispatch()
    before = line.ids()
    time.sleep(0.3)
    assert line.dispatcher.recover() == 0
    line.sweeper().sweep()
    assert line.ids() == before


def test_only_what_was_lost_is_put_back(line: Line) -> None:
    push(line.database, *[article(f"Story {number}.") for number in range(3)])
    line.dispatcher.dispatch()
    lost = line.client.lpop(line.queue)
    time.sleep(0.3)
    assert line.dispatcher.recover() == 1
    assert UUID(json.loads(lost)["headers"]["id"]) not in line.in_window()
    assert len(line.in_window()) == 2


FOREIGN = [
    b"not JSON",
    b"\xff\xfe",
    b"[]",
    b"7",
    b"null",
    b'{"headers": null}',
    b'{"headers": {"id": "no UUID"}}',
    b'{"headers": {"id": 4}}',
    b"[" * 9000,
]


def test_foreign_entries_in_the_queue_do_no_harm(line: Line) -> None:
    push(line.database, *[article(f"Story {number}.") for number in range(3)])
    line.dispatcher.dispatch()
    kept = line.client.rpop(line.queue)
    line.client.flushall()
    line.client.lpush(line.queue, *FOREIGN, kept)
    time.sleep(0.3)
    assert line.dispatcher.recover() == 2, "ours that is there stays, the other two are lost"
    assert line.in_window() == {UUID(json.loads(kept)["headers"]["id"])}
    line.sweeper().sweep()
    assert line.client.llen(line.queue) == len(FOREIGN) + 3


def test_keys_carry_the_prefix_and_lie_beside_those_of_others(
    database: Database, redis_process: Any, lines: Lines
) -> None:
    line = lines(database, redis_process.url, key_prefix="tenant-7:")
    line.client.set("theirs", "1")
    push(database, article())
    line.dispatcher.dispatch()
    assert all(key == b"theirs" or key.startswith(b"tenant-7:") for key in line.client.scan_iter())
    assert line.client.llen("tenant-7:" + QueueName.ANALYSE) == 1
    time.sleep(0.3)
    assert line.dispatcher.recover() == 0


def test_sender_and_watcher_mean_the_same_redis(sqlite_database: Database, redis_process: Any, lines: Lines) -> None:
    """A socket's address with password and number is spelt differently for Kombu; a slip would resend all for ever."""
    client = redis.Redis.from_url(redis_process.url)
    client.config_set("requirepass", "s@cr/t %")
    client.close()
    url = redis_process.url.replace("unix://", "unix://:s%40cr%2Ft%20%25@") + "?db=3"
    line = lines(sqlite_database, url)
    push(sqlite_database, article())
    assert line.dispatcher.dispatch() == 1
    assert line.client.llen(line.queue) == 1
    time.sleep(0.3)
    assert line.dispatcher.recover() == 0


def test_a_full_redis_makes_jobs_wait_until_there_is_room(line: Line) -> None:
    [pushed] = push(line.database, article())
    line.client.config_set("maxmemory", "2mb")
    with contextlib.suppress(redis.ResponseError):
        for number in range(10_000):
            line.client.set(f"junk {number}", "x" * 10_000)
    with pytest.raises(BrokerUnavailable, match="did not take a message"):
        line.dispatcher.dispatch()
    assert line.in_window() == set()
    line.sweeper().sweep()
    assert state_of(line.database, pushed.job_id) is JobState.QUEUED
    line.client.config_set("maxmemory", "64mb")
    line.client.flushall()
    time.sleep(0.35)
    line.sweeper().sweep()
    assert line.client.llen(line.queue) == 1


def test_after_a_failed_send_redis_is_left_alone_for_a_moment(database: Database, lines: Lines) -> None:
    line = lines(database, NO_REDIS, breaker_s=0.5)
    push(database, article())
    with pytest.raises(BrokerUnavailable, match="did not take a message"):
        line.dispatcher.dispatch()
    assert line.in_window() == set()
    with pytest.raises(BrokerUnavailable, match="a moment ago"):
        line.dispatcher.dispatch()
    time.sleep(0.6)
    with pytest.raises(BrokerUnavailable, match="did not take a message"):
        line.dispatcher.dispatch()
    with pytest.raises(BrokerUnavailable, match="does not answer"):
        line.dispatcher.ping()


def test_leases_are_mended_while_redis_is_down(database: Database, lines: Lines) -> None:
    line = lines(database, NO_REDIS)
    [pushed] = push(database, article())
    claim_all(database, lease_s=-1)
    line.sweeper().sweep()
    assert state_of(database, pushed.job_id) is JobState.QUEUED


def test_a_frozen_redis_costs_the_send_timeout_and_no_job(
    line: Line, redis_process: Any, eventually: Eventually
) -> None:
    push(line.database, *[article(f"Story {number}.") for number in range(6)])
    line.dispatcher.ping()
    redis_process.process.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        with pytest.raises(BrokerUnavailable):
            line.dispatcher.dispatch()
        assert time.monotonic() - began < 2
        assert line.in_window() == set()
        with pytest.raises(BrokerUnavailable):
            line.dispatcher.ping()
    finally:
        redis_process.process.send_signal(signal.SIGCONT)
    sweeper = line.sweeper()

    def all_sent() -> bool:
        sweeper.sweep()
        window = {str(message_id) for message_id in line.in_window()}
        jobs_sent = sum(len(_jobs(message)) for message in line.messages() if message["headers"]["id"] in window)
        return jobs_sent == 6

    eventually(all_sent, 5)


def test_a_redis_that_is_restarted_gets_what_it_lost(line: Line, redis_process: Any, eventually: Eventually) -> None:
    push(line.database, article())
    line.dispatcher.dispatch()
    redis_process.kill()
    time.sleep(0.3)
    sweeper = line.sweeper()
    sweeper.sweep()
    assert len(line.in_window()) == 1, "who cannot look cannot say that it is lost"
    redis_process.start()

    def there() -> bool:
        sweeper.sweep()
        return line.client.llen(line.queue) == 1

    eventually(there, 5)
    assert {UUID(message_id) for message_id in line.ids()} == line.in_window()


def test_any_number_of_nudges_is_one_run(line: Line, eventually: Eventually) -> None:
    thread = DispatchThread(line.dispatcher)
    thread.start()
    push(line.database, *[article(f"Story {number}.") for number in range(3)])
    for _ in range(1000):
        thread.nudge()
    eventually(lambda: line.client.llen(line.queue) == 3, 5)
    push(line.database, article("One more."))
    set_row(line.database, claim_one(line), next_run_at=0)
    thread.nudge()
    eventually(lambda: line.client.llen(line.queue) == 4, 5)
    thread.stop()
    assert not thread._thread.is_alive()


def claim_one(line: Line) -> UUID:
    """Claim the oldest message, as a worker would, which makes room for another."""
    message = line.messages()[0]
    [claimed] = leases.lease(
        line.database, UUID(message["headers"]["id"]), [UUID(job_id) for job_id in _jobs(message)], 30
    )
    return claimed.job_id


def test_a_thread_outlives_a_broken_ledger(
    sqlite_database: Database, redis_process: Any, lines: Lines, eventually: Eventually
) -> None:
    line = lines(sqlite_database, redis_process.url)
    thread = DispatchThread(line.dispatcher)
    thread.start()
    with sqlite_database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE jobs RENAME TO jobs_elsewhere")
    thread.nudge()
    time.sleep(0.3)
    with sqlite_database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE jobs_elsewhere RENAME TO jobs")
    push(sqlite_database, article(guid=str(uuid4())))
    thread.nudge()
    eventually(lambda: line.client.llen(line.queue) == 1, 5)
    thread.stop()
