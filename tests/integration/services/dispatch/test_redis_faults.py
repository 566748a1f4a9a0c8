"""A Redis that answers wrongly is unavailable, by the name of its fault, and is used again after the repair."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
import redis
from kombu import transport as kombu_transports
from kombu.messaging import Consumer

from services.contracts import QueueName, TaskName
from services.database.engine import Database
from services.dispatch import message_filter, redis_probe
from services.dispatch.celery_app import Role, create_celery
from services.dispatch.dispatcher import Dispatcher
from services.dispatch.store_watch import Store, StoreWatch
from services.errors import BrokerUnavailable, StoreFault
from services.redis_client import connect
from services.settings import Broker
from tests.conftest import RedisProcess
from tests.support.api import api_settings
from tests.support.ledger import article, push

QUEUE = f"stancewire:{QueueName.ANALYSE}"
Change = Callable[[Any], object]
# How to break Redis, how to repair it, the fault, and whether sending notices it.
FAULTS: dict[str, tuple[Change, Change, StoreFault]] = {
    "replica": (
        lambda client: client.replicaof("127.0.0.1", 1),
        lambda client: client.replicaof("NO", "ONE"),
        StoreFault.READ_ONLY,
    ),
    "string": (lambda client: client.set(QUEUE, "x"), lambda client: client.delete(QUEUE), StoreFault.FOREIGN_KEY),
    "no-lpush": (
        lambda client: client.acl_setuser("default", enabled=True, commands=["-lpush"]),
        lambda client: client.acl_setuser("default", enabled=True, commands=["+lpush"]),
        StoreFault.NO_PERMISSION,
    ),
    "no-brpop": (
        lambda client: client.acl_setuser("default", enabled=True, commands=["-brpop"]),
        lambda client: client.acl_setuser("default", enabled=True, commands=["+brpop"]),
        StoreFault.NO_PERMISSION,
    ),
    "full": (
        lambda client: client.config_set("maxmemory", 1),
        lambda client: client.config_set("maxmemory", 0),
        StoreFault.FULL,
    ),
}


@pytest.fixture
def administrator(redis_process: RedisProcess) -> Iterator[redis.Redis]:
    with contextlib.closing(redis.Redis.from_url(redis_process.url)) as client:
        yield client


@contextlib.contextmanager
def server_that_says(answer: bytes) -> Iterator[str]:
    """Answer every command with the same bytes, and yield the address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    while connection.recv(65536):
                        connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        listener.shutdown(socket.SHUT_RDWR)


def fault_of(url: str) -> StoreFault | None:
    with contextlib.closing(connect(url, 0.5)) as client:
        try:
            redis_probe.probe(client, "stancewire:")
        except BrokerUnavailable as error:
            return error.fault
    return None


@pytest.mark.parametrize("name", FAULTS)
def test_wrong_answer_of_redis_is_named_and_ends_with_the_repair(
    redis_process: RedisProcess, administrator: redis.Redis, name: str
) -> None:
    break_it, repair, fault = FAULTS[name]
    assert fault_of(redis_process.url) is None
    break_it(administrator)
    assert fault_of(redis_process.url) is fault
    repair(administrator)
    assert fault_of(redis_process.url) is None
    assert administrator.keys("*probe*") == []


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (b"-LOADING Redis is loading the dataset in memory\r\n", StoreFault.STARTING),
        (b"-NOAUTH Authentication required.\r\n", StoreFault.NO_PERMISSION),
        (b"-ERR unknown command 'LRANGE', with args beginning with: 'x'\r\n", StoreFault.SENTINEL),
        (b"-MOVED 3999 127.0.0.1:6381\r\n", StoreFault.CLUSTER),
        (b"-ERR max number of clients reached\r\n", StoreFault.CONNECTIONS),
        (b"-MISCONF Redis is configured to save RDB snapshots\r\n", StoreFault.FULL),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", StoreFault.UNEXPECTED),
    ],
)
def test_server_of_another_kind_is_named(answer: bytes, fault: StoreFault) -> None:
    with server_that_says(answer) as url:
        assert fault_of(url) is fault


def test_dispatcher_names_the_fault_and_keeps_the_jobs(
    sqlite_database: Database, redis_process: RedisProcess, administrator: redis.Redis
) -> None:
    settings = Broker(breaker_s=0.01)
    sender = create_celery(settings, redis_process.url, Role.SENDER)
    dispatcher = Dispatcher(sqlite_database, sender, redis_process.url, settings)
    faults: list[StoreFault] = []
    dispatcher.fault_observer = faults.append
    push(sqlite_database, article())
    administrator.set(QUEUE, "x")
    with pytest.raises(BrokerUnavailable, match="did not accept a message") as caught:
        dispatcher.dispatch()
    assert caught.value.fault is StoreFault.FOREIGN_KEY
    assert faults == [StoreFault.FOREIGN_KEY]
    administrator.delete(QUEUE)
    time.sleep(0.02)
    assert dispatcher.dispatch() == 1
    assert administrator.keys("*") == [QUEUE.encode()], "no other keys that somebody could spoil"
    dispatcher._redis.close()
    sender.close()


