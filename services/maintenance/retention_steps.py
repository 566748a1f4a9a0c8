"""The steps of retention: what each removes in one short transaction, and how it counts what it would remove.

Jobs are walked by the time they finished, each time from where the walk stood (``retention_progress``), through an index: a batch
costs the same however much is kept. A job that finishes again later (a retry) is met again later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, ScalarSelect, Select, and_, delete, exists, func, or_, select, tuple_, update

from services.contracts import JobState
from services.database.engine import Database
from services.database.tables import articles, erased, idempotency_keys, jobs, results
from services.maintenance import retention_progress


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """What is older goes; milliseconds since 1970 by the database's clock."""

    bodies: int
    superseded: int
    results: int
    articles: int
    keys: int


@dataclass(frozen=True, slots=True)
class Done:
    """What a batch did, and whether there may be more."""

    rows: int
    more: bool


def _window_end(connection: Connection, after: int, cutoff: int, batch: int) -> int | None:
    """The time up to which the next batch of finished jobs goes; None for the last batch. Jobs of one moment stay together."""
    in_order = select(jobs.c.finished_at).where(jobs.c.finished_at > after, jobs.c.finished_at < cutoff)
    return connection.execute(in_order.order_by(jobs.c.finished_at).offset(batch - 1).limit(1)).scalar()


def _over(cutoff: int) -> Any:
    """The article has no job that is open or finished since ``cutoff``."""
    other = jobs.alias("other")
    late = or_(other.c.finished_at.is_(None), other.c.finished_at >= cutoff)
    return ~exists(select(other.c.id).where(other.c.article_id == articles.c.id, late))


def _finished(after: int, until: int) -> Select[Any]:
    return select(jobs.c.article_id).where(jobs.c.finished_at > after, jobs.c.finished_at <= until)


def _walk(
    connection: Connection, database: Database, name: str, cutoff: int, batch: int, act: Callable[[int, int], int]
) -> Done:
    """One batch of the walk ``name``: ``act`` on the jobs finished between the mark and the batch's end, then move the mark."""
    after = retention_progress.read(connection, name)
    end = _window_end(connection, after, cutoff, batch)
    until = cutoff - 1 if end is None else end
    rows = act(after, until)
    if until > after:
        retention_progress.write(connection, database, {(name, retention_progress.NO_LABEL): until})
    return Done(rows, more=end is not None)


def bodies(connection: Connection, database: Database, cutoffs: Cutoffs, batch: int) -> Done:
    """Bodies as pushed, so long after the article's last job ended. A retry that comes in between waits for this to commit."""

    def act(after: int, until: int) -> int:
        # Two statements: on PostgreSQL, only the second sees what whoever held these rows until now has done.
        old = select(articles.c.id).where(articles.c.id.in_(_finished(after, until)), articles.c.body.is_not(None))
        ids = connection.execute(old.order_by(articles.c.id).with_for_update()).scalars().all()
        return connection.execute(
            update(articles).where(articles.c.id.in_(ids), _over(cutoffs.bodies)).values(body=None)
        ).rowcount

    return _walk(connection, database, "bodies", cutoffs.bodies, batch, act)


def superseded(connection: Connection, database: Database, cutoffs: Cutoffs, batch: int) -> Done:
    """Results of analyses that a later one of the same article replaced, so long after that one."""
    return _walk(
        connection,
        database,
        "superseded",
        cutoffs.superseded,
        batch,
        lambda after, until: (
            connection.execute(delete(results).where(results.c.job_id.in_(_replaced(after, until)))).rowcount
        ),
    )


def _replaced(after: int, until: int) -> Select[Any]:
    newer, older = jobs.alias("newer"), jobs.alias("older")
    return (
        select(older.c.id)
        .join(newer, and_(newer.c.article_id == older.c.article_id, newer.c.analysis > older.c.analysis))
        .where(newer.c.state == JobState.SUCCEEDED, newer.c.finished_at > after, newer.c.finished_at <= until)
    )


