"""The Celery application, with the reason beside each setting.

Redis carries hints: which jobs of the ledger to look at next. Any message may be lost or doubled, so nothing here tries to be
durable; what is tuned is how soon a fault is noticed and that no push ever waits for Redis.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs, urlsplit

from celery import Celery
from kombu.entity import Queue

from services.contracts import QueueName, TaskName
from services.dispatch.message_filter import DROPPED, install
from services.settings import Broker


class Role(StrEnum):
    """Who uses the application: one that sends must not wait; one that consumes must hold on."""

    SENDER = "sender"
    CONSUMER = "consumer"


def create_celery(broker: Broker, redis_url: str, role: Role, dropped: Callable[[str], None] | None = None) -> Celery:
    """Build the application of one process. ``redis_url`` is redis://, rediss:// or unix:///path.

    A consumer drops what is no message of ours, and calls ``dropped`` with the reason.
    """
    app = Celery("stancewire", set_as_current=role is Role.CONSUMER)
    sending = role is Role.SENDER
    transport: dict[str, Any] = {
        "global_keyprefix": broker.key_prefix,  # a Redis may be shared
        "ack_emulation": False,  # the lease in the ledger is the promise; a copy of each message in Redis would add nothing
        "socket_keepalive": True,
        "health_check_interval": 25,  # under the usual 30 s at which middleboxes forget a connection
    }
    if sending:
        # With common settings a sender waits seconds for a Redis that refuses, and longer for one that is frozen.
        transport |= {"socket_timeout": broker.send_timeout_s, "socket_connect_timeout": broker.send_timeout_s}
        transport |= {"max_retries": 0, "retry_on_timeout": False}
    else:
        transport |= {"socket_timeout": 15, "socket_connect_timeout": 3, DROPPED: dropped}
        install()
    app.conf.update(
        broker_url=_kombu_url(redis_url),
        broker_transport_options=transport,
        broker_connection_timeout=broker.send_timeout_s if sending else 3,
        broker_connection_retry_on_startup=True,  # workers may be up before Redis is
        broker_connection_max_retries=None,  # and wait for it as long as it takes
        task_serializer="json",
        accept_content=["json"],  # never pickle; a message in anything else is refused
        task_ignore_result=True,
        result_backend=None,  # results live in the ledger's transaction, not in Redis
        task_queues=[Queue(QueueName.ANALYSE)],  # type: ignore[no-untyped-call]  # kombu ships no types for it
        task_default_queue=QueueName.ANALYSE,
        task_create_missing_queues=False,
        task_routes={TaskName.ANALYSE: {"queue": QueueName.ANALYSE}},
        task_publish_retry=False,  # dispatch notices and tries again by itself
        task_acks_late=False,  # late acknowledgement would only delay the second try until the lease ends
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,  # a message is taken when a process is free, so order stays the ledger's
        worker_cancel_long_running_tasks_on_connection_loss=False,  # the work is good without Redis
        worker_proc_alive_timeout=60,  # 4 s, the default, kills a process that loads a model
        worker_hijack_root_logger=False,  # structlog has it
        worker_redirect_stdouts=False,
        worker_enable_remote_control=False,  # whoever reaches Redis could stop workers; the ledger says more than inspection
        worker_send_task_events=False,  # the ledger knows more than events tell
        enable_utc=True,
    )
    return app


def _kombu_url(redis_url: str) -> str:
    """Kombu's spelling of a Redis address; only a Unix socket and its ``?db=`` are spelt differently there."""
    if not redis_url.startswith("unix://"):
        return redis_url
    parts = urlsplit(redis_url)
    database = "".join(f"?virtual_host={number}" for number in parse_qs(parts.query).get("db", [])[:1])
    return f"redis+socket://{parts.netloc}{parts.path}{database}"
