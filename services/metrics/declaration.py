"""The record with which the catalogue declares a metric, and a constructor for each kind of metric."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.database.counters import CounterName


class Kind(StrEnum):
    """The type of a metric, as Prometheus calls it."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Origin(StrEnum):
    """Where a figure is counted, and so which failures and restarts it survives."""

    LEDGER = "ledger"
    STORES = "stores"
    API = "api"
    WORKER = "worker"


@dataclass(frozen=True, slots=True)
class MetricDeclaration:
    """One metric.

    ``name`` is the name of its family: that of a counter ends in ``_total``, those of times and sizes in their unit.
    ``buckets`` are the upper bounds of a histogram.

    A metric that shows a counter of the ledger names it as ``counter``; the counter's label becomes the metric's label,
    or the upper bound of a histogram's bucket. ``sum_counter`` holds the sum of a histogram's observations.
    ``initial_labels`` are the labels that are shown with 0 before they are first counted: without a first sample,
    Prometheus' ``increase`` would miss the first event.
    """

    name: str
    kind: Kind
    origin: Origin
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    counter: CounterName | None = None
    sum_counter: CounterName | None = None
    initial_labels: tuple[str, ...] = ()

    @property
    def series(self) -> frozenset[str]:
        """The names of its samples on a scraped page."""
        if self.kind is Kind.HISTOGRAM:
            return frozenset(self.name + suffix for suffix in ("_bucket", "_sum", "_count"))
        return frozenset({self.name})

    @property
    def by_feed(self) -> bool:
        """Whether its label is the feed: then only the first feeds have series of their own."""
        return self.labels == ("feed",)


def declare_counter(origin: Origin, name: str, meaning: str, *labels: str) -> MetricDeclaration:
    """Return a counter of a process or a store."""
    return MetricDeclaration(name, Kind.COUNTER, origin, meaning, labels)


def declare_gauge(origin: Origin, name: str, meaning: str, *labels: str) -> MetricDeclaration:
    """Return a gauge."""
    return MetricDeclaration(name, Kind.GAUGE, origin, meaning, labels)


def declare_histogram(
    origin: Origin, name: str, meaning: str, buckets: tuple[float, ...], *labels: str
) -> MetricDeclaration:
    """Return a histogram of a process; ``buckets`` are its upper bounds."""
    return MetricDeclaration(name, Kind.HISTOGRAM, origin, meaning, labels, buckets)


def declare_ledger_counter(
    counter: CounterName, name: str, meaning: str, label: str | None = None, *, initial_labels: tuple[str, ...] = ()
) -> MetricDeclaration:
    """Return a metric that shows ``counter`` of the ledger; ``label`` is the meaning of the counter's label, if any."""
    labels = () if label is None else (label,)
    return MetricDeclaration(
        name, Kind.COUNTER, Origin.LEDGER, meaning, labels, counter=counter, initial_labels=initial_labels
    )


def declare_ledger_histogram(
    counter: CounterName, sum_counter: CounterName, name: str, meaning: str, buckets: tuple[float, ...]
) -> MetricDeclaration:
    """Return a histogram that shows ``counter``, labelled with upper bounds, and ``sum_counter``, the sum."""
    return MetricDeclaration(
        name, Kind.HISTOGRAM, Origin.LEDGER, meaning, buckets=buckets, counter=counter, sum_counter=sum_counter
    )
