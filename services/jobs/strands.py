"""Strands: the stories under one guid, which some feeds reuse, recognised by their texts where versions are missing."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, select

from services.contracts import Article, MediaType, PubStatus
from services.database.tables import articles

_WORD: Final = re.compile(r"\w+")
_SHINGLE: Final = 3  # words in a row: two reports of other events share few such sequences
_SHARED_TEXT: Final = 0.05
_SHARED_TITLE: Final = 0.5
_READ: Final = 20  # newest articles of the guid that are compared


class Strand(NamedTuple):
    """A story of a guid, by its number. ``is_new``: it has no article yet, and the guid has other stories."""

    number: int
    is_new: bool


def strand_of(connection: Connection, article: Article) -> Strand:
    """Return the story of its guid that an article belongs to: the latest story that it resembles, else a new one."""
    columns = (articles.c.strand, articles.c.title, articles.c.body, articles.c.media_type)
    same_guid = (articles.c.guid == article.guid) & (articles.c.feed == article.feed)
    query = select(*columns).where(same_guid, articles.c.pubstatus == PubStatus.USABLE)
    rows = connection.execute(query.order_by(articles.c.received_at.desc(), articles.c.id.desc()).limit(_READ)).all()
    for row in rows:
        if _is_same_story(article, row):
            return Strand(row.strand, is_new=False)
    return Strand(1 + max(row.strand for row in rows), is_new=True) if rows else Strand(0, is_new=False)


def _is_same_story(article: Article, row: Any) -> bool:
    """Return whether titles or texts resemble each other; also if one is missing and they cannot be compared."""
    if article.title is None or row.title is None or row.body is None:
        return True
    if _share(_words(article.title, 1), _words(row.title, 1)) >= _SHARED_TITLE:
        return True
    other = Article.model_construct(body=row.body, media_type=MediaType(row.media_type))
    return _share(_words(article.plain_body(), _SHINGLE), _words(other.plain_body(), _SHINGLE)) >= _SHARED_TEXT


def _words(text: str, length: int) -> AbstractSet[tuple[str, ...]]:
    """Return the sequences of ``length`` words in a text."""
    words = _WORD.findall(text.lower())
    return set(zip(*(words[start:] for start in range(length)), strict=False))


def _share(words: AbstractSet[object], other: AbstractSet[object]) -> float:
    """Return the part of the smaller set that the larger one has."""
    return len(words & other) / (min(len(words), len(other)) or 1)
