from __future__ import annotations

import pytest

from services.broker.app import Role, create_celery
from services.contracts import QueueName, TaskName
from services.settings import Broker


@pytest.mark.parametrize("role", list(Role))
def test_only_json_and_no_promises_in_redis(role: Role) -> None:
    conf = create_celery(Broker(), "redis://127.0.0.1:6379/0", role).conf
    assert conf.accept_content == ["json"]
    assert conf.task_serializer == "json"
    assert conf.task_ignore_result
    assert conf.result_backend is None
    assert not conf.task_acks_late
    assert conf.broker_transport_options["ack_emulation"] is False
    assert [queue.name for queue in conf.task_queues] == list(QueueName)
    assert set(conf.task_routes) == set(TaskName)


def test_a_sender_gives_up_soon_and_a_consumer_never() -> None:
    sender = create_celery(Broker(), "redis://127.0.0.1:6379/0", Role.SENDER).conf.broker_transport_options
    assert (sender["socket_timeout"], sender["max_retries"]) == (0.3, 0)
    consumer = create_celery(Broker(), "redis://127.0.0.1:6379/0", Role.CONSUMER).conf
    assert consumer.broker_connection_max_retries is None
    assert consumer.broker_transport_options["socket_timeout"] == 15
    assert consumer.worker_disable_prefetch


@pytest.mark.parametrize(
    ("given", "kombus"),
    [
        ("redis://:secret@host:6379/1", "redis://:secret@host:6379/1"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock"),
        ("unix://:p%40ss@/run/redis.sock", "redis+socket://:p%40ss@/run/redis.sock"),
    ],
)
def test_addresses_in_kombus_spelling(given: str, kombus: str) -> None:
    assert create_celery(Broker(), given, Role.SENDER).conf.broker_url == kombus
