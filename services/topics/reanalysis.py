"""`stancewire topics reanalyze`: the past is read again for topics that were registered, or changed, since it was read.

Only articles whose text speaks of the topic are queued again, as a new analysis with a priority behind all live
work. Until that is stored, the old result speaks for the article. How far the past has been looked through is kept
with each topic, in the transaction that queues the jobs: the command may be killed anywhere, and goes on from
there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select, update
from uuid_utils.compat import uuid7

from services.contracts import JobState, Topic
from services.database.engine import Database, now_ms
from services.database.tables import BACKGROUND, IN_BACKGROUND, articles, jobs, results, topics
from services.topics.matching import Matcher

_SETTLE_MS = 1_000  # on top of the time for which workers keep what they know of topics
_OPEN = (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True, slots=True)
class Progress:
    """The outcome of one page of stored results."""

    looked: int  # results whose text was read
    queued: int
    bodiless: int  # they speak of a topic, and retention has removed what would be read again
    more: bool


@dataclass(frozen=True, slots=True)
class _Reading:
    """The state of a topic while a page is read."""

    matcher: Matcher
    reread_to: int
    changed_at: int
    known_since: int  # analyses that began later were made with the topic as it is

    def concerns(self, row: Any, text: str) -> bool:
        past = self.reread_to < row.sequence and row.started_at < self.known_since
        return past and bool(self.matcher.topics_of(text))


def unsettled(database: Database, chosen: Sequence[Topic], cache_s: float) -> float:
    """Seconds until every analysis knows the topics as they are; more than 0 while one that began before still runs.

    Workers keep topics for ``cache_s``; what they began in that time is looked at as the past when it is done.
    """
    with database.read() as connection:
        since = max((reading.known_since for reading in _readings(connection, chosen, cache_s).values()), default=0)
        now: int = connection.execute(select(now_ms())).scalar_one()
        running = select(jobs.c.id).where(jobs.c.state == JobState.RUNNING, jobs.c.started_at < since).limit(1)
        if now < since:
            return (since - now) / 1000
        return 0.0 if connection.execute(running).first() is None else 1.0


def room(database: Database, most: int) -> int:
    """How many jobs may be added to those that wait in the background."""
    with database.read() as connection:
        waiting = select(jobs.c.id).where(IN_BACKGROUND).limit(most).subquery()
        return most - int(connection.execute(select(func.count()).select_from(waiting)).scalar_one())


def read_page(database: Database, chosen: Sequence[Topic], *, cache_s: float, page: int, most: int) -> Progress:
    """Look at the next ``page`` results and queue at most ``most`` articles, in one transaction."""
    with database.read() as connection:
        readings = _readings(connection, chosen, cache_s)
        if not readings:
            return Progress(0, 0, 0, more=False)
        start = min(reading.reread_to for reading in readings.values())
        since = max(reading.known_since for reading in readings.values())
        rows = connection.execute(_past(start, since).limit(page)).all()
    last, looked = start, 0
    found: list[Any] = []
    for row in rows:
        if len(found) >= most:
            break
        last, looked = row.sequence, looked + 1
        text = json.loads(row.document)["text"]
        if any(reading.concerns(row, text) for reading in readings.values()):
            found.append(row)
    with database.write() as connection:
        queued = sum(_again(connection, database, row) for row in found if not row.bodiless)
        for key, reading in readings.items():
            unchanged = (topics.c.id == key, topics.c.changed_at == reading.changed_at, topics.c.reread_to < last)
            connection.execute(update(topics).where(*unchanged).values(reread_to=last))
    return Progress(looked, queued, sum(row.bodiless for row in found), more=looked < len(rows) or len(rows) == page)


def _readings(connection: Connection, chosen: Sequence[Topic], cache_s: float) -> dict[str, _Reading]:
    by_id = {topic.id: topic for topic in chosen}
    rows = connection.execute(
        select(topics.c.id, topics.c.reread_to, topics.c.changed_at).where(topics.c.id.in_(by_id))
    )
    settled = int(cache_s * 1000) + _SETTLE_MS
    return {
        row.id: _Reading(Matcher([by_id[row.id]]), row.reread_to, row.changed_at, row.changed_at + settled)
        for row in rows
    }


def _past(start: int, since: int) -> Any:
    """Results that speak for their article and were made without the topics, in the order in which they were stored."""
    return (
        select(
            results.c.sequence,
            results.c.document,
            jobs.c.article_id,
            jobs.c.feed,
            jobs.c.words,
            jobs.c.started_at,
            articles.c.body.is_(None).label("bodiless"),
        )
        .join(jobs, jobs.c.id == results.c.job_id)
        .join(articles, articles.c.id == jobs.c.article_id)
        .where(
            results.c.sequence > start,
            results.c.superseded_by.is_(None),
            articles.c.withdrawn_at.is_(None),
            jobs.c.started_at < since,
        )
        .order_by(results.c.sequence)
    )


def _again(connection: Connection, database: Database, row: Any) -> int:
    """Queue a new analysis, unless one waits or runs: that one will know the topics."""
    mine = jobs.c.article_id == row.article_id
    known = select(func.max(jobs.c.analysis), func.count().filter(jobs.c.state.in_(_OPEN))).where(mine)
    newest, waiting = connection.execute(known).one()
    if waiting:
        return 0
    job = {
        "id": uuid7(),
        "article_id": row.article_id,
        "analysis": newest + 1,
        "feed": row.feed,
        "priority": BACKGROUND,
        "words": row.words,
        "state": JobState.QUEUED,
    }
    values = {**job, "next_run_at": now_ms(), "created_at": now_ms(), "queued_at": now_ms()}
    added = database.insert(jobs).values(**values).on_conflict_do_nothing().returning(jobs.c.id)
    return len(connection.execute(added).all())
