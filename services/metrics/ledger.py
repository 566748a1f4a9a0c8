"""The ledger's figures, read at each scrape.

Every API process shows the same: queries take their maximum, not their sum.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Final

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from services.contracts import FINAL_STATES, QueueName
from services.database.counters import NO_LABEL, CounterName
from services.database.engine import Database
from services.errors import StoreUnavailable
from services.jobs.counter_updates import BEYOND, RUN_BUCKETS, WAIT_BUCKETS
from services.jobs.hosts import HostRole
from services.jobs.snapshot import Snapshot, take_snapshot
from services.maintenance.retention_steps import KINDS
from services.metrics import catalogue
from services.metrics.catalogue import OTHER_FEEDS, MetricDeclaration
from services.metrics.families import histogram, single, table

# Totals that are shown as they are; those that are counted by feed; and the histograms with their sums.
_PLAIN: Final = {
    CounterName.FINISHED: catalogue.FINISHED,
    CounterName.ATTEMPTS: catalogue.ATTEMPTS,
    CounterName.UNSUCCESSFUL: catalogue.UNSUCCESSFUL,
    CounterName.RETRIED: catalogue.RETRIED,
    CounterName.PRUNED: catalogue.PRUNED,
    CounterName.LEASES_LOST: catalogue.LEASES_LOST,
    CounterName.MESSAGES_LOST: catalogue.MESSAGES_LOST,
    CounterName.WORDS: catalogue.WORDS,
    CounterName.ATTRIBUTIONS: catalogue.ATTRIBUTIONS,
    CounterName.STANCES: catalogue.STANCES,
    CounterName.MODEL_RESULTS: catalogue.RESULTS_BY_MODEL,
}
_BY_FEED: Final = {
    CounterName.ACCEPTED: catalogue.ACCEPTED,
    CounterName.REPEATED: catalogue.REPEATED,
    CounterName.FEED_RESULTS: catalogue.FEED_RESULTS,
    CounterName.FEED_FAILED: catalogue.FEED_FAILED,
    CounterName.FEED_EMPTY: catalogue.FEED_EMPTY,
    CounterName.FEED_ATTRIBUTIONS: catalogue.FEED_ATTRIBUTIONS,
    CounterName.FEED_UNRESOLVED: catalogue.FEED_UNRESOLVED,
    CounterName.FEED_LOW: catalogue.FEED_LOW,
}
# Series that are there with 0 before anything happened: an increase would miss the first.
_FROM_ZERO: Final[dict[CounterName, dict[str, float]]] = {
    CounterName.FINISHED: dict.fromkeys(sorted(FINAL_STATES), 0),
    CounterName.PRUNED: dict.fromkeys((kind.name for kind in KINDS), 0),
}
_HISTOGRAMS: Final = (
    (catalogue.QUEUE_WAIT, CounterName.QUEUE_WAIT, CounterName.QUEUE_WAIT_SUM, WAIT_BUCKETS),
    (catalogue.RUN_TIME, CounterName.RUN_TIME, CounterName.RUN_TIME_SUM, RUN_BUCKETS),
)
# Reading a long backlog takes a while: then it is read at most a twentieth of the time, however often it is asked for.
_DEAR_S: Final = 0.5
_REST: Final = 19


class LedgerCollector(Collector):
    """Reads the ledger at each scrape; without an answer ``stancewire_ledger_up`` is 0 and all else is missing."""

    def __init__(self, database: Database, feeds: int) -> None:
        """Read from ``database``; at most ``feeds`` feeds have series of their own."""
        self._database = database
        self._feeds = feeds
        self._lock = threading.Lock()
        self._read: tuple[Snapshot, float] | None = None
        self._fresh_until = 0.0

    def describe(self) -> list[Metric]:
        """Nothing: names are not checked against the registry, so that registering does not touch the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Gauges of the moment, then counters since the ledger began."""
        try:
            seen, seconds = self._observe()
        except StoreUnavailable:
            yield single(catalogue.LEDGER_UP, 0)
            return
        yield single(catalogue.LEDGER_UP, 1)
        yield single(catalogue.LEDGER_READ, seconds)
        yield from _now(seen)
        shown = _shown(seen, self._feeds)
        yield table(catalogue.FEED_QUEUED, _by_feed(seen.queued_by_feed, shown))
        for total, declared in _BY_FEED.items():
            yield table(declared, _by_feed(_labels(seen, total), shown))
        for total, declared in _PLAIN.items():
            yield _counter(declared, _FROM_ZERO.get(total, {}) | _labels(seen, total))
        for declared, buckets, summed, bounds in _HISTOGRAMS:
            yield _histogram(declared, _labels(seen, buckets), _labels(seen, summed).get(NO_LABEL, 0.0), bounds)

    def _observe(self) -> tuple[Snapshot, float]:
        with self._lock:
            if self._read is None or time.monotonic() >= self._fresh_until:
                began = time.monotonic()
                seen = take_snapshot(self._database)
                seconds = time.monotonic() - began
                self._read = seen, seconds
                self._fresh_until = time.monotonic() + (_REST * seconds if seconds > _DEAR_S else 0)
            return self._read


def _now(seen: Snapshot) -> Iterator[Metric]:
    queue = QueueName.ANALYSE.value
    yield table(catalogue.JOBS, {(state.value,): number for state, number in seen.jobs.items()})
    yield single(catalogue.OLDEST_QUEUED, seen.oldest_queued_s)
    yield single(catalogue.SWEEPERS, seen.hosts[HostRole.SWEEPER])
    yield table(catalogue.WORKERS, {(queue,): seen.hosts[HostRole.WORKER]})
    yield table(catalogue.SLOTS, {(queue,): seen.slots})
    yield table(catalogue.PAUSED, {(feed,): 1 for feed in seen.paused})
    yield single(catalogue.DATABASE_SIZE, seen.database_bytes)


def _labels(seen: Snapshot, total: CounterName) -> dict[str, float]:
    return {label: value for (name, label), value in seen.counters.items() if name is total}


def _shown(seen: Snapshot, number: int) -> frozenset[str]:
    """The feeds that have series of their own. A feed that has them keeps them, or counters would turn back.

    Feeds without a rank are those of a ledger that is older than ranks: they come first.
    """
    ranks = _labels(seen, CounterName.FEED_RANK)
    feeds = sorted(_labels(seen, CounterName.ACCEPTED), key=lambda feed: (ranks.get(feed, 0), feed))
    return frozenset(feeds[:number])


def _by_feed(values: Mapping[str, float], shown: frozenset[str]) -> dict[tuple[str, ...], float]:
    """Return a value for each shown feed, and one for all others together.

    Feeds without a value have 0, so that a rate includes the first event.
    """
    named: dict[tuple[str, ...], float] = {(feed,): values.get(feed, 0) for feed in sorted(shown)}
    others = [value for feed, value in values.items() if feed not in shown]
    return named | ({(OTHER_FEEDS,): sum(others)} if others else {})


def _counter(declared: MetricDeclaration, values: Mapping[str, float]) -> Metric:
    if not declared.labels:
        return single(declared, values.get(NO_LABEL, 0.0))
    return table(declared, {(label,): value for label, value in values.items()})


def _histogram(
    declared: MetricDeclaration, counts: Mapping[str, float], total: float, bounds: Iterable[float]
) -> Metric:
    """Cumulative from rows that are not; rows of bounds that an older version had count where they belong."""
    at_most: Callable[[float], float] = lambda bound: sum(n for label, n in counts.items() if float(label) <= bound)  # noqa: E731
    return histogram(
        declared, {**{str(bound): at_most(bound) for bound in bounds}, BEYOND: sum(counts.values())}, total
    )
