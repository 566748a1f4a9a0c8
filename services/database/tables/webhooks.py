"""The tables of webhooks, watches and deliveries, and the events that deliveries are made from."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, Uuid, text

from services.database.tables.base import metadata

webhooks: Final = Table(
    "webhooks",
    metadata,
    Column("id", Uuid, primary_key=True),  # UUIDv7
    Column("key_id", String(12), nullable=False),  # the key that answers for it; it ends with that key
    Column("created_by", String(100), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("url", String(2000), nullable=False),
    Column("description", String(200), nullable=False),
    Column("events", Text, nullable=False),  # JSON list of types
    Column("feeds", Text),  # JSON list of the feeds whose events it is sent; null: all feeds
    Column("secret", String(500), nullable=False),  # encrypted, like the next one
    Column("previous_secret", String(500)),
    Column("previous_until", BigInteger),  # messages are also signed with the previous secret until then
    Column("disabled_at", BigInteger),  # null: enabled
    Column("disabled_reason", String(63)),
    Column("failing_since", BigInteger),  # first failure since the last success
    Column("not_before", BigInteger),  # the receiver asked for a pause until then
    Column("delivered_at", BigInteger),  # last success
    Index("ix_webhooks_key_id", "key_id"),
)

watches: Final = Table(
    "watches",
    metadata,
    Column("id", Uuid, primary_key=True),  # UUIDv7
    Column("webhook_id", Uuid, ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(100), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("filters", Text, nullable=False),  # JSON object
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String(100), nullable=False),
    Column("paused_at", BigInteger),
    Column("matches", Integer, nullable=False, server_default="0"),
    Column("matched_at", BigInteger),
    Index("ix_watches_webhook_id", "webhook_id"),
)

# Events, written in the transaction in which they happen. A deliverer turns the rows into deliveries and removes
# them. They are only written while a webhook is enabled.
events: Final = Table(
    "events",
    metadata,
    Column("id", Uuid, primary_key=True),  # UUIDv7
    Column("type", String(32), nullable=False),
    Column("feed", String(63), nullable=False),
    Column("article_id", Uuid, nullable=False),
    Column("job_id", Uuid),
    Column("detail", Text, nullable=False),  # JSON object: what the rows of article and job may not say later
    Column("at", BigInteger, nullable=False),
    Index("ix_events_article_id", "article_id"),
)

PENDING: Final = text("state = 'pending'")
ENDED: Final = text("finished_at IS NOT NULL")

deliveries: Final = Table(
    "deliveries",
    metadata,
    Column("id", Uuid, primary_key=True),  # UUIDv7; the header webhook-id
    Column("webhook_id", Uuid, ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    Column("watch_id", Uuid),
    # Hash of a match, so that further versions and analyses of a story do not repeat it.
    Column("fingerprint", String(64)),
    Column("type", String(32), nullable=False),
    Column("article_id", Uuid),
    Column("job_id", Uuid),
    Column("body", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("created_at", BigInteger, nullable=False),
    Column("next_at", BigInteger, nullable=False),  # when it may be sent; while it is being sent, the lease's end
    Column("lease_token", Uuid),  # of the deliverer that is sending it
    Column("expires_at", BigInteger, nullable=False),  # not repeated after that
    Column("attempted_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("status", Integer),  # of the last answer
    Column("error", String(300)),  # of the last attempt
    UniqueConstraint("watch_id", "fingerprint"),
    Index("ix_deliveries_webhook_id_id", "webhook_id", "id"),
    Index("ix_deliveries_article_id", "article_id"),
)
Index(
    "ix_deliveries_due", deliveries.c.webhook_id, deliveries.c.next_at, sqlite_where=PENDING, postgresql_where=PENDING
)
Index("ix_deliveries_expires_at", deliveries.c.expires_at, sqlite_where=PENDING, postgresql_where=PENDING)
Index("ix_deliveries_finished_at", deliveries.c.finished_at, sqlite_where=ENDED, postgresql_where=ENDED)
