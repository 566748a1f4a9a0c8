"""The ledger: articles, jobs, results, counters, hosts, pauses, tombstones, retention progress and locks."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from services.contracts import JobState
from services.database.tables.base import IN_STORY, metadata

articles: Final = Table(
    "articles",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("feed", String(63), nullable=False),
    Column("guid", String(500)),
    Column("version", String(500), nullable=False),
    Column("revision", Integer, nullable=False),
    # SHA-256 of (feed, guid or content hash, version): a single value to look an article up by.
    Column("identity", String(64), nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("pubstatus", String(16), nullable=False, server_default="usable"),
    Column("embargoed", BigInteger),
    Column("versioncreated", BigInteger),
    Column("evolvedfrom", String(500)),
    # Numbers the stories of a guid that a feed uses for several, in the order in which they arrived.
    Column("strand", Integer, nullable=False, server_default="0"),
    Column("withdrawn_at", BigInteger),
    Column("withdrawn_reason", Text),
    Column("story_id", Uuid),  # of its copies; null until it has been analysed, or if copies are not linked
    Column("similarity", Float(53)),  # to the nearest copy when it was linked; null for the first of its story
    Column("url", String(2000)),
    Column("title", String(500)),
    Column("byline", String(500)),
    Column("language", String(50)),
    Column("published_at", BigInteger),
    Column("media_type", String(50), nullable=False),
    Column("metadata", Text),  # JSON object
    Column("body", Text),  # null after retention has removed it
    Column("received_at", BigInteger, nullable=False),
    UniqueConstraint("identity", "content_hash"),
    UniqueConstraint("identity", "revision"),
    Index("ix_articles_guid_feed", "guid", "feed"),  # guid first: clients may ask for a guid without a feed
    Index("ix_articles_story_id", "story_id", "id", sqlite_where=IN_STORY, postgresql_where=IN_STORY),
)

WAITING: Final = text("state = 'queued' AND message_id IS NULL")
IN_WINDOW: Final = text("state = 'queued' AND message_id IS NOT NULL")
QUEUED: Final = text("state = 'queued'")
RUNNING: Final = text("state = 'running'")
BACKGROUND: Final = -1000  # jobs of this priority or below wait until no feed has a job above it waiting
IN_BACKGROUND: Final = text(f"state = 'queued' AND priority <= {BACKGROUND}")
FINISHED: Final = text("finished_at IS NOT NULL")
HELD: Final = text("state = 'held'")

jobs: Final = Table(
    "jobs",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("article_id", Uuid, ForeignKey("articles.id", ondelete="CASCADE"), nullable=False),
    Column("analysis", Integer, nullable=False),
    Column("feed", String(63), nullable=False),  # copied from the article, so that dispatch reads a single index
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("words", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("message_id", Uuid),  # of the only Redis message that may start the job
    Column("dispatched_at", BigInteger),
    Column("next_run_at", BigInteger, nullable=False),
    Column("lease_token", Uuid),
    Column("lease_until", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("queued_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("reason_code", String(100)),
    Column("reason_detail", Text),
    Column("traceparent", String(55)),  # of the push, if that was traced (services.tracing)
    UniqueConstraint("article_id", "analysis"),
    CheckConstraint("state IN ({})".format(", ".join(f"'{state}'" for state in JobState)), name="state"),
    CheckConstraint("(state = 'running') = (lease_token IS NOT NULL)", name="lease"),
    Index("ix_jobs_feed_id", "feed", "id"),
    Index("ix_jobs_state_id", "state", "id"),
)
Index(
    "ix_jobs_waiting",
    jobs.c.feed,
    jobs.c.priority.desc(),
    jobs.c.id,
    sqlite_where=WAITING,
    postgresql_where=WAITING,
)
Index("ix_jobs_window", jobs.c.message_id, jobs.c.dispatched_at, sqlite_where=IN_WINDOW, postgresql_where=IN_WINDOW)
Index("ix_jobs_background", jobs.c.id, sqlite_where=IN_BACKGROUND, postgresql_where=IN_BACKGROUND)
# Includes the feed, so that the oldest job of the feeds that are not paused is read from the index alone.
Index("ix_jobs_queued_at_feed", jobs.c.queued_at, jobs.c.feed, sqlite_where=QUEUED, postgresql_where=QUEUED)
Index("ix_jobs_finished_at", jobs.c.finished_at, sqlite_where=FINISHED, postgresql_where=FINISHED)  # retention scans it
Index("ix_jobs_held", jobs.c.next_run_at, sqlite_where=HELD, postgresql_where=HELD)
Index("ix_jobs_lease_until", jobs.c.lease_until, sqlite_where=RUNNING, postgresql_where=RUNNING)

results: Final = Table(
    "results",
    metadata,
    Column("job_id", Uuid, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    # In commit order and shared with the tombstones, so that a reader who remembers the last sequence misses neither
    # (see services.jobs.leases.complete).
    Column("sequence", BigInteger, nullable=False, unique=True),
    Column("feed", String(63), nullable=False),
    Column("document", Text, nullable=False),
    Column("etag", String(64), nullable=False),
    Column("stored_at", BigInteger, nullable=False),
    Column("attributions", Integer, nullable=False),
    Column("stances", Integer, nullable=False),
    Column("superseded_by", Uuid),  # the job whose newer analysis of the article replaced it
    Index("ix_results_feed_sequence", "feed", "sequence"),
)

# Articles that were withdrawn or erased, for those who follow the results, whose sequence numbers them. Of an erased
# article only the IDs remain.
tombstones: Final = Table(
    "tombstones",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("feed", String(63), nullable=False),
    Column("article_id", Uuid, nullable=False),
    Column("job_id", Uuid, nullable=False),  # the newest of the article
    Column("guid", String(500)),
    Column("version", String(500)),
    Column("revision", Integer),
    Column("reason", Text, nullable=False),
    Column("stored_at", BigInteger, nullable=False),
    Index("ix_tombstones_feed_sequence", "feed", "sequence"),
    Index("ix_tombstones_article_id", "article_id"),
)

# Counters that survive the end of any process and any pruning of rows.
counters: Final = Table(
    "counters",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("label", String(63), primary_key=True),
    Column("value", Float(53), nullable=False),
)

idempotency_keys: Final = Table(
    "idempotency_keys",
    metadata,
    Column("scope", String(63), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("request_hash", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index("ix_idempotency_keys_created_at", "created_at"),
)

# API processes, workers, sweepers and deliverers with the time they were last seen. They determine the size of the
# window of messages; /readyz and `stancewire health` read them.
hosts: Final = Table(
    "hosts",
    metadata,
    Column("role", String(16), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("slots", Integer, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
)

# The feeds that an operator has paused; ALL_FEEDS stands for all intake.
ALL_FEEDS: Final = "*"  # no feed's name: those begin with a letter or digit
pauses: Final = Table(
    "pauses",
    metadata,
    Column("feed", String(63), primary_key=True),
    Column("reason", String(500), nullable=False),
    Column("paused_at", BigInteger, nullable=False),
)

# IDs of articles and jobs that were erased on request. The feed decides which callers may learn that they existed.
erased: Final = Table(
    "erased",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("feed", String(63), nullable=False),
    Column("erased_at", BigInteger, nullable=False),
    Index("ix_erased_erased_at", "erased_at"),
)

# The epochs of this database: the first began with it, each further one with a restore. A cursor of results is only
# meaningful with its epoch, since the numbers behind the last result of a backup are used a second time.
epochs: Final = Table(
    "epochs",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),  # 1 is the first
    Column("id", String(16), nullable=False, unique=True),
    Column("sequence", BigInteger, nullable=False),  # of the last result before the epoch
    Column("began_at", BigInteger, nullable=False),
)

# Progress of retention, by name and, where it differs by feed, by feed (label).
retention_progress: Final = Table(
    "retention_progress",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("label", String(63), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

# Locks for work that only one process does at a time. held_until is a time of the database's clock.
locks: Final = Table(
    "locks",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("holder", Uuid, nullable=False),
    Column("held_until", BigInteger, nullable=False),
)
