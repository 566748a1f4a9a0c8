"""The tables of keys, sessions, feeds and the audit log. Times as in the ledger: milliseconds since 1970, UTC."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Table, Text, Uuid

from services.database.tables.base import metadata

api_keys: Final = Table(
    "api_keys",
    metadata,
    Column("id", String(12), primary_key=True),  # the public part of the key
    Column("name", String(100), nullable=False),
    # SHA-256 (hex). The secret has 192 random bits, so a fast hash is enough.
    Column("secret_hash", String(64), nullable=False),
    Column("scopes", String(63), nullable=False),  # separated by blanks
    Column("feeds", Text),  # JSON list of names; null: all feeds
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String(100), nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
)

# The sessions of the console. A row is removed when its session ends: by a logout, with its key, or from the list.
sessions: Final = Table(
    "sessions",
    metadata,
    Column("id_hash", String(64), primary_key=True),  # SHA-256 (hex) of the session's ID, which only its cookie has
    Column("key_id", String(12), nullable=False),
    Column("address", String(64), nullable=False),
    Column("browser", String(200), nullable=False),  # as it describes itself
    Column("started_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Index("ix_sessions_key_id", "key_id"),
)

feeds: Final = Table(
    "feeds",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("description", Text, nullable=False),
    Column("queued_limit", Integer),  # null: limits.queued_per_feed
    Column("rate_per_s", Float(53)),  # articles per second; null: no limit of its own
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String(100), nullable=False),
)

audit_log: Final = Table(
    "audit_log",
    metadata,
    Column("id", Uuid, primary_key=True),  # UUIDv7, so sorted by time
    Column("at", BigInteger, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("action", String(63), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("detail", Text, nullable=False),  # JSON object
    Index("ix_audit_log_subject_id", "subject", "id"),
)
