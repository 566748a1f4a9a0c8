"""The Celery application, with the reason for each setting.

Redis carries hints: which jobs of the ledger to lease next. A message may be lost or duplicated without harm, so no
setting here aims at durability. They are tuned so that faults are noticed quickly and no push ever waits for Redis.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from celery import Celery
from kombu.entity import Exchange, Queue

from services.contracts import QueueName, TaskName
from services.dispatch.message_filter import ON_DROPPED_OPTION, ON_FAULT_OPTION, register_transport
from services.errors import BrokerUnavailable
from services.redis_client import kombu_address, kombu_transport_options
from services.settings import Broker


class Role(StrEnum):
    """The use of an application. A sender must not wait for Redis; a consumer keeps trying."""

    SENDER = "sender"
    CONSUMER = "consumer"


def create_celery(
    broker: Broker,
    redis_url: str,
    role: Role,
    on_dropped: Callable[[str, int], None] | None = None,
    on_fault: Callable[[BrokerUnavailable], None] | None = None,
) -> Celery:
    """Build the application of one process. ``redis_url`` is redis://, rediss://, unix:///path or redis+sentinel://.

    A consumer drops foreign messages and calls ``on_dropped`` with the cause and their number, and ``on_fault`` when
    Redis answers with an error.
    """
    app = Celery("stancewire", set_as_current=role is Role.CONSUMER)
    is_sender = role is Role.SENDER
    transport: dict[str, Any] = {
        "global_keyprefix": broker.key_prefix,  # a Redis may be shared
        "ack_emulation": False,  # the lease in the ledger is the guarantee; a copy of each message would add nothing
        "socket_keepalive": True,
        "health_check_interval": 25,  # under the usual 30 s after which middleboxes forget a connection
    }
    if is_sender:
        # With default settings a sender waits seconds for a Redis that refuses, and longer for a frozen one.
        transport |= {"socket_timeout": broker.send_timeout_s, "socket_connect_timeout": broker.send_timeout_s}
        transport |= {"max_retries": 0, "retry_on_timeout": False}
    else:
        transport |= {"socket_timeout": 15, "socket_connect_timeout": 3, ON_DROPPED_OPTION: on_dropped}
        transport |= {ON_FAULT_OPTION: on_fault}
        register_transport()
    transport |= kombu_transport_options(redis_url, transport["socket_connect_timeout"])
    address, tls = kombu_address(redis_url)
    app.conf.update(
        broker_url=address,
        broker_use_ssl=tls,
        broker_transport_options=transport,
        broker_connection_timeout=broker.send_timeout_s if is_sender else 3,
        broker_connection_retry_on_startup=True,  # workers may start before Redis
        broker_connection_max_retries=None,  # and wait for Redis without a limit
        broker_channel_error_retry=True,  # also for a Redis that answers with errors; by default the worker would end
        task_serializer="json",
        accept_content=["json"],  # never pickle; messages in any other format are refused
        task_ignore_result=True,
        result_backend=None,  # results are stored in the ledger's transaction, not in Redis
        # Without an exchange of its own, a queue needs no table of bindings in Redis that others could spoil.
        task_default_exchange="",
        task_queues=[Queue(QueueName.ANALYSE, Exchange(""), routing_key=QueueName.ANALYSE)],  # type: ignore[no-untyped-call]  # kombu ships no types for them
        task_default_queue=QueueName.ANALYSE,
        task_create_missing_queues=False,
        task_routes={TaskName.ANALYSE: {"queue": QueueName.ANALYSE}},
        task_publish_retry=False,  # dispatch notices a failure and sends again
        task_acks_late=False,  # with late acknowledgement a second attempt would only wait longer than the lease
        worker_prefetch_multiplier=1,
        worker_enable_prefetch_count_reduction=False,  # there is nothing to reduce, and it says so at every reconnect
        worker_disable_prefetch=True,  # a message is fetched when a process is free, which keeps the ledger's order
        worker_cancel_long_running_tasks_on_connection_loss=False,  # the work is valid without Redis
        worker_lost_wait=1,  # a lost process is reported after this time in seconds; results do not come through it
        worker_proc_alive_timeout=60,  # the default of 4 s kills a process that is loading a model
        worker_hijack_root_logger=False,  # structlog configures logging
        worker_redirect_stdouts=False,
        worker_enable_remote_control=False,  # anyone with access to Redis could stop workers
        worker_send_task_events=False,  # the ledger has more information than these events
        enable_utc=True,
    )
    return app
