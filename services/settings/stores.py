"""Settings of the database, of Redis, and of how long data is kept."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from services.settings.addresses import DatabaseAddress, RedisAddress
from services.settings.group import Count, Days, Group, Seconds


class Database(Group):
    """The database of ledger and results."""

    url: DatabaseAddress = Field("", description="Long form of `STANCEWIRE_DATABASE_URL`, which has precedence.")
    busy_timeout_s: Seconds = Field(
        5,
        description="Longest wait in seconds for a lock or a connection. A statement on PostgreSQL may take twice as "
        "long, a search six times.",
    )
    pool_size: Count = Field(10, description="Connections that an API process keeps.")
    replica_url: DatabaseAddress = Field(
        "",
        description="Read replica of PostgreSQL, for searches, timelines and names. Without it they read the "
        "database itself.",
    )
    replica_lag_s: Seconds = Field(
        30, description="Age in seconds of a replica's data above which searches read the database itself."
    )
    pooler: Literal["none", "transaction"] = Field(
        "none",
        description="`transaction` if the address leads to PgBouncer, or another pooler, in transaction mode: nothing "
        "is then prepared or set for the length of a connection.",
    )
    slow_s: Seconds = Field(
        0.1, description="Time of one round trip in seconds above which the database is reported as slow."
    )


class Retention(Group):
    """Retention periods. Older data is removed; 0 days removes it after a minute."""

    bodies_days: Days = Field(7, description="Days for which a body is kept after its article's last job finished.")
    superseded_days: Days = Field(
        7, description="Days for which a result is kept after a later analysis of the article replaced it."
    )
    results_days: Days = Field(30, description="Days for which a result is kept after it was stored.")
    articles_days: Days = Field(
        90,
        description="Days for which an article and its jobs are kept after the last job finished, and the IDs of an "
        "erased article after its erasure. Not less than the three periods above.",
    )
    keys_days: Days = Field(7, description="Days for which an idempotency key is kept.")
    deliveries_days: Days = Field(
        30,
        description="Days for which a delivery to a webhook is kept after it ended, and a watch does not repeat a "
        "match of the same story. Not more than `articles_days`.",
    )
    every_s: float = Field(3600, ge=0, description="Seconds between two runs; 0 turns them off.")
    batch: Count = Field(200, description="Rows removed in one transaction.")
    pause_s: float = Field(0.05, ge=0, description="Seconds between two transactions, in which others may write.")

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if max(self.bodies_days, self.superseded_days, self.results_days, self.deliveries_days) > self.articles_days:
            msg = "retention: articles_days must be the longest: an article is removed with all that was made of it"
            raise ValueError(msg)
        return self


class Broker(Group):
    """Redis, and the messages that tell workers about queued jobs."""

    url: RedisAddress = Field("", description="Long form of `STANCEWIRE_REDIS_URL`, which has precedence.")
    key_prefix: str = Field(
        "stancewire:", description="Prefix of all keys in Redis, so that deployments can share one."
    )
    send_timeout_s: Seconds = Field(0.3, description="Longest time in seconds to connect to Redis or send a message.")
    breaker_s: Seconds = Field(2, description="Seconds without an attempt to send after one failed.")
    slow_s: Seconds = Field(0.1, description="Time of one round trip in seconds above which Redis is reported as slow.")
    message_articles: int = Field(8, ge=1, le=16, description="Most articles in a message.")
    message_words: Count = Field(10_000, description="Most words in a message of several articles.")
    window_per_slot: Count = Field(3, description="Messages in Redis for each worker process.")
    overdue_s: Seconds = Field(
        5, description="Seconds after which a message whose jobs have not begun is looked for in Redis."
    )
    sweep_s: Seconds = Field(1, description="Seconds between two rounds of the sweeper.")
