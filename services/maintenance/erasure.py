"""Erase an article with its jobs, their results, and all rows that depend on them.

The IDs are kept with the feed: requests for them answer 410 (erased on purpose) and not 404 (never existed).
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
from services.events import outbox
from services.results import tombstones
from services.results.tombstones import Buried, TombstoneKind

_BATCH: Final = 500
_MARGIN_MS: Final = 60_000  # the key of a batch is older than the last of its articles
_WAL_ATTEMPTS: Final = 20
_PAUSE_S: Final = 0.1
_FULL_TEXT: Final = ("attributions_text", "stances_text")
_MERGED_PAGES: Final = 500
_REASON: Final = "erased on request"


@dataclass(frozen=True, slots=True)
class Erased:
    """The numbers of erased rows.

    ``clean`` is True if SQLite's write-ahead log contains no copy any more (for PostgreSQL see docs/operations.md).
    """

    feed: str
    jobs: int
    results: int
    keys: int
    clean: bool


def versions(database: Database, feed: str, guid: str) -> list[UUID]:
    """Return the IDs of all versions of an article, oldest first."""
    with database.read() as connection:
        query = select(articles.c.id).where(articles.c.guid == guid, articles.c.feed == feed).order_by(articles.c.id)
        return list(connection.execute(query).scalars())


def erase(database: Database, article_id: UUID, by: Caller) -> Erased:
    """Erase an article. Raises NotFound, and Gone if it was already erased.

    A worker that holds one of its jobs loses the lease with the job's row, so it cannot store a result.

    Idempotency keys are hashes of requests, and it is not known which of them contained this article, so all keys
    stored since it arrived are deleted. They only guard against a key used twice with different bodies: articles pushed
    a second time are recognised without them, except this one, which would be accepted as a new article.
    """
    with database.write() as connection:
        if database.dialect == "sqlite":
            connection.exec_driver_sql("PRAGMA secure_delete = ON")  # overwrites freed pages with zeros
        row = connection.execute(
            select(articles.c.feed, articles.c.received_at).where(articles.c.id == article_id).with_for_update()
        ).one_or_none()
        if row is None:
            feed = connection.execute(select(erased.c.feed).where(erased.c.id == article_id)).scalar()
            if feed is not None:
                raise Gone(f"article {article_id} was already erased")
            raise NotFound(f"there is no article {article_id}")
        job_ids = _lock_jobs(connection, article_id)
        count = select(func.count()).select_from(results).where(results.c.job_id.in_(job_ids))
        result_count: int = connection.execute(count).scalar_one()
        tombstones.remove(connection, article_id)
        buried = [Buried(row.feed, article_id, job_ids[-1], reason=_REASON)] if job_ids else []
        # Numbered before the rows of the search index are deleted: a worker that stores a result locks in this order.
        tombstones.add(connection, database, TombstoneKind.ERASED, buried, {})
        outbox.results_withdrawn(connection, article_id, "erased", _REASON)
        connection.execute(delete(articles).where(articles.c.id == article_id))  # cascades to jobs and results
        _keep_ids(connection, row.feed, [article_id, *job_ids])
        record(
            connection,
            by.actor,
            "article.erase",
            str(article_id),
            {"feed": row.feed, "jobs": len(job_ids), "results": result_count},
        )
    keys = _delete_keys(database, row.received_at - _MARGIN_MS)
    if database.dialect == "sqlite" and result_count:
        for table in _FULL_TEXT:
            _merge_full_text(database, table)
    return Erased(row.feed, len(job_ids), result_count, keys, clean=_truncate_wal(database))


def _lock_jobs(connection: Connection, article_id: UUID) -> list[UUID]:
    """Return the jobs of an article, oldest first. Locked, so that none stores a result before it is deleted."""
    query = select(jobs.c.id).where(jobs.c.article_id == article_id).order_by(jobs.c.analysis).with_for_update()
    return list(connection.execute(query).scalars())


def _keep_ids(connection: Connection, feed: str, ids: Sequence[UUID]) -> None:
    connection.execute(
        insert(erased).values([{"id": erased_id, "feed": feed, "erased_at": now_ms()} for erased_id in ids])
    )


def _delete_keys(database: Database, since: int) -> int:
    key = (idempotency_keys.c.scope, idempotency_keys.c.key)
    batch = (
        select(*key).where(idempotency_keys.c.created_at >= since).order_by(idempotency_keys.c.created_at).limit(_BATCH)
    )
    total = 0
    while True:
        with database.write() as connection:
            deleted = connection.execute(delete(idempotency_keys).where(tuple_(*key).in_(batch))).rowcount
        total += deleted
        if deleted < _BATCH:
            return total


def _merge_full_text(database: Database, table: str) -> None:
    """Merge a full-text index into one segment, in steps.

    Until then FTS5 only marks the words of a deleted row as deleted. The steps follow "the merge command" in the
    documentation of FTS5.
    """
    pages = -_MERGED_PAGES  # negative in the first step: merge all segments, not only those that are due
    while True:
        with database.write() as connection:
            connection.exec_driver_sql("PRAGMA secure_delete = ON")
            before = connection.exec_driver_sql("SELECT total_changes()").scalar_one()
            connection.exec_driver_sql(f"INSERT INTO {table} ({table}, rank) VALUES ('merge', {pages})")  # noqa: S608 -- constant names
            changes = connection.exec_driver_sql("SELECT total_changes()").scalar_one() - before
        if changes < 2:  # noqa: PLR2004 -- FTS5's signal that there was nothing left to merge
            return
        pages = _MERGED_PAGES


def _truncate_wal(database: Database) -> bool:
    """Empty SQLite's write-ahead log, which needs a moment without readers; return whether this succeeded.

    PostgreSQL recycles its log by itself.
    """
    for _ in range(_WAL_ATTEMPTS if database.dialect == "sqlite" else 0):
        if database.truncate_wal():
            return True
        time.sleep(_PAUSE_S)
    return False
