"""The metrics of the ledger, read at each scrape.

Every API process shows the same values: queries take their maximum over instances, not their sum.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from services.contracts import QueueName
from services.database.counters import NO_LABEL, CounterName
from services.database.engine import Database
from services.dispatch.store_watch import Store, StoreWatch
from services.errors import StoreFault, StoreUnavailable
from services.jobs.counter_updates import BEYOND
from services.jobs.hosts import HostRole
from services.jobs.snapshot import Snapshot, take_snapshot
from services.metrics import catalogue
from services.metrics.catalogue import METRICS
from services.metrics.declaration import Kind, MetricDeclaration
from services.metrics.families import histogram_family, labelled_family, unlabelled_family
from services.metrics.labels import OTHER_FEEDS

# A long backlog takes a while to read. A snapshot that took longer than this many seconds is reused for
# `_REUSE_FACTOR` times as long, so that at most a twentieth of the time is spent reading, however frequent the scrapes.
_SLOW_READ_S: Final = 0.5
_REUSE_FACTOR: Final = 19

# The values of the ledger's counters by label.
_CounterValues = Mapping[CounterName, Mapping[str, float]]


class LedgerCollector(Collector):
    """Collect the ledger's metrics at the scrape.

    If the database does not answer, ``stancewire_ledger_up`` is 0 and all other metrics of the ledger are absent.
    """

    def __init__(self, database: Database, feeds: int, watch: StoreWatch) -> None:
        """Read from ``database``; at most ``feeds`` feeds have series of their own.

        While ``watch`` gets no answer from the database, it is not asked: a scrape must not hang with it.
        """
        self._database = database
        self._watch = watch
        self._feeds = feeds
        self._lock = threading.Lock()
        self._last_read: tuple[Snapshot, float] | None = None
        self._reuse_until = 0.0

    def describe(self) -> list[Metric]:
        """Return no metrics: the registry then checks no names, and registering does not query the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges of the moment, then the counters since the ledger was created."""
        try:
            snapshot, read_s = self._snapshot()
        except StoreUnavailable:
            yield unlabelled_family(catalogue.LEDGER_UP, 0)
            return
        values = _values_by_counter(snapshot)
        feeds = _named_feeds(values, self._feeds)
        yield unlabelled_family(catalogue.LEDGER_UP, 1)
        yield unlabelled_family(catalogue.LEDGER_READ, read_s)
        yield from _gauges(snapshot, feeds)
        for declaration in METRICS:
            if declaration.counter is not None:
                yield _counter_family(declaration, values, feeds)

    def _snapshot(self) -> tuple[Snapshot, float]:
        """Return a snapshot and the seconds that it took to read. Raises `StoreUnavailable`."""
        fault = self._watch.last(Store.DATABASE).fault
        if fault is not None and fault.fault is StoreFault.NO_ANSWER:
            raise StoreUnavailable(fault.detail)
        with self._lock:
            if self._last_read is None or time.monotonic() >= self._reuse_until:
                began = time.monotonic()
                snapshot = take_snapshot(self._database)
                read_s = time.monotonic() - began
                self._last_read = snapshot, read_s
                self._reuse_until = time.monotonic() + (_REUSE_FACTOR * read_s if read_s > _SLOW_READ_S else 0)
            return self._last_read


def _values_by_counter(snapshot: Snapshot) -> _CounterValues:
    values: defaultdict[CounterName, dict[str, float]] = defaultdict(dict)
    for (counter, label), value in snapshot.counters.items():
        values[counter][label] = value
    return values


def _gauges(snapshot: Snapshot, feeds: frozenset[str]) -> Iterator[Metric]:
    queue = QueueName.ANALYSE.value
    yield labelled_family(catalogue.JOBS, {(state.value,): number for state, number in snapshot.jobs.items()})
    yield labelled_family(catalogue.FEED_QUEUED, _by_feed(snapshot.queued_by_feed, feeds))
    yield unlabelled_family(catalogue.OLDEST_QUEUED, snapshot.oldest_queued_s)
    yield unlabelled_family(catalogue.SWEEPERS, snapshot.hosts[HostRole.SWEEPER])
    yield unlabelled_family(catalogue.DELIVERERS, snapshot.hosts[HostRole.DELIVERER])
    yield labelled_family(catalogue.WORKERS, {(queue,): snapshot.hosts[HostRole.WORKER]})
    yield labelled_family(catalogue.SLOTS, {(queue,): snapshot.slots})
    yield labelled_family(catalogue.PAUSED, {(feed,): 1 for feed in snapshot.paused})
    yield labelled_family(catalogue.SOURCES, dict(snapshot.sources))
    yield unlabelled_family(catalogue.DATABASE_SIZE, snapshot.database_bytes)
    webhooks = snapshot.deliveries
    states = {"enabled": webhooks.enabled, "failing": webhooks.failing, "disabled": webhooks.disabled}
    yield labelled_family(catalogue.WEBHOOKS, {(state,): number for state, number in states.items()})
    yield unlabelled_family(catalogue.DELIVERIES_PENDING, webhooks.pending)
    yield unlabelled_family(catalogue.DELIVERIES_LATE, webhooks.late_s)


def _counter_family(declaration: MetricDeclaration, values: _CounterValues, feeds: frozenset[str]) -> Metric:
    """Return the family of a metric whose declaration names a counter; ``feeds`` have series of their own."""
    by_label = _values_of(declaration.counter, values)
    if declaration.kind is Kind.HISTOGRAM:
        total = _values_of(declaration.sum_counter, values).get(NO_LABEL, 0.0)
        return histogram_family(declaration, _cumulative_counts(declaration.buckets, by_label), total)
    if declaration.by_feed:
        return labelled_family(declaration, _by_feed(by_label, feeds))
    if not declaration.labels:
        return unlabelled_family(declaration, by_label.get(NO_LABEL, 0.0))
    initial: dict[str, float] = dict.fromkeys(declaration.initial_labels, 0)
    return labelled_family(declaration, {(label,): value for label, value in {**initial, **by_label}.items()})


def _values_of(counter: CounterName | None, values: _CounterValues) -> Mapping[str, float]:
    return {} if counter is None else values.get(counter, {})


def _named_feeds(values: _CounterValues, number: int) -> frozenset[str]:
    """Return the feeds that have series of their own: the first ``number`` feeds that pushed.

    A feed keeps its series, as its counters would otherwise go backwards. Feeds without a rank come first: their ledger
    is older than ranks.
    """
    ranks = _values_of(CounterName.FEED_RANK, values)
    feeds = sorted(_values_of(CounterName.ACCEPTED, values), key=lambda feed: (ranks.get(feed, 0), feed))
    return frozenset(feeds[:number])


def _by_feed(values: Mapping[str, float], feeds: frozenset[str]) -> dict[tuple[str, ...], float]:
    """Return a value for each of ``feeds``, and the sum of all others as ``OTHER_FEEDS`` if there are any.

    A feed without a value gets 0, so that a rate includes its first event.
    """
    named: dict[tuple[str, ...], float] = {(feed,): values.get(feed, 0) for feed in sorted(feeds)}
    others = [value for feed, value in values.items() if feed not in feeds]
    return named | ({(OTHER_FEEDS,): sum(others)} if others else {})


def _cumulative_counts(bounds: tuple[float, ...], counts: Mapping[str, float]) -> dict[str, float]:
    """Return the number of observations at or below each of ``bounds``, and of all observations as ``+Inf``.

    ``counts`` are not cumulative and may have bounds of an older version: those count towards the next greater bound.
    """
    cumulative = {
        str(bound): sum(count for label, count in counts.items() if float(label) <= bound) for bound in bounds
    }
    return {**cumulative, BEYOND: sum(counts.values())}
