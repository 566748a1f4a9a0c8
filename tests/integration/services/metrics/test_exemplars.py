"""Traces on the histograms of an API process, as OpenMetrics exemplars."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from services.database.engine import Database
from tests.support.api import Api
from tests.support.collector import Collector, collector

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACED = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
OPENMETRICS = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2"  # as Prometheus asks


def exemplars(api: Api) -> dict[str, set[str]]:
    """Return the traces of the exemplars by the name of their sample."""
    answer = api.client.get("/metrics", headers={"Accept": OPENMETRICS})
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    traces: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(answer.text):  # type: ignore[no-untyped-call]  # the package types its interface only in part
        for sample in family.samples:
            if sample.exemplar is not None:
                traces.setdefault(sample.name, set()).add(sample.exemplar.labels["trace_id"])
    return traces


@pytest.fixture
def received() -> Iterator[Collector]:
    with collector() as running:
        yield running


def test_times_of_traced_requests_and_their_transactions_name_the_trace(
    received: Collector, sqlite_database: Database, serve: Any
) -> None:
    api = serve(sqlite_database, tracing={"endpoint": received.url, "ratio": 0})
    api.push("The minister said no.")
    assert exemplars(api) == {}, "a request that is not sampled has no trace to look up"
    api.client.post("/v1/articles", json={"body": "The mayor said yes."}, headers=TRACED).raise_for_status()
    assert exemplars(api) == {
        "stancewire_http_request_seconds_bucket": {TRACE},
        "stancewire_database_transaction_seconds_bucket": {TRACE},
    }
    assert "openmetrics" not in api.client.get("/metrics").headers["Content-Type"]


def test_metrics_keep_their_format_without_traces(sqlite_api: Api) -> None:
    answer = sqlite_api.client.get("/metrics", headers={"Accept": OPENMETRICS})
    assert answer.headers["Content-Type"].startswith("text/plain")
