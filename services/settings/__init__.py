"""The settings of a process: one nested object, built when a process starts and passed down; never built at import.

Every setting is an environment variable ``STANCEWIRE_<GROUP>__<NAME>`` (``STANCEWIRE_LIMITS__BODY_BYTES=1000000``);
``STANCEWIRE_DATABASE_URL`` and ``STANCEWIRE_REDIS_URL`` are short forms of the two that every deployment sets.
docs/reference/settings.md lists all of them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.settings.addresses import DatabaseAddress, RedisAddress
from services.settings.analysis import Pipeline, Stories, Topics, Worker
from services.settings.environment import DELIMITER, PREFIX, misspelt
from services.settings.http import Access, Api, Console
from services.settings.intake import Feeds, Limits
from services.settings.monitoring import Log, Metrics
from services.settings.outbound import Outbound
from services.settings.secret_keys import Secrets
from services.settings.sources import Sources
from services.settings.stores import Broker, Database, Retention
from services.settings.tracing import Tracing
from services.settings.webhooks import Watches, Webhooks

__all__ = [
    "Access",
    "Api",
    "Broker",
    "Console",
    "Database",
    "Feeds",
    "Limits",
    "Log",
    "Metrics",
    "Outbound",
    "Pipeline",
    "Retention",
    "Secrets",
    "Settings",
    "Sources",
    "Stories",
    "Topics",
    "Tracing",
    "Watches",
    "Webhooks",
    "Worker",
]


class Settings(BaseSettings):
    """All settings of a process."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
        frozen=True,
        extra="ignore",
        nested_model_default_partial_update=True,
    )

    state_dir: Path = Field(
        Path(".stancewire"),
        description="Directory of the state of this machine: the SQLite database and the embedded Redis if no others "
        "are set, the key that `stancewire up` made, and those that sign sessions and encrypt secrets.",
    )
    database_url: DatabaseAddress = Field(
        "",
        description="Database: `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST:PORT/NAME`. If empty, SQLite in "
        "the state directory.",
    )
    redis_url: RedisAddress = Field(
        "",
        description="Redis: `redis://`, `rediss://` (TLS), `unix:///PATH`, or "
        "`redis+sentinel://HOST:26379,HOST:26379/MASTER` for the master that Sentinels name. If empty, the embedded "
        "server in the state directory.",
    )
    key: SecretStr = Field(SecretStr(""), description="API key that commands send.")
    api: Api = Api()
    console: Console = Console()
    access: Access = Access()
    secrets: Secrets = Secrets()
    limits: Limits = Limits()
    feeds: Feeds = Feeds()
    database: Database = Database()
    retention: Retention = Retention()
    broker: Broker = Broker()
    worker: Worker = Worker()
    pipeline: Pipeline = Pipeline()
    metrics: Metrics = Metrics()
    topics: Topics = Topics()
    sources: Sources = Sources()
    outbound: Outbound = Outbound()
    webhooks: Webhooks = Webhooks()
    watches: Watches = Watches()
    stories: Stories = Stories()
    tracing: Tracing = Tracing()
    log: Log = Log()

    @model_validator(mode="before")
    @classmethod
    def _check_variables(cls, values: Any) -> Any:
        """Refuse misspelt variables, which would be ignored: the sources of Pydantic only look up names that exist."""
        messages = misspelt(cls, os.environ)
        if messages:
            raise ValueError("; ".join(messages))
        return values

    def resolved_database_url(self) -> str:
        """Return the database of this process: as set, otherwise an SQLite file in ``state_dir``."""
        return self.database_url or self.database.url or f"sqlite:///{self.state_dir.resolve() / 'stancewire.db'}"

    def resolved_redis_url(self) -> str:
        """Return the Redis of this process: as set, otherwise the socket of the embedded server in ``state_dir``."""
        return self.redis_url or self.broker.url or f"unix://{self.state_dir.resolve() / 'redis.sock'}"
