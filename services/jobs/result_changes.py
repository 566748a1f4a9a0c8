"""Changes a stored result without a new analysis. It gets a new number, so that followers of the results get it."""

from __future__ import annotations

import hashlib
from uuid import UUID

from sqlalchemy import Connection, select, update

from services.contracts import JobState, Result, instant
from services.database.counters import NO_LABEL, CounterName, increment
from services.database.engine import Database, now_ms
from services.database.tables import articles, jobs, results
from services.events import outbox
from services.results import search_index


def current_result(connection: Connection, article_id: UUID) -> Result | None:
    """Return the result of an article's newest analysis, or None if none is stored."""
    current = (results.c.job_id == jobs.c.id) & results.c.superseded_by.is_(None)
    query = select(results.c.document).join(jobs, current).where(jobs.c.article_id == article_id)
    document = connection.execute(query.order_by(jobs.c.analysis.desc()).limit(1)).scalar()
    return None if document is None else Result.model_validate_json(document)


def publish_again(connection: Connection, database: Database, result: Result) -> None:
    """Store a result under the next number, and in the search index."""
    canceled = (CounterName.FINISHED, JobState.CANCELED.value)  # locked first, as by a withdrawal
    totals = increment(connection, database, {canceled: 0, (CounterName.RESULTS, NO_LABEL): 1})
    sequence = int(totals[CounterName.RESULTS, NO_LABEL])
    search_index.remove(connection, result.article_id)
    _write(connection, result, sequence=sequence, stored_at=now_ms())
    search_index.add(connection, sequence, search_index.prepare(result))
    feed = connection.execute(select(results.c.feed).where(results.c.job_id == result.job_id)).scalar_one()
    outbox.result_ready(connection, feed, result.article_id, result.job_id)


def correct_time(connection: Connection, database: Database, article_id: UUID, published_at: int) -> None:
    """Give an article and its result another time of publication (ms)."""
    query = select(articles.c.withdrawn_at).where(articles.c.id == article_id)
    is_withdrawn = connection.execute(query).scalar_one() is not None
    connection.execute(update(articles).where(articles.c.id == article_id).values(published_at=published_at))
    result = current_result(connection, article_id)
    if result is None:
        return
    if result.article is not None:
        about = result.article.model_copy(update={"published_at": instant(published_at)})
        result = result.model_copy(update={"article": about})
    if is_withdrawn:
        _write(connection, result)
    else:
        publish_again(connection, database, result)


def _write(connection: Connection, result: Result, **values: object) -> None:
    document = result.model_dump_json()
    written = {"document": document, "etag": hashlib.sha256(document.encode()).hexdigest(), **values}
    connection.execute(update(results).where(results.c.job_id == result.job_id).values(**written))
