from __future__ import annotations

import pytest

from services.contracts import QueueName, TaskName
from services.dispatch.celery_app import Role, create_celery
from services.settings import Broker

URL = "redis://localhost:6379/0"


@pytest.mark.parametrize("role", list(Role))
def test_only_json_is_sent_and_accepted(role: Role) -> None:
    settings = create_celery(Broker(), URL, role).conf
    assert settings.accept_content == ["json"]
    assert settings.task_serializer == "json"
    assert settings.result_backend is None
    assert settings.task_ignore_result


@pytest.mark.parametrize("role", list(Role))
def test_messages_are_acknowledged_early_and_not_prefetched(role: Role) -> None:
    settings = create_celery(Broker(key_prefix="tenant:"), URL, role).conf
    assert settings.broker_transport_options["ack_emulation"] is False
    assert settings.broker_transport_options["global_keyprefix"] == "tenant:"
    assert settings.task_acks_late is False
    assert settings.worker_prefetch_multiplier == 1
    assert settings.worker_disable_prefetch is True


def test_queue_and_task_names_come_from_the_contracts() -> None:
    settings = create_celery(Broker(), URL, Role.CONSUMER).conf
    assert [queue.name for queue in settings.task_queues] == [QueueName.ANALYSE.value]
    assert settings.task_default_queue == QueueName.ANALYSE
    assert settings.task_routes == {TaskName.ANALYSE: {"queue": QueueName.ANALYSE}}
    assert settings.task_create_missing_queues is False


def test_sender_fails_fast_and_consumer_keeps_trying() -> None:
    broker = Broker(send_timeout_s=0.2)
    sender = create_celery(broker, URL, Role.SENDER).conf
    consumer = create_celery(broker, URL, Role.CONSUMER).conf
    assert sender.broker_transport_options["socket_timeout"] == 0.2
    assert sender.broker_transport_options["socket_connect_timeout"] == 0.2
    assert sender.broker_transport_options["max_retries"] == 0
    assert sender.broker_connection_timeout == 0.2
    assert sender.task_publish_retry is False
    assert consumer.broker_transport_options["socket_timeout"] > 1
    assert consumer.broker_connection_max_retries is None
    assert consumer.broker_connection_retry_on_startup is True


def test_sender_does_not_become_the_current_celery_application() -> None:
    from celery import current_app

    assert current_app._get_current_object() is not create_celery(Broker(), URL, Role.SENDER)


@pytest.mark.parametrize(
    ("redis_url", "broker_url"),
    [
        (URL, URL),
        ("rediss://:s%40crt@example.org:6380/2", "rediss://:s%40crt@example.org:6380/2"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock"),
        ("unix://:s%40cr%2Ft@/run/redis.sock", "redis+socket://:s%40cr%2Ft@/run/redis.sock"),
        ("unix://me:secret@/run/redis.sock?db=3", "redis+socket://me:secret@/run/redis.sock?virtual_host=3"),
    ],
)
def test_redis_address_is_translated_for_kombu(redis_url: str, broker_url: str) -> None:
    assert create_celery(Broker(), redis_url, Role.SENDER).conf.broker_url == broker_url
