"""What dispatch and sweep do to the ledger: choose the next jobs, and put back what was lost on the way.

Order and fairness are decided here, in SQL: round-robin over the feeds, within a feed by priority, then by age. Redis only ever
holds the short window that :func:`fill` marks.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, String, cast, distinct, func, literal, or_, select, text, update
from uuid_utils.compat import uuid7

from services.contracts import JobState
from services.results import tallies
from services.results.database import Database, now_ms
from services.results.tables import IN_WINDOW, RUNNING, WAITING, hosts, jobs, pauses
from services.results.totals import NO_LABEL, Total, raise_totals

ALIVE_MS = 30_000  # a worker host that was not seen for so long does not count

# A loose index scan: one step in ix_jobs_waiting for each feed, however many jobs wait.
_FEEDS = text(
    """
    WITH RECURSIVE waiting(feed) AS (
        SELECT (SELECT feed FROM jobs WHERE state = 'queued' AND message_id IS NULL ORDER BY feed LIMIT 1)
        UNION ALL
        SELECT (SELECT feed FROM jobs WHERE state = 'queued' AND message_id IS NULL AND feed > waiting.feed
                ORDER BY feed LIMIT 1)
        FROM waiting WHERE waiting.feed IS NOT NULL
    )
    SELECT feed FROM waiting WHERE feed IS NOT NULL
    """
)


@dataclass(frozen=True, slots=True)
class Size:
    """How much one window may hold."""

    per_slot: int
    message_articles: int
    message_words: int


@dataclass(frozen=True, slots=True)
class Message:
    """Job IDs that travel together. Only this message may start them."""

    id: UUID
    job_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Lost:
    """What a sweep put right."""

    requeued: int = 0
    dead: int = 0


def fill(database: Database, size: Size) -> list[Message]:
    """Choose waiting jobs up to the window's size and mark them as dispatched; the caller sends after this commit."""
    with database.read() as connection:  # most calls find a full window or nothing waiting, and take no write lock
        if _room(connection, size) <= 0 or not _waiting_feeds(connection):
            return []
    with database.write() as connection:
        room = _room(connection, size)
        if room <= 0:
            return []
        chosen = _choose(connection, database, room * size.message_articles)
        messages = list(_cut(chosen, room, size))
        for message in messages:
            connection.execute(
                update(jobs).where(jobs.c.id.in_(message.job_ids)).values(message_id=message.id, dispatched_at=now_ms())
            )
        return messages


def _room(connection: Connection, size: Size) -> int:
    """Messages that may be added now. Without any worker alive, one slot's worth lies ready for the first to start."""
    alive = select(func.coalesce(func.sum(hosts.c.slots), 0)).where(hosts.c.seen_at > now_ms() - ALIVE_MS)
    slots = max(1, connection.execute(alive).scalar_one())
    within = connection.execute(select(func.count(distinct(jobs.c.message_id))).where(IN_WINDOW)).scalar_one()
    return int(slots) * size.per_slot - int(within)


def _waiting_feeds(connection: Connection) -> list[str]:
    """The feeds that have a job to dispatch. A paused feed's jobs wait (``services.keeping.pauses``)."""
    paused = set(connection.execute(select(pauses.c.feed)).scalars())
    return [feed for feed in connection.execute(_FEEDS).scalars() if feed not in paused]


