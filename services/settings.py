"""One nested settings object, built once at the edge of each process and handed down; never built at import.

Every setting is an environment variable ``STANCEWIRE_<GROUP>__<NAME>`` (``STANCEWIRE_LIMITS__BODY_BYTES=1000000``);
``STANCEWIRE_DATABASE_URL`` and ``STANCEWIRE_REDIS_URL`` are short for the two that every deployment sets.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Seconds = Annotated[float, Field(gt=0)]
Days = Annotated[float, Field(ge=0, le=36_500)]
Count = Annotated[int, Field(gt=0)]


class Group(BaseModel):
    """Base of the groups: immutable, and a name that is misspelt is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Api(Group):
    """Where the API listens and how long it lets a client wait."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8400
    wait_limit_s: Seconds = 30
    waiters: Count = 200
    poll_s: Seconds = 0.1
    page_limit: Count = 500
    hsts_s: Annotated[int, Field(ge=0)] = 0
    export_limit: Count = 100_000
    timeline_buckets: Count = 1_000


class Console(Group):
    """The pages for people. API processes on several machines must share ``secret``; on one they keep it in ``state_dir``."""

    secret: SecretStr = SecretStr("")
    session_s: Seconds = 43_200
    login_attempts: Count = 10
    feed: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")] = "console"


class Access(Group):
    """Keys. ``required = false`` lets requests without a key do everything; ``metrics``: who may scrape without one.

    ``requests_per_s`` is what each key may ask of one process, with ``burst_s`` seconds' worth at once; 0 lets all through.
    ``failures_per_s`` is how often one address may come without a key that works before it is told to wait.
    """

    required: bool = True
    cache_s: Seconds = 5
    requests_per_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 500
    failures_per_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 20
    burst_s: Seconds = 2
    metrics: Literal["loopback", "key", "open"] = "loopback"


class Limits(Group):
    """What an article, a batch and the intake may hold. ``wait_s``: articles that would wait longer are not taken in."""

    body_bytes: Count = 2_000_000
    batch_bytes: Count = 32_000_000
    batch_lines: Count = 5_000
    text_chars: Count = 1_000_000
    nesting: Count = 32
    queued_per_feed: Count = 200_000
    feeds: Count = 2_000
    wait_s: Seconds = 86_400
    free_disk_ratio: Annotated[float, Field(ge=0, lt=1)] = 0.05


class Database(Group):
    """The ledger and the results store."""

    url: str = ""
    busy_timeout_s: Seconds = 5
    pool_size: Count = 10


class Retention(Group):
    """How long what is kept. A body goes so long after its article's last job ended, whatever the end."""

    bodies_days: Days = 7
    superseded_days: Days = 7
    results_days: Days = 30
    articles_days: Days = 90
    keys_days: Days = 7
    every_s: Annotated[float, Field(ge=0)] = 3600
    batch: Count = 200
    pause_s: Annotated[float, Field(ge=0)] = 0.05

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if max(self.bodies_days, self.superseded_days, self.results_days) > self.articles_days:
            msg = "retention: articles_days must be the longest: with an article go its body and results"
            raise ValueError(msg)
        return self


class Broker(Group):
    """Redis, and the short window of messages kept there."""

    url: str = ""
    key_prefix: str = "stancewire:"
    send_timeout_s: Seconds = 0.3
    breaker_s: Seconds = 2
    message_articles: Annotated[int, Field(ge=1, le=16)] = 8
    message_words: Count = 10_000
    window_per_slot: Count = 3
    overdue_s: Seconds = 5
    sweep_s: Seconds = 1


class Worker(Group):
    """The processes that analyse. An article's hard limit must lie under the lease, or work would be done twice."""

    processes: Annotated[int, Field(ge=0)] = 0
    max_attempts: Count = 3
    lease_s: Seconds = 30
    renew_s: Seconds = 5
    soft_limit_s: Seconds = 20
    hard_limit_s: Seconds = 25
    backoff_s: Seconds = 5
    backoff_max_s: Annotated[float, Field(gt=0, le=3600)] = 300
    recycle_messages: Count = 5_000
    niceness: Annotated[int, Field(ge=0, le=19)] = 10
    metrics_host: str = "127.0.0.1"
    metrics_port: Annotated[int, Field(ge=0, le=65535)] = 0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.soft_limit_s <= self.hard_limit_s < self.lease_s:
            msg = "worker: soft_limit_s <= hard_limit_s < lease_s must hold"
            raise ValueError(msg)
        return self


class Pipeline(Group):
    """What reads an article."""

    model: Literal["trained", "rules"] = "trained"
    max_words: Annotated[int, Field(gt=0)] = 20_000
    spacy_package: str = ""
    min_stance_score: Annotated[float, Field(ge=0, le=1)] = 0.5
    topic_statements: Count = 40  # of one article are judged


class Metrics(Group):
    """What may become a time series: so many feeds by name, in the order in which they first pushed, the others together."""

    feeds: Count = 100


class Topics(Group):
    """The topics that statements are read for."""

    active: Count = 200
    aliases: Annotated[int, Field(gt=0, le=200)] = 200  # of one topic
    cache_s: Seconds = 10
    reanalyze_waiting: Count = 1_000


class Log(Group):
    """How log lines look."""

    format: Literal["auto", "json", "console"] = "auto"
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


class Settings(BaseSettings):
    """All settings of a process."""

    model_config = SettingsConfigDict(
        env_prefix="STANCEWIRE_",
        env_nested_delimiter="__",
        frozen=True,
        extra="ignore",
        nested_model_default_partial_update=True,
    )

    state_dir: Path = Path(".stancewire")
    database_url: str = ""
    redis_url: str = ""
    key: SecretStr = SecretStr("")
    api: Api = Api()
    console: Console = Console()
    access: Access = Access()
    limits: Limits = Limits()
    database: Database = Database()
    retention: Retention = Retention()
    broker: Broker = Broker()
    worker: Worker = Worker()
    pipeline: Pipeline = Pipeline()
    metrics: Metrics = Metrics()
    topics: Topics = Topics()
    log: Log = Log()

    def resolved_database_url(self) -> str:
        """The database of this process: as set, else an SQLite file under ``state_dir``."""
        return self.database_url or self.database.url or f"sqlite:///{self.state_dir.resolve() / 'stancewire.db'}"

    def resolved_redis_url(self) -> str:
        """The Redis of this process: as set, else the embedded server's socket under ``state_dir``."""
        return self.redis_url or self.broker.url or f"unix://{self.state_dir.resolve() / 'redis.sock'}"
