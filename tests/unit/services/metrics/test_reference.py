"""The declared metrics, and the reference page generated from them."""

from __future__ import annotations

import re

from services.metrics.catalogue import LABEL_VALUES, METRICS
from services.metrics.declaration import Kind
from services.metrics.reference import page
from tests.support import paths

ROOT = paths.ROOT
UNITS = ("_seconds", "_bytes")


def test_the_page_is_what_the_code_declares() -> None:
    assert (ROOT / "docs/metrics.md").read_text() == page(), "run: make metrics-docs"


def test_each_metric_stands_on_the_page_once_with_its_labels() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \|", page(), re.MULTILINE)
    assert {name: re.findall(r"`(\w+)`", labels) for name, kind, labels in rows if kind in set(Kind)} == {
        declared.name: list(declared.labels) for declared in METRICS
    }
    assert len(METRICS) == len({declared.name for declared in METRICS})


def test_names_follow_the_conventions() -> None:
    for declared in METRICS:
        assert declared.name.startswith(("stancewire_", "celery_"))
        assert declared.name.endswith("_total") == (declared.kind is Kind.COUNTER), declared.name
        if declared.kind is Kind.HISTOGRAM and not declared.name.startswith("celery_"):
            assert declared.name.endswith(UNITS), declared.name
        assert declared.meaning[0].isupper() or declared.meaning[0] == "1"


def test_every_label_has_its_bound() -> None:
    used = {label for declared in METRICS for label in declared.labels}
    assert used == set(LABEL_VALUES)


def test_buckets_rise() -> None:
    for declared in METRICS:
        assert list(declared.buckets) == sorted(set(declared.buckets))
        assert (declared.kind is Kind.HISTOGRAM) == bool(declared.buckets)
