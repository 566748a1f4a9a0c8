"""Full text in SQLite and PostgreSQL: words and phrases, without regard to case and accents, not stemmed."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from sqlalchemy import Column, ColumnElement, Integer, bindparam, column, func, literal_column, text
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR

WORDS_MAX: Final = 20
_PARTS: Final = re.compile(r'"([^"]*)"|(\S+)')
_WORD: Final = re.compile(r"[^\W_]+")

Phrases = tuple[tuple[str, ...], ...]


def phrases(question: str) -> Phrases:
    """Return the phrases that must all match: words, quoted phrases, and words with signs in them ("U.S.").

    Raises ValueError if the question has no words or more than ``WORDS_MAX``.
    """
    found = tuple(
        tuple(words) for quoted, bare in _PARTS.findall(question) if (words := _WORD.findall(_plain(quoted or bare)))
    )
    if not found:
        raise ValueError("holds no word")
    if sum(len(words) for words in found) > WORDS_MAX:
        raise ValueError(f"holds more than {WORDS_MAX} words")
    return found


def matches(dialect: str, searched: Column[str], wanted: Phrases) -> ColumnElement[bool]:
    """The condition that a text holds all of ``wanted``, as the index of the database understands it."""
    table = str(searched.table)
    if dialect == "sqlite":
        query = " AND ".join('"' + " ".join(words) + '"' for words in wanted)
        found = text(f"SELECT rowid FROM {table}_text WHERE {table}_text MATCH :words")  # noqa: S608 -- a name of ours
        return searched.table.c.id.in_(found.bindparams(bindparam("words", query)).columns(column("rowid", Integer)))
    # A trigger computes this when a text is stored, folded like the question (migration 0005).
    vector = literal_column(f"{table}.words", TSVECTOR)
    question: ColumnElement[str] = func.phraseto_tsquery("simple", " ".join(wanted[0]), type_=TSQUERY)
    for words in wanted[1:]:
        question = question.op("&&")(func.phraseto_tsquery("simple", " ".join(words), type_=TSQUERY))
    return vector.op("@@", is_comparison=True)(question)


def _plain(words: str) -> str:
    """As both databases fold what they index: no accents that Unicode takes apart, lower case."""
    apart = unicodedata.normalize("NFKD", words)
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).lower()
