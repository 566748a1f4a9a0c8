"""The tables of entities across articles: who is named, how often, and in which part.

``article_entities`` has a row for each entity of an indexed result, and is deleted with it. Triggers (migration 0013)
sum these rows up in ``entities``: one row for each feed, and one with `TOTAL` as its feed.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, text

from services.database.tables.base import metadata
from services.database.tables.search_index import RowId

TOTAL: Final = ""  # no feed's name
_OF_ALL_FEEDS: Final = text("feed = ''")
# Compared by code points in every database, so that a prefix is a range.
_Word: Final = String(60).with_variant(String(60, collation="C"), "postgresql")

article_entities: Final = Table(
    "article_entities",
    metadata,
    Column(
        "sequence",
        RowId,
        ForeignKey("indexed_results.sequence", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("key", String(200), primary_key=True),  # the normalised name
    Column("type", String(16), primary_key=True),
    Column("name", Text, nullable=False),
    Column("feed", String(63), nullable=False),
    Column("attributions", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("targeted", Integer, nullable=False),
)

entities: Final = Table(
    "entities",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("type", String(16), primary_key=True),
    Column("feed", String(63), primary_key=True),
    Column("name", Text, nullable=False),  # as the latest article writes it
    Column("articles", Integer, nullable=False),
    Column("attributions", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("targeted", Integer, nullable=False),
)

Index(
    "ix_entities_articles",
    entities.c.articles.desc(),
    entities.c.key,
    entities.c.type,
    sqlite_where=_OF_ALL_FEEDS,
    postgresql_where=_OF_ALL_FEEDS,
)
Index(
    "ix_entities_type_articles",
    entities.c.type,
    entities.c.articles.desc(),
    entities.c.key,
    sqlite_where=_OF_ALL_FEEDS,
    postgresql_where=_OF_ALL_FEEDS,
)

# The words of each name, for searches by the beginning of any of them.
entity_words: Final = Table(
    "entity_words",
    metadata,
    Column("word", _Word, primary_key=True),
    Column("key", String(200), primary_key=True),
    Index("ix_entity_words_key", "key"),
)
