"""What is declared, and the page made of it."""

from __future__ import annotations

import re

from services.metrics.catalogue import DECLARED, LABELS, Kind
from services.metrics.reference import page
from tests.support import paths

ROOT = paths.ROOT
UNITS = ("_seconds", "_bytes")


def test_the_page_is_what_the_code_declares() -> None:
    assert (ROOT / "docs/metrics.md").read_text() == page(), "run: make metrics-docs"


def test_each_metric_stands_on_the_page_once_with_its_labels() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \|", page(), re.MULTILINE)
    assert {name: re.findall(r"`(\w+)`", labels) for name, kind, labels in rows if kind in set(Kind)} == {
        declared.name: list(declared.labels) for declared in DECLARED
    }
    assert len(DECLARED) == len({declared.name for declared in DECLARED})


def test_names_follow_the_conventions() -> None:
    for declared in DECLARED:
        assert declared.name.startswith(("stancewire_", "celery_"))
        assert declared.name.endswith("_total") == (declared.kind is Kind.COUNTER), declared.name
        if declared.kind is Kind.HISTOGRAM and not declared.name.startswith("celery_"):
            assert declared.name.endswith(UNITS), declared.name
        assert declared.meaning[0].isupper() or declared.meaning[0] == "1"


def test_every_label_has_its_bound() -> None:
    used = {label for declared in DECLARED for label in declared.labels}
    assert used == set(LABELS)


def test_buckets_rise() -> None:
    for declared in DECLARED:
        assert list(declared.buckets) == sorted(set(declared.buckets))
        assert (declared.kind is Kind.HISTOGRAM) == bool(declared.buckets)
