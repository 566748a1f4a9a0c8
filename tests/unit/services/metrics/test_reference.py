"""The declaration metrics, and the reference page generated from them."""

from __future__ import annotations

import re

from services.database.counters import CounterName
from services.metrics.catalogue import METRICS
from services.metrics.declaration import Kind, Origin
from services.metrics.labels import LABEL_VALUES
from services.metrics.reference import page
from tests.support import paths

ROOT = paths.ROOT
UNITS = ("_seconds", "_bytes")
# Counters that number results and feeds in order of arrival; not shown as metrics.
SEQUENCES = {CounterName.RESULTS, CounterName.FEEDS, CounterName.FEED_RANK}


def test_reference_page_is_current() -> None:
    assert (ROOT / "docs/metrics.md").read_text() == page(), "run: make reference"


def test_reference_page_lists_each_metric_once_with_its_labels() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \|", page(), re.MULTILINE)
    assert {name: re.findall(r"`(\w+)`", labels) for name, kind, labels in rows if kind in set(Kind)} == {
        declaration.name: list(declaration.labels) for declaration in METRICS
    }
    assert len(METRICS) == len({declaration.name for declaration in METRICS})


def test_metric_names_follow_prometheus_conventions() -> None:
    for declaration in METRICS:
        assert declaration.name.startswith(("stancewire_", "celery_"))
        assert declaration.name.endswith("_total") == (declaration.kind is Kind.COUNTER), declaration.name
        if declaration.kind is Kind.HISTOGRAM and not declaration.name.startswith("celery_"):
            assert declaration.name.endswith(UNITS), declaration.name
        assert declaration.meaning[0].isupper() or declaration.meaning[0] == "1"


def test_possible_values_of_every_label_are_described() -> None:
    used = {label for declaration in METRICS for label in declaration.labels}
    assert used == set(LABEL_VALUES)


def test_histograms_have_ascending_buckets() -> None:
    for declaration in METRICS:
        assert list(declaration.buckets) == sorted(set(declaration.buckets))
        assert (declaration.kind is Kind.HISTOGRAM) == bool(declaration.buckets)


def test_every_ledger_counter_is_shown_by_one_metric() -> None:
    shown = [declaration.counter for declaration in METRICS] + [declaration.sum_counter for declaration in METRICS]
    assert {counter: shown.count(counter) for counter in CounterName} == {
        counter: 0 if counter in SEQUENCES else 1 for counter in CounterName
    }


def test_only_ledger_metrics_show_ledger_counters() -> None:
    for declaration in METRICS:
        shows_counter = declaration.origin is Origin.LEDGER and declaration.kind is not Kind.GAUGE
        assert (declaration.counter is not None) == shows_counter, declaration.name
        assert (declaration.sum_counter is not None) == (shows_counter and declaration.kind is Kind.HISTOGRAM)
        assert len(declaration.labels) <= 1 or not shows_counter, "a counter of the ledger has one label"
