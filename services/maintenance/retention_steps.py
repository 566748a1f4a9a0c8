"""The kinds of data that retention removes: one record per kind, with its deletion in batches and its count.

Each batch is one short transaction. Finished jobs are walked in the order in which they finished, starting from the
time stored in ``retention_progress`` and using an index, so a batch costs the same however large the ledger is. A job
that finishes a second time, after a retry, is visited a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, delete, exists, func, or_, select, tuple_, union_all, update

from services.contracts import JobState
from services.database.engine import Database
from services.database.tables import ENDED, articles, deliveries, erased, idempotency_keys, jobs, results, tombstones
from services.maintenance import retention_progress

# By the name of a kind: older data is removed. Milliseconds since 1970 by the database's clock.
Cutoffs = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """The number of rows that a batch changed, and whether more may remain."""

    rows: int
    more: bool


@dataclass(frozen=True, slots=True)
class RetentionKind:
    """A kind of data that retention removes.

    ``name`` is its key in JSON and its label in metrics, and ``setting`` names its period in ``settings.Retention``.
    ``remove`` removes one batch, given the cutoff and the size of a batch. ``expired`` selects all rows that its
    batches would remove.
    """

    name: str
    description: str
    setting: str
    remove: Callable[[Connection, Database, int, int], BatchOutcome]
    expired: Callable[[Connection, Cutoffs], Select[Any]]

    def count(self, connection: Connection, cutoffs: Cutoffs) -> int:
        """Return how many rows would be removed now."""
        query = select(func.count()).select_from(self.expired(connection, cutoffs).subquery())
        return int(connection.execute(query).scalar_one())


def _remove_bodies(connection: Connection, database: Database, cutoff: int, batch: int) -> BatchOutcome:
    """Remove bodies as pushed, once the article's last job has been finished for long enough.

    The articles' rows are locked, so a concurrent retry waits for this transaction to commit.
    """

    def remove(after: int, until: int) -> int:
        # Two statements: on PostgreSQL only the second one sees what the previous holder of the locks committed.
        with_body = select(articles.c.id).where(
            articles.c.id.in_(_articles_finished(after, until)), articles.c.body.is_not(None)
        )
        ids = connection.execute(with_body.order_by(articles.c.id).with_for_update()).scalars().all()
        return connection.execute(
            update(articles).where(articles.c.id.in_(ids), _no_job_open_or_since(cutoff)).values(body=None)
        ).rowcount

    return _walk_finished_jobs(connection, database, "bodies", cutoff, batch, remove)


def _expired_bodies(connection: Connection, cutoffs: Cutoffs) -> Select[Any]:
    finished = _articles_finished(retention_progress.read(connection, "bodies"), cutoffs["bodies"] - 1)
    return select(articles.c.id).where(
        articles.c.id.in_(finished), articles.c.body.is_not(None), _no_job_open_or_since(cutoffs["bodies"])
    )


def _remove_superseded(connection: Connection, database: Database, cutoff: int, batch: int) -> BatchOutcome:
    """Remove results that a later analysis of the same article replaced, once that analysis is old enough."""

    def remove(after: int, until: int) -> int:
        return connection.execute(delete(results).where(results.c.job_id.in_(_superseded_jobs(after, until)))).rowcount

    return _walk_finished_jobs(connection, database, "superseded", cutoff, batch, remove)


def _expired_superseded(connection: Connection, cutoffs: Cutoffs) -> Select[Any]:
    superseded = _superseded_jobs(retention_progress.read(connection, "superseded"), cutoffs["superseded"] - 1)
    return select(results.c.job_id).where(results.c.job_id.in_(superseded))


def _remove_results(connection: Connection, database: Database, cutoff: int, batch: int) -> BatchOutcome:
    """Remove the oldest results and tombstones, in the order in which they were stored.

    The last removed sequence of each feed is written to ``retention_progress``, so that readers with an older cursor
    can be warned. Tombstones go with the results before and behind them: such a reader has missed both.
    """
    columns = ("feed", "sequence", "stored_at")
    oldest = union_all(
        *(
            select(*(table.c[name] for name in columns)).where(
                table.c.sequence.in_(select(table.c.sequence).order_by(table.c.sequence).limit(batch))
            )
            for table in (results, tombstones)
        )
    ).subquery()
    expired = []
    for row in connection.execute(select(oldest).order_by(oldest.c.sequence).limit(batch)).all():
        if row.stored_at >= cutoff:
            break
        expired.append(row)
    removed = 0
    if expired:
        sequences = [row.sequence for row in expired]
        removed = connection.execute(delete(results).where(results.c.sequence.in_(sequences))).rowcount
        connection.execute(delete(tombstones).where(tombstones.c.sequence.in_(sequences)))
        # Rows are in the order of their sequence, so the last row of each feed determines its marks.
        marks = {(retention_progress.REMOVED_SEQUENCE, row.feed): row.sequence for row in expired}
        marks |= {(retention_progress.REMOVED_STORED_AT, row.feed): row.stored_at for row in expired}
        retention_progress.write(connection, database, marks)
    return BatchOutcome(removed, more=len(expired) == batch)


def _expired_results(connection: Connection, cutoffs: Cutoffs) -> Select[Any]:
    first_kept = select(func.min(results.c.sequence)).where(results.c.stored_at >= cutoffs["results"]).scalar_subquery()
    old = or_(first_kept.is_(None), results.c.sequence < first_kept)
    return select(results.c.job_id).where(old, results.c.job_id.not_in(_expired_superseded(connection, cutoffs)))


def _remove_articles(connection: Connection, database: Database, cutoff: int, batch: int) -> BatchOutcome:
    """Remove articles with their jobs, once the last of the jobs has been finished for long enough.

    The same article pushed afterwards is a new article.
    """

    def remove(after: int, until: int) -> int:
        finished = select(articles.c.id).where(articles.c.id.in_(_articles_finished(after, until)))
        ids = connection.execute(finished.order_by(articles.c.id).with_for_update()).scalars().all()
        return connection.execute(
            delete(articles).where(articles.c.id.in_(ids), _no_job_open_or_since(cutoff))
        ).rowcount

    return _walk_finished_jobs(connection, database, "articles", cutoff, batch, remove)


def _expired_articles(connection: Connection, cutoffs: Cutoffs) -> Select[Any]:
    finished = _articles_finished(retention_progress.read(connection, "articles"), cutoffs["articles"] - 1)
    return select(articles.c.id).where(articles.c.id.in_(finished), _no_job_open_or_since(cutoffs["articles"]))


def _remove_keys(connection: Connection, _database: Database, cutoff: int, batch: int) -> BatchOutcome:
    """Remove idempotency keys, which are kept for longer than any client retries a request."""
    key = (idempotency_keys.c.scope, idempotency_keys.c.key)
    oldest = select(*key).where(idempotency_keys.c.created_at < cutoff)
    removed = connection.execute(
        delete(idempotency_keys).where(tuple_(*key).in_(oldest.order_by(idempotency_keys.c.created_at).limit(batch)))
    ).rowcount
    return BatchOutcome(removed, more=removed == batch)


def _expired_keys(_connection: Connection, cutoffs: Cutoffs) -> Select[Any]:
    return select(idempotency_keys.c.key).where(idempotency_keys.c.created_at < cutoffs["keys"])


def _remove_erased_ids(connection: Connection, _database: Database, cutoff: int, batch: int) -> BatchOutcome:
    """Remove the IDs of erased articles and jobs, which are kept as long as an article would be."""
    oldest = select(erased.c.id).where(erased.c.erased_at < cutoff).order_by(erased.c.erased_at).limit(batch)
    removed = connection.execute(delete(erased).where(erased.c.id.in_(oldest))).rowcount
    return BatchOutcome(removed, more=removed == batch)


def _expired_erased_ids(_connection: Connection, cutoffs: Cutoffs) -> Select[Any]:
    return select(erased.c.id).where(erased.c.erased_at < cutoffs["erased"])


def _walk_finished_jobs(
    connection: Connection,
    database: Database,
    name: str,
    cutoff: int,
    batch: int,
    remove: Callable[[int, int], int],
) -> BatchOutcome:
    """Process one batch of the walk ``name`` and advance its mark.

    ``remove`` is called with the bounds of the batch: its jobs finished after the first time and no later than the
    second.
    """
    after = retention_progress.read(connection, name)
    end = _batch_end(connection, after, cutoff, batch)
    until = cutoff - 1 if end is None else end
    rows = remove(after, until)
    if until > after:
        retention_progress.write(connection, database, {(name, retention_progress.NO_LABEL): until})
    return BatchOutcome(rows, more=end is not None)


def _batch_end(connection: Connection, after: int, cutoff: int, batch: int) -> int | None:
    """Return the finish time of the last job of the next batch, or None for the final batch.

    Jobs that finished at the same time belong to the same batch.
    """
    finished = select(jobs.c.finished_at).where(jobs.c.finished_at > after, jobs.c.finished_at < cutoff)
    return connection.execute(finished.order_by(jobs.c.finished_at).offset(batch - 1).limit(1)).scalar()


def _articles_finished(after: int, until: int) -> Select[Any]:
    """Select the articles of the jobs that finished in a batch."""
    return select(jobs.c.article_id).where(jobs.c.finished_at > after, jobs.c.finished_at <= until)


def _no_job_open_or_since(cutoff: int) -> Any:
    """Return the condition that the article has no job that is open or that finished at ``cutoff`` or later."""
    other = jobs.alias("other")
    open_or_recent = or_(other.c.finished_at.is_(None), other.c.finished_at >= cutoff)
    return ~exists(select(other.c.id).where(other.c.article_id == articles.c.id, open_or_recent))


def _superseded_jobs(after: int, until: int) -> Select[Any]:
    """Select the jobs that a later analysis replaced which succeeded in a batch."""
    newer, older = jobs.alias("newer"), jobs.alias("older")
    return (
        select(older.c.id)
        .join(newer, and_(newer.c.article_id == older.c.article_id, newer.c.analysis > older.c.analysis))
        .where(newer.c.state == JobState.SUCCEEDED, newer.c.finished_at > after, newer.c.finished_at <= until)
    )


def _remove_deliveries(connection: Connection, _database: Database, cutoff: int, batch: int) -> BatchOutcome:
    """Remove deliveries that ended, delivered or not, with what they said."""
    oldest = select(deliveries.c.id).where(ENDED, deliveries.c.finished_at < cutoff)
    removed = connection.execute(
        delete(deliveries).where(deliveries.c.id.in_(oldest.order_by(deliveries.c.finished_at).limit(batch)))
    ).rowcount
    return BatchOutcome(removed, more=removed == batch)


def _expired_deliveries(_connection: Connection, cutoffs: Cutoffs) -> Select[Any]:
    return select(deliveries.c.id).where(ENDED, deliveries.c.finished_at < cutoffs["deliveries"])


# In the order in which they are processed.
KINDS: Final = (
    RetentionKind("bodies", "bodies of articles", "bodies_days", _remove_bodies, _expired_bodies),
    RetentionKind(
        "superseded",
        "results replaced by a later analysis",
        "superseded_days",
        _remove_superseded,
        _expired_superseded,
    ),
    RetentionKind("results", "results", "results_days", _remove_results, _expired_results),
    RetentionKind("articles", "articles with their jobs", "articles_days", _remove_articles, _expired_articles),
    RetentionKind("keys", "idempotency keys", "keys_days", _remove_keys, _expired_keys),
    RetentionKind("deliveries", "deliveries to webhooks", "deliveries_days", _remove_deliveries, _expired_deliveries),
    RetentionKind(
        "erased", "IDs of erased articles and jobs", "articles_days", _remove_erased_ids, _expired_erased_ids
    ),
)