def results_by_age(connection: Connection, database: Database, cutoffs: Cutoffs, batch: int) -> Done:
    """The oldest results, in the order in which they were stored; marks say who missed something with a cursor from before."""
    oldest = connection.execute(
        select(results.c.job_id, results.c.feed, results.c.sequence, results.c.stored_at)
        .order_by(results.c.sequence)
        .limit(batch)
    ).all()
    old = []
    for row in oldest:
        if row.stored_at >= cutoffs.results:
            break
        old.append(row)
    if old:
        connection.execute(delete(results).where(results.c.job_id.in_([row.job_id for row in old])))
        gone = {
            (retention_progress.GONE_SEQUENCE, row.feed): row.sequence for row in old
        }  # the last of each feed stays: the highest
        gone |= {(retention_progress.GONE_STORED_AT, row.feed): row.stored_at for row in old}
        retention_progress.write(connection, database, gone)
    return Done(len(old), more=len(old) == batch)


def old_articles(connection: Connection, database: Database, cutoffs: Cutoffs, batch: int) -> Done:
    """Articles and their jobs, so long after the last of these ended. The same article pushed again is a new one from then on."""

    def act(after: int, until: int) -> int:
        mine = select(articles.c.id).where(articles.c.id.in_(_finished(after, until)))
        ids = connection.execute(mine.order_by(articles.c.id).with_for_update()).scalars().all()
        return connection.execute(delete(articles).where(articles.c.id.in_(ids), _over(cutoffs.articles))).rowcount

    return _walk(connection, database, "articles", cutoffs.articles, batch, act)


def keys(connection: Connection, _database: Database, cutoffs: Cutoffs, batch: int) -> Done:
    """Idempotency keys: kept for longer than any client tries again."""
    key = (idempotency_keys.c.scope, idempotency_keys.c.key)
    old = select(*key).where(idempotency_keys.c.created_at < cutoffs.keys)
    gone = connection.execute(
        delete(idempotency_keys).where(tuple_(*key).in_(old.order_by(idempotency_keys.c.created_at).limit(batch)))
    ).rowcount
    return Done(gone, more=gone == batch)


def tombstones(connection: Connection, _database: Database, cutoffs: Cutoffs, batch: int) -> Done:
    """The IDs of what was erased, for as long as an article itself would have been known."""
    old = select(erased.c.id).where(erased.c.erased_at < cutoffs.articles).order_by(erased.c.erased_at).limit(batch)
    gone = connection.execute(delete(erased).where(erased.c.id.in_(old))).rowcount
    return Done(gone, more=gone == batch)


def _count(query: Select[Any]) -> ScalarSelect[Any]:
    return select(func.count()).select_from(query.subquery()).scalar_subquery()


def _counting(query: Callable[[Connection, Cutoffs], Select[Any]]) -> Callable[[Connection, Cutoffs], int]:
    def count(connection: Connection, cutoffs: Cutoffs) -> int:
        return int(connection.execute(select(_count(query(connection, cutoffs)))).scalar_one())

    return count


def _bodies(connection: Connection, cutoffs: Cutoffs) -> Select[Any]:
    walked = _finished(retention_progress.read(connection, "bodies"), cutoffs.bodies - 1)
    return select(articles.c.id).where(articles.c.id.in_(walked), articles.c.body.is_not(None), _over(cutoffs.bodies))


def _superseded(connection: Connection, cutoffs: Cutoffs) -> Select[Any]:
    walked = _replaced(retention_progress.read(connection, "superseded"), cutoffs.superseded - 1)
    return select(results.c.job_id).where(results.c.job_id.in_(walked))


def _results(connection: Connection, cutoffs: Cutoffs) -> Select[Any]:
    young = select(func.min(results.c.sequence)).where(results.c.stored_at >= cutoffs.results).scalar_subquery()
    old = or_(young.is_(None), results.c.sequence < young)
    return select(results.c.job_id).where(old, results.c.job_id.not_in(_superseded(connection, cutoffs)))


def _articles(connection: Connection, cutoffs: Cutoffs) -> Select[Any]:
    walked = _finished(retention_progress.read(connection, "articles"), cutoffs.articles - 1)
    return select(articles.c.id).where(articles.c.id.in_(walked), _over(cutoffs.articles))


COUNTS: Final[dict[str, Callable[[Connection, Cutoffs], int]]] = {
    "bodies": _counting(_bodies),
    "superseded": _counting(_superseded),
    "results": _counting(_results),
    "articles": _counting(_articles),
    "keys": _counting(
        lambda _, cutoffs: select(idempotency_keys.c.key).where(idempotency_keys.c.created_at < cutoffs.keys)
    ),
    "erased": _counting(lambda _, cutoffs: select(erased.c.id).where(erased.c.erased_at < cutoffs.articles)),
}
