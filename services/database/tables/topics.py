"""The table of topics. Topics are retired, not deleted, so that stances towards them remain valid."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, String, Table, Text

from services.database.tables.base import metadata

topics: Final = Table(
    "topics",
    metadata,
    Column("id", String(63), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("aliases", Text, nullable=False),  # JSON list
    Column("claim", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),  # last change of name, aliases or retirement
    Column("retired_at", BigInteger),
    # `stancewire topics reanalyze` has examined every result up to this sequence.
    Column("reread_to", BigInteger, nullable=False, server_default="0"),
)
