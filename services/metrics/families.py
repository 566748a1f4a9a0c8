"""Conversion of declarations into the client library's instruments for a process and families for a collector."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from services.metrics.declaration import Kind, MetricDeclaration


def counter(declaration: MetricDeclaration, registry: CollectorRegistry) -> Counter:
    """Return a counter of this process."""
    return Counter(declaration.name, declaration.meaning, declaration.labels, registry=registry)


def gauge(declaration: MetricDeclaration, registry: CollectorRegistry) -> Gauge:
    """Return a gauge of this process; under prefork it shows the greatest value of all children."""
    return Gauge(declaration.name, declaration.meaning, declaration.labels, registry=registry, multiprocess_mode="max")


def histogram(declaration: MetricDeclaration, registry: CollectorRegistry) -> Histogram:
    """Return a histogram of this process."""
    return Histogram(
        declaration.name, declaration.meaning, declaration.labels, buckets=declaration.buckets, registry=registry
    )


def labelled_family(declaration: MetricDeclaration, values: Mapping[tuple[str, ...], float]) -> Metric:
    """Return a family of gauges or counters with ``values``, whose keys are label values in the declared order."""
    family_type = CounterMetricFamily if declaration.kind is Kind.COUNTER else GaugeMetricFamily
    family = family_type(declaration.name, declaration.meaning, labels=declaration.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def unlabelled_family(declaration: MetricDeclaration, value: float) -> Metric:
    """Return a family with one sample, without labels."""
    return labelled_family(declaration, {(): value})


def histogram_family(declaration: MetricDeclaration, cumulative_counts: Mapping[str, float], total: float) -> Metric:
    """Return a family with one histogram, without labels.

    ``cumulative_counts`` are keyed by upper bound and end with ``+Inf``; ``total`` is the sum of all observations.
    """
    family = HistogramMetricFamily(declaration.name, declaration.meaning)
    family.add_metric([], list(cumulative_counts.items()), total)
    return family
