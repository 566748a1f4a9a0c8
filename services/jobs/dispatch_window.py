"""The ledger's side of dispatch and sweep: choose the next jobs, and requeue jobs that were lost on the way.

Order and fairness are decided here, in SQL: round-robin over the feeds, within a feed by priority, then by age.
Redis only ever holds the short window that `fill_window` marks.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, String, cast, distinct, func, literal, or_, select, text, update
from uuid_utils.compat import uuid7

from services.contracts import JobState
from services.database.counters import NO_LABEL, CounterName, increment
from services.database.engine import Database, now_ms
from services.database.tables import BACKGROUND, IN_WINDOW, RUNNING, WAITING, jobs, pauses
from services.events import outbox
from services.jobs import counter_updates
from services.jobs.hosts import count_live_slots

_DELAY_MAX_MS = 7_200_000  # longer than the delay of any retry
_AT_ONCE_MS = 50  # a job due this soon after it was queued counts as not delayed

# A loose index scan: one step in ix_jobs_waiting for each feed, however many jobs wait.
_FEEDS = """
    WITH RECURSIVE waiting(feed) AS (
        SELECT (SELECT feed FROM jobs WHERE state = 'queued' AND message_id IS NULL AND {kind} ORDER BY feed LIMIT 1)
        UNION ALL
        SELECT (SELECT feed FROM jobs WHERE state = 'queued' AND message_id IS NULL AND {kind} AND feed > waiting.feed
                ORDER BY feed LIMIT 1)
        FROM waiting WHERE waiting.feed IS NOT NULL
    )
    SELECT feed FROM waiting WHERE feed IS NOT NULL
    """
_LIVE = f"priority > {BACKGROUND}"
_BACKGROUND = f"priority <= {BACKGROUND}"
# Executed for each push and each message, so built once: building a statement takes longer than executing it.
_WAITING_FEEDS = {kind: text(_FEEDS.format(kind=kind)) for kind in (_LIVE, _BACKGROUND)}
_PAUSED = select(pauses.c.feed)
_MESSAGES_IN_WINDOW = select(func.count(distinct(jobs.c.message_id))).where(IN_WINDOW)
_BUSY_FEEDS = select(jobs.c.feed).where(IN_WINDOW).union(select(jobs.c.feed).where(RUNNING))


@dataclass(frozen=True, slots=True)
class WindowSize:
    """The limits of the window: messages per worker slot, and articles and words per message."""

    per_slot: int
    message_articles: int
    message_words: int


@dataclass(frozen=True, slots=True)
class Message:
    """The IDs of jobs that are dispatched together. Only this message may start them.

    ``ahead``: it must be delivered before the messages already in Redis.
    """

    id: UUID
    job_ids: tuple[UUID, ...]
    ahead: bool = False


@dataclass(frozen=True, slots=True)
class Requeued:
    """The numbers of jobs that a sweep requeued and declared dead."""

    requeued: int = 0
    dead: int = 0


def fill_window(database: Database, size: WindowSize) -> list[Message]:
    """Choose waiting jobs up to the window's size and mark them as dispatched; the caller sends after this commit."""
    with database.read() as connection:  # a full window or an empty queue, the usual case, needs no write lock
        waiting = _waiting_feeds(connection, _LIVE)
        slots, in_window = _slots_and_messages(connection)
        full = in_window >= slots * size.per_slot
        if full and not _quiet_feeds(connection, waiting, slots, size, in_window):
            return []
        if not waiting and not _waiting_feeds(connection, _BACKGROUND):
            return []
    with database.write() as connection:
        waiting = _waiting_feeds(connection, _LIVE)
        slots, in_window = _slots_and_messages(connection)
        quiet = [
            _next_jobs(connection, database, feed, 1, _LIVE)
            for feed in _quiet_feeds(connection, waiting, slots, size, in_window)
        ]
        ahead = [Message(uuid7(), (rows[0].id,), ahead=True) for rows in quiet if rows]
        _mark(connection, ahead)
        room = slots * size.per_slot - in_window - len(ahead)
        if room <= 0:
            return ahead
        messages = list(
            _split_into_messages(_choose(connection, database, waiting, room * size.message_articles), room, size)
        )
        _mark(connection, messages)
        return ahead + messages


