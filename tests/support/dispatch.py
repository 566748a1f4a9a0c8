"""A dispatcher between a ledger and a Redis."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import redis
from celery import Celery
from sqlalchemy import select

from services.contracts import QueueName
from services.database.engine import Database
from services.database.tables import jobs
from services.dispatch.dispatcher import Dispatcher
from services.dispatch.sweeper import Sweeper
from services.settings import Settings

Eventually = Callable[[Callable[[], bool], float], None]


@dataclass
class DispatchSetup:
    """A dispatcher between a ledger and a Redis, and a client that reads that Redis."""

    database: Database
    settings: Settings
    app: Celery
    dispatcher: Dispatcher
    client: redis.Redis

    @property
    def queue(self) -> str:
        return self.settings.broker.key_prefix + QueueName.ANALYSE

    def messages(self) -> list[dict[str, Any]]:
        """Return the messages in Redis, the oldest first."""
        return [json.loads(entry) for entry in reversed(self.client.lrange(self.queue, 0, -1))]

    def message_ids(self) -> list[str]:
        return [message["headers"]["id"] for message in self.messages()]

    def sweeper(self) -> Sweeper:
        return Sweeper(self.database, self.dispatcher, self.settings)

    def window_ids(self) -> set[UUID]:
        with self.database.read() as connection:
            return set(connection.execute(select(jobs.c.message_id).where(jobs.c.message_id.is_not(None))).scalars())

    def close(self) -> None:
        self.dispatcher._redis.close()
        self.app.close()
        self.client.close()


MakeSetup = Callable[..., DispatchSetup]


def body_of(message: dict[str, Any]) -> str:
    assert message["properties"]["body_encoding"] == "base64"
    return base64.b64decode(message["body"]).decode()


def job_ids_of(message: dict[str, Any]) -> list[str]:
    job_ids: list[str]
    [[job_ids], _, _] = json.loads(body_of(message))
    return job_ids
