"""The tables that copies are recognised by. Rows belong to a result and are deleted with it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, String, Table, Uuid

from services.database.tables.base import metadata
from services.database.tables.search_index import RowId

# The fingerprint of a result's text, for as many days as its copies are looked for.
fingerprints: Final = Table(
    "fingerprints",
    metadata,
    Column(
        "sequence", RowId, ForeignKey("results.sequence", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    Column("story_id", Uuid, nullable=False),
    Column("method", String(40), nullable=False),  # empty if the text is too short for a fingerprint
    Column("minima", LargeBinary, nullable=False),  # services.stories.fingerprint
    Column("analysis_key", String(64)),  # SHA-256 (hex) of everything that the analysis depends on
    Column("remembered_at", BigInteger, nullable=False),
    Index("ix_fingerprints_remembered_at", "remembered_at"),
    Index("ix_fingerprints_analysis_key", "analysis_key"),
)

fingerprint_bands: Final = Table(
    "fingerprint_bands",
    metadata,
    Column("band", BigInteger, primary_key=True, autoincrement=False),
    Column(
        "sequence",
        RowId,
        ForeignKey("fingerprints.sequence", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Index("ix_fingerprint_bands_sequence", "sequence"),
    sqlite_with_rowid=False,
)
