"""The tables of feeds' sources, of what feeds push, and of what was refused. Times: milliseconds since 1970, UTC."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text, Uuid

from services.database.tables.base import metadata

# Where the articles of a feed come from: an address that is polled, a subscription at a hub, or a secret that a sender
# signs with.
sources: Final = Table(
    "sources",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("feed", String(63), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("url", String(2000)),  # the address that is polled or subscribed to
    Column("secret", String(500)),  # encrypted: HMAC needs the secret itself, not a hash of it
    Column("callback", String(64), unique=True),  # the last part of the path that a hub pushes to; unguessable
    Column("every_s", Integer),  # null: sources.every_s
    Column("pages", Boolean, nullable=False),  # the pages that entries link to are read instead of the entries
    Column("state", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String(100), nullable=False),
    Column("next_at", BigInteger),  # when it is due; null: never by itself
    Column("checked_at", BigInteger),
    Column("pushed_at", BigInteger),  # when it last brought something
    Column("failures", Integer, nullable=False),  # in a row
    Column("error", String(500)),  # of the last failure
    Column("etag", String(500)),
    Column("modified", String(100)),  # the header Last-Modified, as it was sent
    Column("seen", Text),  # JSON list: digests of the entries that were read
    Column("hub", String(2000)),
    Column("topic", String(2000)),
    Column("lease_until", BigInteger),
    Index("ix_sources_feed_id", "feed", "id"),
    Index("ix_sources_next_at", "next_at"),
)

# The formats that each feed pushes, for people who look at the feed.
feed_formats: Final = Table(
    "feed_formats",
    metadata,
    Column("feed", String(63), primary_key=True),
    Column("format", String(40), primary_key=True),
    Column("documents", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
)

# Refusals, with their reason. The document is kept if its sender does nothing about an answer.
refusals: Final = Table(
    "refusals",
    metadata,
    Column("id", Uuid, primary_key=True),  # UUIDv7
    Column("feed", String(63), nullable=False),
    Column("source", String(12)),
    Column("digest", String(32), nullable=False),  # of everything that makes refusals the same
    Column("format", String(40), nullable=False),  # empty: not recognised
    Column("code", String(63), nullable=False),
    Column("detail", String(500), nullable=False),
    Column("number", Integer, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("content_type", String(200)),
    Column("size", Integer),  # bytes of the document; null: not kept
    Column("document", LargeBinary),
    Index("uq_refusals_feed_digest", "feed", "digest", unique=True),
    Index("ix_refusals_feed_last_at", "feed", "last_at"),
)
