"""A master that Sentinels watch: messages pass, and pass again through the new master after a failover."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from kombu.messaging import Consumer

from services.contracts import QueueName
from services.database.engine import Database
from services.dispatch import redis_probe
from services.dispatch.celery_app import Role, create_celery
from services.dispatch.dispatcher import Dispatcher
from services.errors import BrokerUnavailable
from services.jobs import hosts
from services.jobs.hosts import HostRole
from services.redis_client import connect
from services.settings import Broker
from services.standalone.redis_server import find_program
from tests.support.ledger import article, push
from tests.support.prometheus import free_port

Eventually = Callable[[Callable[[], bool], float], None]
BROKER = Broker(breaker_s=0.1)
SHARED = "hidden"


@dataclass
class Watched:
    url: str
    master: subprocess.Popen[bytes]


@pytest.fixture
def watched(tmp_path: Path, eventually: Eventually) -> Iterator[Watched]:
    """A master, a replica of it, and a Sentinel, each with a password."""
    ports = [free_port() for _ in range(3)]
    with contextlib.ExitStack() as stack:

        def start(name: str, port: int, *options: str) -> subprocess.Popen[bytes]:
            folder = tmp_path / name
            folder.mkdir()
            file = folder / "server.conf"
            common = ["bind 127.0.0.1", f"port {port}", f"dir {folder}", 'save ""', "requirepass hidden"]
            file.write_text("\n".join([*common, *options]) + "\n")
            sentinel = ["--sentinel"] if name == "sentinel" else []
            process = subprocess.Popen([find_program(), str(file), *sentinel], stdout=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.kill)
            client = redis.Redis(port=port, password=SHARED)
            stack.callback(client.close)
            eventually(lambda: answers(client), 20)
            return process

        master = start("master", ports[0], "masterauth hidden", "repl-diskless-sync-delay 0")
        start("replica", ports[1], "masterauth hidden", f"replicaof 127.0.0.1 {ports[0]}")
        replica = redis.Redis(port=ports[1], password=SHARED)
        stack.callback(replica.close)
        eventually(lambda: replica.info("replication")["master_link_status"] == "up", 20)
        start(
            "sentinel",
            ports[2],
            f"sentinel monitor main 127.0.0.1 {ports[0]} 1",
            "sentinel auth-pass main hidden",
            "sentinel down-after-milliseconds main 300",
            "sentinel failover-timeout main 2000",
        )
        sentinel = redis.Redis(port=ports[2], password=SHARED)
        stack.callback(sentinel.close)
        eventually(lambda: bool(sentinel.sentinel_slaves("main")), 20)
        unused = free_port()  # a Sentinel that is down
        hosts_ = f"127.0.0.1:{unused},127.0.0.1:{ports[2]}"
        yield Watched(f"redis+sentinel://:hidden@{hosts_}/main/0?sentinel_password=hidden", master)


def answers(client: redis.Redis) -> bool:
    with contextlib.suppress(redis.RedisError):
        return bool(client.ping())
    return False


def receive(url: str, timeout_s: float) -> str:
    """Return the ID of the next message, as a worker receives it."""
    received: list[str] = []
    app = create_celery(BROKER, url, Role.CONSUMER)
    with app.connection_for_read() as connection:
        queue = app.amqp.queues[QueueName.ANALYSE]
        with Consumer(connection, queues=[queue], accept=["json"], no_ack=True) as consumer:  # type: ignore[no-untyped-call]  # kombu has no types for it
            consumer.register_callback(lambda _body, message: received.append(message.headers["id"]))
            connection.drain_events(timeout=timeout_s)
    return received[0]


def test_messages_pass_before_and_after_a_failover(
    watched: Watched, sqlite_database: Database, eventually: Eventually
) -> None:
    database = sqlite_database
    hosts.announce(database, HostRole.WORKER, "here", 4)
    sender = create_celery(BROKER, watched.url, Role.SENDER)
    dispatcher = Dispatcher(database, sender, watched.url, BROKER)
    push(database, article("One."))
    assert dispatcher.dispatch() == 1
    began = time.monotonic()
    assert receive(watched.url, 10)
    assert time.monotonic() - began < 5, "the Sentinel that is down costs no time"
    watched.master.kill()
    watched.master.wait()
    push(database, article("Two."))

    def sends() -> bool:
        with contextlib.suppress(BrokerUnavailable):
            return dispatcher.dispatch() == 1
        return False

    eventually(sends, 30)
    assert receive(watched.url, 10)
    client = connect(watched.url, 1)
    assert redis_probe.probe(client, "stancewire:") < 1
    client.close()


def test_sentinels_that_do_not_answer_are_a_fault_of_redis() -> None:
    client = connect(f"redis+sentinel://127.0.0.1:{free_port()}/main", 0.2)
    began = time.monotonic()
    with pytest.raises(BrokerUnavailable):
        redis_probe.probe(client, "stancewire:")
    assert time.monotonic() - began < 5