def _mark(connection: Connection, messages: Sequence[Message]) -> None:
    for message in messages:
        connection.execute(
            update(jobs).where(jobs.c.id.in_(message.job_ids)).values(message_id=message.id, dispatched_at=now_ms())
        )


def _due() -> ColumnElement[bool]:
    """Whether a waiting job may run now.

    Only retries are delayed. After the clock was set back, jobs that were queued before remain due.
    """
    return or_(
        jobs.c.next_run_at <= now_ms(),
        jobs.c.next_run_at <= jobs.c.queued_at + _AT_ONCE_MS,
        jobs.c.next_run_at > now_ms() + _DELAY_MAX_MS,
    )


def _slots_and_messages(connection: Connection) -> tuple[int, int]:
    """Return the slots of all live hosts and the number of messages in the window.

    Without a live host the result is one slot, so that a window's worth is ready for the first worker.
    """
    slots = max(1, count_live_slots(connection))
    in_window = connection.execute(_MESSAGES_IN_WINDOW).scalar_one()
    return slots, int(in_window)


def _quiet_feeds(
    connection: Connection, waiting: Sequence[str], slots: int, size: WindowSize, in_window: int
) -> list[str]:
    """Return the waiting feeds with no job in the window or at work; one job of each precedes those of other feeds.

    The window has room for one extra message of this kind per slot. If more feeds are quiet than there are slots, no
    feed floods the queue, and precedence would only delay the window, so the result is empty.
    """
    room = slots * (size.per_slot + 1) - in_window
    if room <= 0 or not in_window:
        return []
    busy = set(connection.execute(_BUSY_FEEDS).scalars())
    quiet = [feed for feed in waiting if feed not in busy]
    return quiet[:room] if len(quiet) <= slots else []


def _waiting_feeds(connection: Connection, kind: str) -> list[str]:
    """Return the feeds that have a job of this kind to dispatch.

    Jobs of paused feeds wait (``services.feeds.pauses``).
    """
    paused = set(connection.execute(_PAUSED).scalars())
    return [feed for feed in connection.execute(_WAITING_FEEDS[kind]).scalars() if feed not in paused]


def queued_feeds(database: Database) -> frozenset[str]:
    """Return the feeds with queued jobs, dispatched or not, except paused feeds."""
    with database.read() as connection:
        paused = set(connection.execute(_PAUSED).scalars())
        sent = set(connection.execute(select(jobs.c.feed).where(IN_WINDOW).distinct()).scalars())
        waiting = _waiting_feeds(connection, _LIVE) + _waiting_feeds(connection, _BACKGROUND)
    return frozenset(waiting) | (sent - paused)


def _choose(connection: Connection, database: Database, live: Sequence[str], limit: int) -> list[Any]:
    """Choose live jobs of all feeds in turn, then background jobs if there is room left."""
    chosen = _in_turn(connection, database, live, limit, _LIVE)
    left = limit - len(chosen)
    if left:
        chosen += _in_turn(connection, database, _waiting_feeds(connection, _BACKGROUND), left, _BACKGROUND)
    return chosen


