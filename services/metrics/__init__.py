"""All metrics of the system. ``catalogue`` declares them; decision 6 says where each figure is counted, and why.

Figures that must survive a killed process (jobs, articles, words) are read from the ledger at each scrape; figures
about a process (requests, stages) are counted in it. Under prefork they are counted in files, which a new child takes
over from the child that it replaces.
"""

from __future__ import annotations

from prometheus_client import disable_created_metrics

from services.metrics.catalogue import declared_names
from services.metrics.ledger import LedgerCollector
from services.metrics.prefork import count_under_prefork, prefork_registry
from services.metrics.processes import ApiMetrics, WorkerMetrics
from services.metrics.stores import StoresCollector

disable_created_metrics()  # type: ignore[no-untyped-call]  # untyped; drops the `_created` series, which no query uses

__all__ = [
    "ApiMetrics",
    "LedgerCollector",
    "StoresCollector",
    "WorkerMetrics",
    "count_under_prefork",
    "declared_names",
    "prefork_registry",
]
