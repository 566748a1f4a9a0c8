"""Counters stored in the ledger: incremented in the transaction that they count, so they survive any process."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from services.database.engine import Database
from services.database.tables import counters


class CounterName(StrEnum):
    """Names of the counters. The comment beside a name says what its label is, if it has one."""

    ACCEPTED = "accepted"  # feed
    REPEATED = "repeated"  # feed; articles pushed again and answered with the existing job
    FINISHED = "finished"  # final state
    ATTEMPTS = "attempts"
    LEASES_LOST = "leases_lost"
    MESSAGES_LOST = "messages_lost"  # jobs whose message was lost before a worker received it
    RETRIED = "retried"
    PRUNED = "pruned"  # kind of the rows that retention removed
    WORDS = "words"
    ATTRIBUTIONS = "attributions"
    STANCES = "stances"
    RESULTS = "results"  # also the sequence of the results
    FEEDS = "feeds"  # feeds that have ever pushed; also the sequence of their ranks
    FEED_RANK = "feed_rank"  # feed; the value is its rank in the order of first pushes, from 1, and never changes
    UNSUCCESSFUL = "unsuccessful"  # reason; attempts that ended without a result
    QUEUE_WAIT = "queue_wait"  # upper bound of the bucket in seconds
    QUEUE_WAIT_SUM = "queue_wait_sum"
    RUN_TIME = "run_time"  # upper bound of the bucket in seconds
    RUN_TIME_SUM = "run_time_sum"
    MODEL_RESULTS = "model_results"  # model
    FEED_RESULTS = "feed_results"  # feed, as for all that follow
    FEED_FAILED = "feed_failed"
    FEED_EMPTY = "feed_empty"
    FEED_ATTRIBUTIONS = "feed_attributions"
    FEED_UNRESOLVED = "feed_unresolved"
    FEED_LOW = "feed_low"
    DELIVERIES_QUEUED = "deliveries_queued"  # type of event
    DELIVERIES = "deliveries"  # outcome of the attempt: delivered, retried or failed


NO_LABEL: Final = ""
Key = tuple[CounterName, str]


def increment(connection: Connection, database: Database, amounts: Mapping[Key, float]) -> dict[Key, float]:
    """Add ``amounts`` to the counters and return their new values.

    Rows are locked in a fixed order, so that two writers cannot deadlock. They stay locked until the transaction
    ends, so the new values are in commit order.
    """
    rows = [{"name": name, "label": label, "value": amount} for (name, label), amount in sorted(amounts.items())]
    if not rows:
        return {}
    increased = connection.execute(_UPSERTS[database.dialect], rows)
    return {(CounterName(name), label): value for name, label, value in increased}


def _upsert(insert: sqlite.Insert | postgresql.Insert) -> ReturningInsert[Any]:
    """Return the statement that adds to counters; it is executed for each article, so it is built once."""
    return insert.on_conflict_do_update(
        index_elements=[counters.c.name, counters.c.label], set_={"value": counters.c.value + insert.excluded.value}
    ).returning(counters.c.name, counters.c.label, counters.c.value)


_UPSERTS: Final = {
    "sqlite": _upsert(sqlite.insert(counters)),
    "postgresql": _upsert(postgresql.insert(counters)),
}


def read_counters(connection: Connection) -> dict[Key, float]:
    """Return all counters that were ever incremented, leaving out names that only a newer version has."""
    names = set(CounterName)
    rows = connection.execute(select(counters.c.name, counters.c.label, counters.c.value))
    return {(CounterName(name), label): value for name, label, value in rows if name in names}
