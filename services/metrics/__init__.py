"""Every metric of the system. ``catalogue`` declares them; decision 6 says where a figure is counted, and why there.

Figures that must survive a killed process (jobs, articles, words) are read from the ledger at each scrape; figures
about a process (requests, stages) are counted in it, under prefork in files that a replaced child takes over from
the one before it.
"""

from __future__ import annotations

from prometheus_client import disable_created_metrics

from services.metrics.catalogue import declared_names
from services.metrics.ledger import LedgerCollector
from services.metrics.prefork import count_under_prefork, prefork_registry
from services.metrics.processes import ApiMetrics, WorkerMetrics
from services.metrics.stores import StoresCollector

disable_created_metrics()  # type: ignore[no-untyped-call]  # no types; what it drops: a second series for each, which no query here reads

__all__ = [
    "ApiMetrics",
    "LedgerCollector",
    "StoresCollector",
    "WorkerMetrics",
    "count_under_prefork",
    "declared_names",
    "prefork_registry",
]
