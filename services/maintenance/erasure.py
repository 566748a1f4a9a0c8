"""Erasing one article everywhere: the article, its jobs, their results, and whatever hangs on them.

The IDs stay, with the feed: requests for them answer 410 (erased on purpose) and not 404 (never existed).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, delete, func, insert, select, tuple_

from services.audit.log import record
from services.caller import Caller
from services.database.engine import Database, now_ms
from services.database.tables import articles, erased, idempotency_keys, jobs, results
from services.errors import Gone, NotFound

_BATCH: Final = 500
_MARGIN_MS: Final = 60_000  # a batch's key is older than the last of its articles
_TRIES: Final = 20
_PAUSE_S: Final = 0.1
_FULL_TEXT: Final = ("attributions_text", "stances_text")
_MERGED_PAGES: Final = 500


@dataclass(frozen=True, slots=True)
class Erased:
    """The counts of erased rows.

    ``clean``: SQLite's log holds no copy any more (PostgreSQL: see docs/operations.md).
    """

    feed: str
    jobs: int
    results: int
    keys: int
    clean: bool


def versions(database: Database, feed: str, guid: str) -> list[UUID]:
    """All versions of an article, oldest first."""
    with database.read() as connection:
        query = select(articles.c.id).where(articles.c.guid == guid, articles.c.feed == feed).order_by(articles.c.id)
        return list(connection.execute(query).scalars())


def erase(database: Database, article_id: UUID, by: Caller) -> Erased:
    """Erase an article. A worker that is at it loses its lease with the job's row, and can store nothing.

    Raises NotFound, Gone.

    Idempotency keys are hashes of requests, and it is not known which of them held this article, so all keys stored
    since it arrived are deleted. They only guard against a key used twice with different bodies: an article that is
    pushed again is recognised without them, except this one, which would be accepted as a new article.
    """
    with database.write() as connection:
        if database.dialect == "sqlite":
            connection.exec_driver_sql("PRAGMA secure_delete = ON")  # what is freed is overwritten with zeros
        row = connection.execute(
            select(articles.c.feed, articles.c.received_at).where(articles.c.id == article_id).with_for_update()
        ).one_or_none()
        if row is None:
            feed = connection.execute(select(erased.c.feed).where(erased.c.id == article_id)).scalar()
            if feed is not None:
                raise Gone(f"article {article_id} was erased before")
            raise NotFound(f"there is no article {article_id}")
        mine = list(connection.execute(select(jobs.c.id).where(jobs.c.article_id == article_id)).scalars())
        result_count = select(func.count()).select_from(results).where(results.c.job_id.in_(mine))
        number: int = connection.execute(result_count).scalar_one()
        connection.execute(delete(articles).where(articles.c.id == article_id))  # jobs and results go with it
        _remember(connection, row.feed, [article_id, *mine])
        record(
            connection,
            by.actor,
            "article.erase",
            str(article_id),
            {"feed": row.feed, "jobs": len(mine), "results": number},
        )
    keys = _forget_keys(database, row.received_at - _MARGIN_MS)
    if database.dialect == "sqlite" and number:
        for table in _FULL_TEXT:
            _forget_words(database, table)
    return Erased(row.feed, len(mine), number, keys, clean=_clean(database))


def _remember(connection: Connection, feed: str, ids: Sequence[UUID]) -> None:
    connection.execute(
        insert(erased).values([{"id": erased_id, "feed": feed, "erased_at": now_ms()} for erased_id in ids])
    )


def _forget_keys(database: Database, since: int) -> int:
    key = (idempotency_keys.c.scope, idempotency_keys.c.key)
    some = (
        select(*key).where(idempotency_keys.c.created_at >= since).order_by(idempotency_keys.c.created_at).limit(_BATCH)
    )
    total = 0
    while True:
        with database.write() as connection:
            gone = connection.execute(delete(idempotency_keys).where(tuple_(*key).in_(some))).rowcount
        total += gone
        if gone < _BATCH:
            return total


def _forget_words(database: Database, table: str) -> None:
    """Merge a full-text index into one segment, in steps.

    Until then FTS5 only marks the words of a deleted row as deleted.

    The way is the one that FTS5's documentation describes under "the merge command".
    """
    pages = -_MERGED_PAGES  # negative: all segments, not those alone that are due
    while True:
        with database.write() as connection:
            connection.exec_driver_sql("PRAGMA secure_delete = ON")
            before = connection.exec_driver_sql("SELECT total_changes()").scalar_one()
            connection.exec_driver_sql(f"INSERT INTO {table} ({table}, rank) VALUES ('merge', {pages})")  # noqa: S608 -- names of ours
            changes = connection.exec_driver_sql("SELECT total_changes()").scalar_one() - before
        if changes < 2:  # noqa: PLR2004 -- FTS5's sign that nothing was left to merge
            return
        pages = _MERGED_PAGES


def _clean(database: Database) -> bool:
    """Empty SQLite's log, which needs a moment without a reader; PostgreSQL keeps its own time."""
    for _ in range(_TRIES if database.dialect == "sqlite" else 0):
        if database.truncate_wal():
            return True
        time.sleep(_PAUSE_S)
    return False
