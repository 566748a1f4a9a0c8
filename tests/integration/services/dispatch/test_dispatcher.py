from __future__ import annotations

import contextlib
import json
import signal
import time
from typing import Any
from uuid import UUID

import pytest
import redis

from services.contracts import JobState, QueueName, TaskName
from services.database.counters import NO_LABEL, CounterName
from services.database.engine import Database
from services.errors import BrokerUnavailable
from services.jobs import backlog, hosts, leases
from services.jobs.hosts import HostRole
from tests.support.api import NO_REDIS
from tests.support.dispatch import DispatchSetup, Eventually, MakeSetup, job_ids_of
from tests.support.ledger import article, claim_all, push, state_of


def test_messages_in_redis_match_the_ledger(setup: DispatchSetup) -> None:
    accepted = push(setup.database, *[article(f"Story {number}.") for number in range(5)])
    sent = setup.dispatcher.dispatch()
    messages = setup.messages()
    assert (sent, setup.client.llen(setup.queue)) == (len(messages), len(messages))
    assert {UUID(message["headers"]["id"]) for message in messages} == setup.window_ids()
    assert {message["headers"]["task"] for message in messages} == {TaskName.ANALYSE}
    assert all(message["content-type"] == "application/json" for message in messages)
    leased = []
    for message in messages:
        job_ids = job_ids_of(message)
        leased += leases.lease(setup.database, UUID(message["headers"]["id"]), [UUID(job_id) for job_id in job_ids], 30)
    assert sorted(job.job_id for job in leased) == sorted(job.job_id for job in accepted)


def test_message_of_a_quiet_feed_is_received_next(setup: DispatchSetup) -> None:
    push(setup.database, *[article(f"Story {number}.", feed="flood") for number in range(100)])
    waiting_count = setup.dispatcher.dispatch()
    [single] = push(setup.database, article("Short and alone.", feed="quiet"))
    assert setup.dispatcher.dispatch() == 1
    assert setup.client.llen(setup.queue) == waiting_count + 1
    assert job_ids_of(setup.messages()[0]) == [str(single.job_id)]


def test_redis_has_at_most_the_dispatch_window(setup: DispatchSetup) -> None:
    push(setup.database, *[article(f"Story {number}.") for number in range(100)])
    broker = setup.settings.broker
    assert setup.dispatcher.dispatch() == broker.window_per_slot
    assert setup.dispatcher.dispatch() == 0
    hosts.announce(setup.database, HostRole.WORKER, "node/a", slots=2)
    assert setup.dispatcher.dispatch() == broker.window_per_slot
    assert setup.client.llen(setup.queue) == 2 * broker.window_per_slot
    assert {len(job_ids_of(message)) for message in setup.messages()} == {broker.message_articles}


def test_jobs_of_messages_lost_by_a_flush_are_sent_again(setup: DispatchSetup) -> None:
    accepted = push(setup.database, *[article(f"Story {number}.") for number in range(4)])
    setup.dispatcher.dispatch()
    lost_ids = set(setup.message_ids())
    setup.client.flushall()
    assert setup.dispatcher.requeue_lost() == 0, "nothing is overdue yet"
    time.sleep(0.3)
    assert setup.dispatcher.requeue_lost() == 4
    assert setup.window_ids() == set()
    setup.dispatcher.dispatch()
    assert sum(len(job_ids_of(message)) for message in setup.messages()) == 4
    assert not lost_ids & set(setup.message_ids())
    assert backlog.snapshot(setup.database).counters[CounterName.MESSAGES_LOST, NO_LABEL] == 4
    assert {state_of(setup.database, job.job_id) for job in accepted} == {JobState.QUEUED}


def test_overdue_message_still_in_redis_is_left_alone(setup: DispatchSetup) -> None:
    push(setup.database, *[article(f"Story {number}.") for number in range(4)])
    setup.dispatcher.dispatch()
    sent_ids = setup.message_ids()
    time.sleep(0.3)
    assert setup.dispatcher.requeue_lost() == 0
    setup.sweeper().sweep()
    assert setup.message_ids() == sent_ids


def test_only_jobs_of_lost_messages_are_requeued(setup: DispatchSetup) -> None:
    push(setup.database, *[article(f"Story {number}.") for number in range(3)])
    setup.dispatcher.dispatch()
    lost = setup.client.lpop(setup.queue)
    assert isinstance(lost, bytes | str)
    time.sleep(0.3)
    assert setup.dispatcher.requeue_lost() == 1
    assert UUID(json.loads(lost)["headers"]["id"]) not in setup.window_ids()
    assert len(setup.window_ids()) == 2


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


def test_foreign_entries_in_the_queue_are_ignored(setup: DispatchSetup) -> None:
    push(setup.database, *[article(f"Story {number}.") for number in range(3)])
    setup.dispatcher.dispatch()
    kept = setup.client.rpop(setup.queue)
    assert isinstance(kept, bytes | str)
    setup.client.flushall()
    setup.client.lpush(setup.queue, *FOREIGN, kept)
    time.sleep(0.3)
    assert setup.dispatcher.requeue_lost() == 2, "one of three messages is still in Redis"
    assert setup.window_ids() == {UUID(json.loads(kept)["headers"]["id"])}
    setup.sweeper().sweep()
    assert setup.client.llen(setup.queue) == len(FOREIGN) + 3


