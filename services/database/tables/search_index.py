"""The tables that the read side asks: what is in the results, taken apart, with an index for each question.

They repeat what the documents in ``results`` say and can be rebuilt from them (``stancewire index``). Rows refer to
their result and are deleted with it. An ``id`` is ``sequence * ID_STEP + number``, so that a result's rows always
get the same ones.

The full text of ``attributions.content`` and ``stances.evidence`` has an index of its own, made by the migrations:
FTS5 on SQLite; on PostgreSQL GIN on a column ``words``, which a trigger fills and :mod:`services.results.full_text`
alone reads. Two triggers keep ``coverage`` as ``indexed_results`` grows and shrinks.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, String, Table, Text, Uuid, text

from services.database.tables.base import metadata

ID_STEP: Final = 1_000_000
RowId: Final = BigInteger().with_variant(Integer(), "sqlite")  # INTEGER is what SQLite takes for its row's own number


def _belongs(name: str, to: str) -> Column[Any]:
    return Column(name, RowId, ForeignKey(to, ondelete="CASCADE"), nullable=False)


# One row for each article that can be found, and the result that speaks for it.
indexed_results: Final = Table(
    "indexed_results",
    metadata,
    Column(
        "sequence", RowId, ForeignKey("results.sequence", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    Column("article_id", Uuid, nullable=False),
    Column("feed", String(63), nullable=False),
    Column("day", Integer, nullable=False),  # days since 1970, UTC
    Index("ix_indexed_results_article_id", "article_id"),
)

# How many rows of indexed_results a feed has on a day: what timelines are measured against.
coverage: Final = Table(
    "coverage",
    metadata,
    Column("feed", String(63), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("articles", Integer, nullable=False),
    Index("ix_coverage_day", "day"),
)

attributions: Final = Table(
    "attributions",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=False),
    _belongs("sequence", "indexed_results.sequence"),
    Column("item", String(20), nullable=False),
    Column("feed", String(63), nullable=False),
    Column("at", BigInteger, nullable=False),  # published, or received where it is not known or lies in the future
    Column("speaker", Text),
    Column("source", Text),
    Column("cue", Text),
    Column("act", String(16)),
    Column("kind", String(16), nullable=False),
    Column("score", Float(53), nullable=False),
    Column("content", Text, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Index("ix_attributions_sequence", "sequence"),
    Index("ix_attributions_at", "at", "id", "feed", "score"),
    Index("ix_attributions_feed_at", "feed", "at", "id"),
    Index("ix_attributions_act_at", "act", "at", "id"),
)

attribution_names: Final = Table(
    "attribution_names",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column(
        "attribution_id",
        RowId,
        ForeignKey("attributions.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Index("ix_attribution_names_attribution_id", "attribution_id"),
    sqlite_with_rowid=False,
)

_ABOUT_TOPIC: Final = text("topic IS NOT NULL")

stances: Final = Table(
    "stances",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=False),
    _belongs("sequence", "indexed_results.sequence"),
    Column("item", String(20), nullable=False),
    Column("feed", String(63), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("day", Integer, nullable=False),
    Column("holder", Text),  # null: the article's own voice
    Column("target", Text),
    Column("topic", String(63)),
    Column("stance", String(16), nullable=False),
    Column("score", Float(53), nullable=False),
    Column("attribution", String(20)),
    Column("act", String(16)),  # of the attribution
    Column("evidence", Text, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Index("ix_stances_sequence", "sequence"),
    Index("ix_stances_at", "at", "id", "feed", "score"),
    Index("ix_stances_feed_at", "feed", "at", "id"),
    Index("ix_stances_stance_at", "stance", "at", "id"),
    Index("ix_stances_act_at", "act", "at", "id"),
    Index("ix_stances_topic_at", "topic", "at", "id", sqlite_where=_ABOUT_TOPIC, postgresql_where=_ABOUT_TOPIC),
    Index("ix_stances_day", "day", "feed", "stance", "score"),
)

stance_names: Final = Table(
    "stance_names",
    metadata,
    Column("role", String(1), primary_key=True),  # h: holder, t: target
    Column("key", String(200), primary_key=True),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("stance_id", RowId, ForeignKey("stances.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Index("ix_stance_names_stance_id", "stance_id"),
    sqlite_with_rowid=False,
)