class Receiver:
    """Consumes as a worker does: ``received`` has the IDs of the messages, ``dropped`` the numbers by cause."""

    def __init__(self, url: str) -> None:
        self.received: list[str] = []
        self.dropped: dict[str, int] = {}
        self.faults: list[StoreFault] = []
        self._app = create_celery(Broker(), url, Role.CONSUMER, self._on_dropped, lambda e: self.faults.append(e.fault))
        self._connection = self._app.connection_for_read()
        queue = self._app.amqp.queues[QueueName.ANALYSE]
        self._consumer: Any = Consumer(self._connection, [queue], callbacks=[self._on_message], no_ack=True)  # type: ignore[no-untyped-call]  # kombu ships no types

    def receive(self, until: Callable[[], bool], seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        self._consumer.consume()
        while not until():
            assert time.monotonic() < end, (self.received, self.dropped, self.faults)
            with contextlib.suppress(TimeoutError):
                self._connection.drain_events(timeout=0.1)

    def close(self) -> None:
        self._connection.close()
        self._app.close()

    def _on_message(self, _body: object, message: Any) -> None:
        self.received.append(message.headers["id"])

    def _on_dropped(self, cause: str, number: int) -> None:
        self.dropped[cause] = self.dropped.get(cause, 0) + number


@pytest.fixture
def receiver(redis_process: RedisProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setattr(kombu_transports, "_transport_cache", {})  # a sender may have loaded the transport unfiltered
    monkeypatch.setattr(kombu_transports, "TRANSPORT_ALIASES", dict(kombu_transports.TRANSPORT_ALIASES))
    monkeypatch.setattr(message_filter, "TRANSPORT_ALIASES", kombu_transports.TRANSPORT_ALIASES)
    opened = Receiver(redis_process.url)
    yield opened
    opened.close()


def send(url: str, *message_ids: str) -> None:
    sender = create_celery(Broker(), url, Role.SENDER)
    for message_id in message_ids:
        sender.send_task(TaskName.ANALYSE, args=[[str(uuid4())]], task_id=message_id, queue=QueueName.ANALYSE)
    sender.close()


@pytest.mark.parametrize("name", ["replica", "string", "no-brpop"])
def test_worker_asks_again_and_receives_after_the_repair(
    redis_process: RedisProcess, administrator: redis.Redis, receiver: Receiver, name: str
) -> None:
    break_it, repair, fault = FAULTS[name]
    break_it(administrator)
    receiver.receive(lambda: bool(receiver.faults))
    assert receiver.faults == [fault], "asked again after a pause, not at once"
    repair(administrator)
    message_id = str(uuid4())
    send(redis_process.url, message_id)
    receiver.receive(lambda: bool(receiver.received))
    assert receiver.received == [message_id]
    assert receiver.dropped == {}, "an error of Redis is no foreign message"


def test_many_foreign_messages_are_dropped_in_seconds_and_ours_keep_their_order(
    redis_process: RedisProcess, administrator: redis.Redis, receiver: Receiver
) -> None:
    ours = [str(uuid4()) for _ in range(5)]
    for message_id in ours:
        with administrator.pipeline(transaction=False) as pipe:
            for number in range(4_000):
                pipe.lpush(QUEUE, json.dumps({"junk": number}) if number % 2 else b"\xff\xfe")
            pipe.execute()
        send(redis_process.url, message_id)
    began = time.monotonic()
    receiver.receive(lambda: len(receiver.received) == len(ours))
    assert receiver.received == ours
    assert sum(receiver.dropped.values()) == 20_000
    assert receiver.dropped.keys() == {"no_json", "content_type"}
    assert time.monotonic() - began < 10
    assert administrator.llen(QUEUE) == 0


def test_watch_names_the_faults_of_both_stores(
    sqlite_database: Database, redis_process: RedisProcess, administrator: redis.Redis
) -> None:
    watch = StoreWatch(sqlite_database, api_settings(sqlite_database, redis_url=redis_process.url))
    watch.start()
    try:
        assert all(state.fault is None and state.usable for state in watch.look().values())
        administrator.set(QUEUE, "x")
        state = watch.look()[Store.REDIS]
        assert (state.usable, state.runbook) == (False, "StancewireRedisFault")
        assert state.reason(detailed=False).startswith("Redis has a value of another type under the key of the queue")
        administrator.delete(QUEUE)
        assert watch.look()[Store.REDIS].fault is None
    finally:
        watch.stop()
