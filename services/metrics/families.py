"""Objects of the client library made from declarations: metrics that count, and families for collectors."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from services.metrics.catalogue import Kind, MetricDeclaration


def counter(declared: MetricDeclaration, registry: CollectorRegistry) -> Counter:
    """A counter of this process."""
    return Counter(declared.name, declared.meaning, declared.labels, registry=registry)


def gauge(declared: MetricDeclaration, registry: CollectorRegistry) -> Gauge:
    """A gauge of this process; under prefork the greatest value of all children."""
    return Gauge(declared.name, declared.meaning, declared.labels, registry=registry, multiprocess_mode="max")


def timing(declared: MetricDeclaration, registry: CollectorRegistry) -> Histogram:
    """A histogram of this process."""
    return Histogram(declared.name, declared.meaning, declared.labels, buckets=declared.buckets, registry=registry)


def table(declared: MetricDeclaration, values: Mapping[tuple[str, ...], float]) -> Metric:
    """A family of gauges or counters with the values given by label values."""
    kind = CounterMetricFamily if declared.kind is Kind.COUNTER else GaugeMetricFamily
    family = kind(declared.name, declared.meaning, labels=declared.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def single(declared: MetricDeclaration, value: float) -> Metric:
    """A family with one sample, without labels."""
    return table(declared, {(): value})


def histogram(declared: MetricDeclaration, cumulative: Mapping[str, float], total: float) -> Metric:
    """A histogram's family without labels: its cumulative counts by upper bound, the last one ``+Inf``, and its sum."""
    family = HistogramMetricFamily(declared.name, declared.meaning)
    family.add_metric([], list(cumulative.items()), total)
    return family