def _choose(connection: Connection, database: Database, limit: int) -> list[Any]:
    feeds = _waiting_feeds(connection)
    random.shuffle(feeds)  # with more feeds than room, chance decides who goes first, each time anew
    feeds = feeds[:limit]
    if not feeds:
        return []
    share = min(limit, 4 * -(-limit // len(feeds)))  # more than an equal share, for the feeds that have less
    columns = (jobs.c.id, jobs.c.words, jobs.c.attempts)
    queues = [
        connection.execute(
            database.skip_locked(
                select(*columns)
                .where(WAITING, jobs.c.feed == feed, jobs.c.next_run_at <= now_ms())
                .order_by(jobs.c.feed, jobs.c.priority.desc(), jobs.c.id)
                .limit(share)
            )
        ).all()
        for feed in feeds
    ]
    in_turn = [row for turn in zip_longest(*queues) for row in turn if row is not None]
    return in_turn[:limit]


def _cut(rows: Sequence[Any], room: int, size: Size) -> Iterator[Message]:
    """Spread the jobs over the messages: short messages while little waits, full ones under load; a retried job travels alone."""
    share = min(size.message_articles, -(-len(rows) // room)) if rows else 0
    together: list[UUID] = []
    words = sent = 0
    for row in rows:
        alone = row.attempts > 0
        if together and (alone or len(together) >= share or words + row.words > size.message_words):
            yield Message(uuid7(), tuple(together))
            sent += 1
            together, words = [], 0
        if sent >= room:
            return
        if alone:
            yield Message(uuid7(), (row.id,))
            sent += 1
        else:
            together.append(row.id)
            words += row.words
    if together and sent < room:
        yield Message(uuid7(), tuple(together))


def unsent(database: Database, messages: Sequence[Message]) -> None:
    """Take messages that could not be sent out of the window."""
    with database.write() as connection:
        _release(connection, [message.id for message in messages])


def overdue(database: Database, after_s: float) -> frozenset[UUID]:
    """Messages in the window for longer than ``after_s`` (or, after the clock was set back, from the future) and not claimed."""
    with database.read() as connection:
        late = or_(jobs.c.dispatched_at < now_ms() - int(after_s * 1000), jobs.c.dispatched_at > now_ms() + 1000)
        return frozenset(connection.execute(select(jobs.c.message_id).where(IN_WINDOW, late).distinct()).scalars())


def put_back(database: Database, lost: Sequence[UUID]) -> int:
    """Jobs of messages that are nowhere any more wait again; returns how many jobs."""
    with database.write() as connection:
        released = _release(connection, lost)
        if released:
            raise_totals(connection, database, {(Total.MESSAGES_LOST, NO_LABEL): released})
        return released


def _release(connection: Connection, message_ids: Sequence[UUID]) -> int:
    rows = connection.execute(
        update(jobs)
        .where(IN_WINDOW, jobs.c.message_id.in_(message_ids))
        .values(message_id=None, dispatched_at=None)
        .returning(jobs.c.id)
    ).all()
    return len(rows)


def reap(database: Database, *, max_attempts: int, lease_s: float) -> Lost:
    """Running jobs whose lease has ended go back to the queue, or are dead if they were tried often enough.

    A lease that ends further ahead than any lease lasts was written before the clock was set back: it has ended, too.
    """
    ended = or_(jobs.c.lease_until < now_ms(), jobs.c.lease_until > now_ms() + int(lease_s * 2000))
    tried = jobs.c.attempts >= max_attempts
    free: dict[str, Any] = {"lease_token": None, "lease_until": None}
    detail = literal("the worker was lost while analysing it; attempt ").concat(cast(jobs.c.attempts, String))
    free |= {"reason_code": "worker_lost", "reason_detail": detail}
    with database.read() as connection:
        if connection.execute(select(jobs.c.id).where(RUNNING, ended).limit(1)).first() is None:
            return Lost()
    with database.write() as connection:
        feeds = connection.execute(
            update(jobs)
            .where(RUNNING, ended, tried)
            .values(state=JobState.DEAD, finished_at=now_ms(), **free)
            .returning(jobs.c.feed)
        ).scalars()
        dead_by_feed = Counter(feeds)
        requeued = connection.execute(
            update(jobs).where(RUNNING, ended, ~tried).values(state=JobState.QUEUED, queued_at=now_ms(), **free)
        ).rowcount
        raise_totals(connection, database, tallies.of_lost_leases(dead_by_feed, requeued))
        return Lost(requeued=requeued, dead=dead_by_feed.total())