def test_keys_have_the_prefix_and_leave_other_keys_alone(
    database: Database, redis_process: Any, make_setup: MakeSetup
) -> None:
    setup = make_setup(database, redis_process.url, key_prefix="tenant-7:")
    setup.client.set("theirs", "1")
    push(database, article())
    setup.dispatcher.dispatch()
    assert all(key == b"theirs" or key.startswith(b"tenant-7:") for key in setup.client.scan_iter())
    assert setup.client.llen("tenant-7:" + QueueName.ANALYSE) == 1
    time.sleep(0.3)
    assert setup.dispatcher.requeue_lost() == 0


def test_celery_and_redis_clients_use_the_same_server_and_database(
    sqlite_database: Database, redis_process: Any, make_setup: MakeSetup
) -> None:
    """Kombu has its own form of a socket's address with password and number; a mismatch would resend every message."""
    client = redis.Redis.from_url(redis_process.url)
    client.config_set("requirepass", "s@cr/t %")
    client.close()
    url = redis_process.url.replace("unix://", "unix://:s%40cr%2Ft%20%25@") + "?db=3"
    setup = make_setup(sqlite_database, url)
    push(sqlite_database, article())
    assert setup.dispatcher.dispatch() == 1
    assert setup.client.llen(setup.queue) == 1
    time.sleep(0.3)
    assert setup.dispatcher.requeue_lost() == 0


def test_jobs_stay_queued_while_redis_is_full(setup: DispatchSetup) -> None:
    [accepted] = push(setup.database, article())
    setup.client.config_set("maxmemory", "2mb")
    with contextlib.suppress(redis.ResponseError):
        for number in range(10_000):
            setup.client.set(f"junk {number}", "x" * 10_000)
    with pytest.raises(BrokerUnavailable, match="did not accept a message"):
        setup.dispatcher.dispatch()
    assert setup.window_ids() == set()
    setup.sweeper().sweep()
    assert state_of(setup.database, accepted.job_id) is JobState.QUEUED
    setup.client.config_set("maxmemory", "64mb")
    setup.client.flushall()
    time.sleep(0.35)
    setup.sweeper().sweep()
    assert setup.client.llen(setup.queue) == 1


def test_failed_send_opens_the_circuit_breaker(database: Database, make_setup: MakeSetup) -> None:
    setup = make_setup(database, NO_REDIS, breaker_s=0.5)
    push(database, article())
    with pytest.raises(BrokerUnavailable, match="did not accept a message"):
        setup.dispatcher.dispatch()
    assert setup.window_ids() == set()
    with pytest.raises(BrokerUnavailable, match="a moment ago"):
        setup.dispatcher.dispatch()
    time.sleep(0.6)
    with pytest.raises(BrokerUnavailable, match="did not accept a message"):
        setup.dispatcher.dispatch()
    with pytest.raises(BrokerUnavailable, match="does not answer"):
        setup.dispatcher.ping()


def test_expired_leases_are_requeued_while_redis_is_down(database: Database, make_setup: MakeSetup) -> None:
    setup = make_setup(database, NO_REDIS)
    [accepted] = push(database, article())
    claim_all(database, lease_s=-1)
    setup.sweeper().sweep()
    assert state_of(database, accepted.job_id) is JobState.QUEUED


def test_frozen_redis_delays_by_the_send_timeout_and_loses_no_job(
    setup: DispatchSetup, redis_process: Any, eventually: Eventually
) -> None:
    push(setup.database, *[article(f"Story {number}.") for number in range(6)])
    setup.dispatcher.ping()
    redis_process.process.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        with pytest.raises(BrokerUnavailable):
            setup.dispatcher.dispatch()
        assert time.monotonic() - began < 4
        assert setup.window_ids() == set()
        with pytest.raises(BrokerUnavailable):
            setup.dispatcher.ping()
    finally:
        redis_process.process.send_signal(signal.SIGCONT)
    sweeper = setup.sweeper()

    def all_sent() -> bool:
        sweeper.sweep()
        window_ids = {str(message_id) for message_id in setup.window_ids()}
        sent = [message for message in setup.messages() if message["headers"]["id"] in window_ids]
        return sum(len(job_ids_of(message)) for message in sent) == 6

    eventually(all_sent, 5)


def test_restarted_redis_gets_the_lost_messages_again(
    setup: DispatchSetup, redis_process: Any, eventually: Eventually
) -> None:
    push(setup.database, article())
    setup.dispatcher.dispatch()
    redis_process.kill()
    time.sleep(0.3)
    sweeper = setup.sweeper()
    sweeper.sweep()
    assert len(setup.window_ids()) == 1, "without Redis it is unknown whether the message is lost"
    redis_process.start()

    def is_sent_again() -> bool:
        sweeper.sweep()
        return setup.client.llen(setup.queue) == 1

    eventually(is_sent_again, 5)
    assert {UUID(message_id) for message_id in setup.message_ids()} == setup.window_ids()
