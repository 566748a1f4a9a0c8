"""Full-text search in SQLite and PostgreSQL: words and phrases, without regard to case and accents, not stemmed."""

from __future__ import annotations

import re
from typing import Any, Final

from sqlalchemy import BindParameter, Column, ColumnElement, Integer, bindparam, column, func, literal_column, text
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR

from services.contracts.accents import strip_accents

WORDS_MAX: Final = 20
_PARTS: Final = re.compile(r'"([^"]*)"|(\S+)')
_WORD: Final = re.compile(r"[^\W_]+")

Phrases = tuple[tuple[str, ...], ...]


def phrases(question: str) -> Phrases:
    """Return the phrases that must all match: words, quoted phrases, and words with signs in them ("U.S.").

    Raises ValueError if the question has no words or more than ``WORDS_MAX``.
    """
    all_phrases = tuple(
        tuple(words) for quoted, bare in _PARTS.findall(question) if (words := _WORD.findall(_fold(quoted or bare)))
    )
    if not all_phrases:
        raise ValueError("has no word")
    if sum(len(words) for words in all_phrases) > WORDS_MAX:
        raise ValueError(f"has more than {WORDS_MAX} words")
    return all_phrases


def matches(
    dialect: str, searched: Column[str], required: Phrases, row_ids: tuple[int, int] | None = None
) -> ColumnElement[bool]:
    """Return the condition that a column contains all phrases, for the full-text index of the database.

    ``row_ids`` are bounds (end exclusive) outside of which the caller needs no row.
    """
    table = str(searched.table)
    if dialect == "sqlite":
        query = " AND ".join('"' + " ".join(words) + '"' for words in required)
        parameters: list[BindParameter[Any]] = [bindparam("words", query)]
        within = ""
        if row_ids is not None:
            within = " AND rowid >= :first AND rowid < :end"
            parameters += [bindparam("first", row_ids[0]), bindparam("end", row_ids[1])]
        row_query = text(f"SELECT rowid FROM {table}_text WHERE {table}_text MATCH :words{within}")  # noqa: S608 -- a name of ours
        return searched.table.c.id.in_(row_query.bindparams(*parameters).columns(column("rowid", Integer)))
    # A trigger computes this when a text is stored, folded like the question (migration 0005).
    vector = literal_column(f"{table}.words", TSVECTOR)
    question: ColumnElement[str] = func.phraseto_tsquery("simple", " ".join(required[0]), type_=TSQUERY)
    for words in required[1:]:
        question = question.op("&&")(func.phraseto_tsquery("simple", " ".join(words), type_=TSQUERY))
    return vector.op("@@", is_comparison=True)(question)


def _fold(words: str) -> str:
    """Remove accents and lower case, as both databases do with the texts that they index."""
    return strip_accents(words).lower()