def _in_turn(connection: Connection, database: Database, waiting: Sequence[str], limit: int, kind: str) -> list[Any]:
    feeds = random.sample(waiting, min(limit, len(waiting)))  # with more feeds than room, a new random choice each time
    if not feeds:
        return []
    share = min(limit, 4 * -(-limit // len(feeds)))  # more than an equal share, for the feeds that have less
    queues = [_next_jobs(connection, database, feed, share, kind) for feed in feeds]
    in_turn = [row for turn in zip_longest(*queues) for row in turn if row is not None]
    return in_turn[:limit]


def _next_jobs(connection: Connection, database: Database, feed: str, limit: int, kind: str) -> Sequence[Any]:
    """Return the feed's next jobs of this kind, by priority, then by age."""
    waiting = (
        select(jobs.c.id, jobs.c.words, jobs.c.attempts)
        .where(WAITING, text(kind), jobs.c.feed == feed, _due())
        .order_by(jobs.c.feed, jobs.c.priority.desc(), jobs.c.id)
        .limit(limit)
    )
    return connection.execute(database.skip_locked(waiting)).all()


def _split_into_messages(rows: Sequence[Any], room: int, size: WindowSize) -> Iterator[Message]:
    """Spread the jobs over messages: short messages while few jobs wait, full ones under load.

    A retried job has a message of its own.
    """
    share = min(size.message_articles, -(-len(rows) // room)) if rows else 0
    batch: list[UUID] = []
    words = sent = 0
    for row in rows:
        alone = row.attempts > 0
        if batch and (alone or len(batch) >= share or words + row.words > size.message_words):
            yield Message(uuid7(), tuple(batch))
            sent += 1
            batch, words = [], 0
        if sent >= room:
            return
        if alone:
            yield Message(uuid7(), (row.id,))
            sent += 1
        else:
            batch.append(row.id)
            words += row.words
    if batch and sent < room:
        yield Message(uuid7(), tuple(batch))


def withdraw_unsent(database: Database, messages: Sequence[Message]) -> None:
    """Remove from the window the messages that could not be sent; their jobs wait again."""
    with database.write() as connection:
        _release(connection, [message.id for message in messages])


def overdue_messages(database: Database, after_s: float) -> frozenset[UUID]:
    """Return messages in the window that were not claimed within ``after_s``.

    Messages dated in the future, after the clock was set back, are included.
    """
    with database.read() as connection:
        late = or_(jobs.c.dispatched_at < now_ms() - int(after_s * 1000), jobs.c.dispatched_at > now_ms() + 1000)
        return frozenset(connection.execute(select(jobs.c.message_id).where(IN_WINDOW, late).distinct()).scalars())


def requeue_lost_messages(database: Database, lost: Sequence[UUID]) -> int:
    """Put the jobs of lost messages back in the queue, and return their number."""
    with database.write() as connection:
        released = _release(connection, lost)
        if released:
            increment(connection, database, {(CounterName.MESSAGES_LOST, NO_LABEL): released})
        return released


def _release(connection: Connection, message_ids: Sequence[UUID]) -> int:
    rows = connection.execute(
        update(jobs)
        .where(IN_WINDOW, jobs.c.message_id.in_(message_ids))
        .values(message_id=None, dispatched_at=None)
        .returning(jobs.c.id)
    ).all()
    return len(rows)


def requeue_expired_leases(database: Database, *, max_attempts: int, lease_s: float) -> Requeued:
    """Requeue running jobs whose lease has expired, or declare them dead after ``max_attempts`` attempts.

    A lease that ends further in the future than twice ``lease_s`` was written before the clock was set back, so it
    counts as expired.
    """
    expired = or_(jobs.c.lease_until < now_ms(), jobs.c.lease_until > now_ms() + int(lease_s * 2000))
    exhausted = jobs.c.attempts >= max_attempts
    lost: dict[str, Any] = {"lease_token": None, "lease_until": None}
    detail = literal("the worker was lost while analysing it; attempt ").concat(cast(jobs.c.attempts, String))
    lost |= {"reason_code": "worker_lost", "reason_detail": detail}
    with database.read() as connection:
        if connection.execute(select(jobs.c.id).where(RUNNING, expired).limit(1)).first() is None:
            return Requeued()
    with database.write() as connection:
        dead = connection.execute(
            update(jobs)
            .where(RUNNING, expired, exhausted)
            .values(state=JobState.DEAD, finished_at=now_ms(), **lost)
            .returning(jobs.c.id, jobs.c.article_id, jobs.c.feed, jobs.c.attempts, jobs.c.reason_detail)
        ).all()
        for row in dead:
            reason = {"code": "worker_lost", "detail": row.reason_detail, "attempts": row.attempts}
            outbox.job_ended(connection, JobState.DEAD, row.feed, row.article_id, row.id, reason)
        dead_by_feed = Counter(row.feed for row in dead)
        requeued = connection.execute(
            update(jobs)
            .where(RUNNING, expired, ~exhausted)
            .values(state=JobState.QUEUED, queued_at=now_ms(), next_run_at=now_ms(), **lost)
        ).rowcount
        increment(connection, database, counter_updates.for_lost_leases(dead_by_feed, requeued))
        return Requeued(requeued=requeued, dead=dead_by_feed.total())
