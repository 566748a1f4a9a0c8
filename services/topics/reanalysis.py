"""`stancewire topics reanalyze`: analyse stored articles again for topics that were registered or changed since.

Only articles whose text mentions a topic are queued, as a new analysis with a priority below all live jobs. The old
result stays valid until the new one is stored. Each topic stores how far the results have been checked, in the
transaction that queues the jobs, so the command can be interrupted at any time and continues from there.
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

_SETTLE_MS = 1_000  # added to the time for which workers cache the topics
_OPEN = (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True, slots=True)
class Progress:
    """The outcome of one page of stored results."""

    checked: int  # results whose text was checked
    queued: int
    bodiless: int  # mention a topic, but retention has removed the body
    more: bool


@dataclass(frozen=True, slots=True)
class _TopicState:
    """The state of a topic while a page of results is checked."""

    matcher: Matcher
    reread_to: int
    changed_at: int
    current_from: int  # analyses that started later used the topic in its current form

    def concerns(self, row: Any, text: str) -> bool:
        unchecked = self.reread_to < row.sequence and row.started_at < self.current_from
        return unchecked and bool(self.matcher.topics_of(text))


def seconds_until_settled(database: Database, chosen: Sequence[Topic], cache_s: float) -> float:
    """Return the seconds until every analysis uses the current topics; 0 if that is the case.

    Workers cache topics for ``cache_s`` seconds. Analyses that they started in that time have to finish first, because
    their results are checked afterwards like all earlier ones.
    """
    with database.read() as connection:
        since = max((state.current_from for state in _topic_states(connection, chosen, cache_s).values()), default=0)
        now: int = connection.execute(select(now_ms())).scalar_one()
        running = select(jobs.c.id).where(jobs.c.state == JobState.RUNNING, jobs.c.started_at < since).limit(1)
        if now < since:
            return (since - now) / 1000
        return 0.0 if connection.execute(running).first() is None else 1.0


def free_slots(database: Database, most: int) -> int:
    """Return how many background jobs may be queued, if at most ``most`` may wait."""
    with database.read() as connection:
        waiting = select(jobs.c.id).where(IN_BACKGROUND).limit(most).subquery()
        return most - int(connection.execute(select(func.count()).select_from(waiting)).scalar_one())


def read_page(database: Database, chosen: Sequence[Topic], *, cache_s: float, page: int, most: int) -> Progress:
    """Check the next ``page`` results and queue at most ``most`` articles, in one transaction."""
    with database.read() as connection:
        states = _topic_states(connection, chosen, cache_s)
        if not states:
            return Progress(0, 0, 0, more=False)
        start = min(state.reread_to for state in states.values())
        since = max(state.current_from for state in states.values())
        rows = connection.execute(_unchecked_results(start, since).limit(page)).all()
    last, checked = start, 0
    matches: list[Any] = []
    for row in rows:
        if len(matches) >= most:
            break
        last, checked = row.sequence, checked + 1
        text = json.loads(row.document)["text"]
        if any(state.concerns(row, text) for state in states.values()):
            matches.append(row)
    with database.write() as connection:
        queued = sum(_queue_analysis(connection, database, row) for row in matches if not row.bodiless)
        for key, state in states.items():
            unchanged = (topics.c.id == key, topics.c.changed_at == state.changed_at, topics.c.reread_to < last)
            connection.execute(update(topics).where(*unchanged).values(reread_to=last))
    return Progress(
        checked, queued, sum(row.bodiless for row in matches), more=checked < len(rows) or len(rows) == page
    )


def _topic_states(connection: Connection, chosen: Sequence[Topic], cache_s: float) -> dict[str, _TopicState]:
    by_id = {topic.id: topic for topic in chosen}
    rows = connection.execute(
        select(topics.c.id, topics.c.reread_to, topics.c.changed_at).where(topics.c.id.in_(by_id))
    )
    settled = int(cache_s * 1000) + _SETTLE_MS
    return {
        row.id: _TopicState(Matcher([by_id[row.id]]), row.reread_to, row.changed_at, row.changed_at + settled)
        for row in rows
    }


def _unchecked_results(start: int, since: int) -> Any:
    """Select the current results of their articles that were made without the topics, in the order of storage."""
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


def _queue_analysis(connection: Connection, database: Database, row: Any) -> int:
    """Queue a new analysis unless one is queued or running, which will use the topics. Returns 1 or 0."""
    analyses = select(func.max(jobs.c.analysis), func.count().filter(jobs.c.state.in_(_OPEN))).where(
        jobs.c.article_id == row.article_id
    )
    newest, open_jobs = connection.execute(analyses).one()
    if open_jobs:
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
