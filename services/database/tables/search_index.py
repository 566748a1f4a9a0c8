"""The tables of the search index: the items of each result as rows, with an index for each kind of query.

They duplicate the documents in ``results`` and can be rebuilt from them (``stancewire index``). Rows refer to their
result and are deleted with it. An ``id`` is ``sequence * ID_STEP + number``, so that a result's rows always get the
same IDs.

The migrations create a full-text index for ``attributions.content`` and ``stances.evidence``: FTS5 on SQLite; on
PostgreSQL a GIN index on a column ``words``, which a trigger fills and only `services.results.full_text` reads. Other
triggers update ``coverage`` when rows of ``indexed_results`` change, let the next copy lead a story when the row that
led it is removed, and copy ``leads_story`` to the items of a result (decision 20).
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    Uuid,
    text,
    true,
)

from services.database.tables.base import IN_STORY, metadata

ID_STEP: Final = 1_000_000
RowId: Final = BigInteger().with_variant(Integer(), "sqlite")  # SQLite uses an INTEGER primary key as its row ID


def _leads_story() -> Column[bool]:
    """Return the column that says whether a row represents its story, where copies count once."""
    return Column("leads_story", Boolean, nullable=False, server_default=true())


def _exact_column() -> Column[bool]:
    """Whether the key is a name of its bearer, and not only the beginning of one."""
    return Column("exact", Boolean, nullable=False, server_default=true())


def _owner_column(name: str, owner: str) -> Column[Any]:
    return Column(name, RowId, ForeignKey(owner, ondelete="CASCADE"), nullable=False)


# One row for each article in the search index, with its current result.
indexed_results: Final = Table(
    "indexed_results",
    metadata,
    Column(
        "sequence", RowId, ForeignKey("results.sequence", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    Column("article_id", Uuid, nullable=False),
    Column("feed", String(63), nullable=False),
    Column("day", Integer, nullable=False),  # days since 1970, UTC
    Column("story_id", Uuid),  # null if copies are not linked: the article is a story of its own
    Column("copy_order", BigInteger),  # of the copies of a story the lowest leads; later versions of a copy keep it
    _leads_story(),
    Index("ix_indexed_results_article_id", "article_id"),
    Index("ix_indexed_results_story_id", "story_id", "copy_order", sqlite_where=IN_STORY, postgresql_where=IN_STORY),
    Index(
        "ix_indexed_results_copies",
        "day",
        "feed",
        sqlite_where=text("leads_story = 0"),
        postgresql_where=text("NOT leads_story"),
    ),
)

# The number of rows of indexed_results by feed and day, and of those that lead a story: the denominators of timelines.
coverage: Final = Table(
    "coverage",
    metadata,
    Column("feed", String(63), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("articles", Integer, nullable=False),
    Column("stories", Integer, nullable=False, server_default="0"),
    Index("ix_coverage_day", "day"),
)

attributions: Final = Table(
    "attributions",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=False),
    _owner_column("sequence", "indexed_results.sequence"),
    _leads_story(),
    Column("item", String(20), nullable=False),
    Column("feed", String(63), nullable=False),
    Column("at", BigInteger, nullable=False),  # time of publication, or of receipt if that is missing or in the future
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
    _exact_column(),
    Index("ix_attribution_names_attribution_id", "attribution_id"),
    sqlite_with_rowid=False,
)

_ABOUT_TOPIC: Final = text("topic IS NOT NULL")

stances: Final = Table(
    "stances",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=False),
    _owner_column("sequence", "indexed_results.sequence"),
    _leads_story(),
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
    Index("ix_stances_day_stories", "day", "feed", "stance", "score", "leads_story"),  # all that a timeline reads
)

stance_names: Final = Table(
    "stance_names",
    metadata,
    Column("role", String(1), primary_key=True),  # h: holder, t: target
    Column("key", String(200), primary_key=True),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("stance_id", RowId, ForeignKey("stances.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    _exact_column(),
    Index("ix_stance_names_stance_id", "stance_id"),
    sqlite_with_rowid=False,
)
