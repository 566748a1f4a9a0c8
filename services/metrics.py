"""Every metric of the system is declared here.

What must survive a killed process (jobs, articles, words) is read from the ledger at each scrape; what describes a process
(requests, stages) is counted in it, under prefork in files that a replaced child takes over from the one before it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from billiard.process import current_process
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, values
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from services.errors import StoreUnavailable
from services.results import queries
from services.results.database import Database
from services.results.totals import NO_LABEL, Total

disable_created_metrics()  # type: ignore[no-untyped-call]  # no types; what it drops: a second series for each, which no query here reads

_REQUEST_BUCKETS: Final = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_STAGE_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)

# Totals of the ledger as counters: total, metric without its suffix, label, meaning.
_FROM_TOTALS: Final = (
    (Total.ACCEPTED, "stancewire_articles_accepted", "feed", "Articles taken in"),
    (
        Total.REPEATED,
        "stancewire_articles_repeated",
        "feed",
        "Articles pushed again and answered with the job they had",
    ),
    (Total.FINISHED, "stancewire_jobs_finished", "state", "Jobs that reached a final state"),
    (Total.ATTEMPTS, "stancewire_job_attempts", "", "Attempts begun"),
    (Total.RETRIED, "stancewire_jobs_retried", "", "Failed or dead jobs queued again on request"),
    (Total.LEASES_LOST, "stancewire_leases_lost", "", "Leases that ended before their job was closed"),
    (
        Total.MESSAGES_LOST,
        "stancewire_dispatched_jobs_lost",
        "",
        "Jobs whose message was lost between dispatch and claim",
    ),
    (Total.WORDS, "stancewire_words_analysed", "", "Words of the texts analysed"),
    (Total.ATTRIBUTIONS, "stancewire_attributions_found", "", "Attributions in stored results"),
    (Total.STANCES, "stancewire_stances_found", "", "Stances in stored results"),
)


class ApiMetrics:
    """What an API process counts about itself."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Declare the metrics in ``registry``."""
        self.requests = Counter("stancewire_http_requests", "HTTP requests", ("method", "route", "status"), registry=registry)
        self.seconds = Histogram(
            "stancewire_http_request_seconds",
            "Time from the request's head to the answer's end, waiting by wish included",
            ("method", "route"),
            buckets=_REQUEST_BUCKETS,
            registry=registry,
        )
        self.refused = Counter("stancewire_articles_refused", "Articles not taken in, by problem", ("code",), registry=registry)


class WorkerMetrics:
    """What a worker process counts about itself."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Declare the metrics in ``registry``."""
        self.stages = Histogram(
            "stancewire_stage_seconds",
            "Time of one pipeline stage on one article",
            ("stage",),
            buckets=_STAGE_BUCKETS,
            registry=registry,
        )
        self.articles = Histogram(
            "stancewire_article_seconds",
            "Time of one attempt at one article, by how it ended",
            ("outcome",),
            buckets=_STAGE_BUCKETS,
            registry=registry,
        )


class LedgerCollector(Collector):
    """The ledger's figures, read at each scrape; ``stancewire_ledger_up`` is 0 when the database does not answer."""

    def __init__(self, database: Database) -> None:
        """Read from ``database``."""
        self._database = database

    def describe(self) -> list[Metric]:
        """Nothing: names are not checked against the registry, so that registering does not touch the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Gauges of the moment, then counters since the ledger began."""
        up = GaugeMetricFamily("stancewire_ledger_up", "Whether the ledger answers")
        try:
            now = queries.snapshot(self._database)
        except StoreUnavailable:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        jobs = GaugeMetricFamily("stancewire_jobs", "Jobs in this state now", labels=["state"])
        for state, number in now.jobs.items():
            jobs.add_metric([state], number)
        yield jobs
        yield GaugeMetricFamily(
            "stancewire_oldest_queued_seconds", "Age of the job queued for longest", value=now.oldest_queued_s
        )
        yield GaugeMetricFamily("stancewire_worker_slots", "Worker processes seen lately", value=now.worker_slots)
        for total, name, label, meaning in _FROM_TOTALS:
            family = CounterMetricFamily(name, meaning, labels=[label] if label else [])
            found = {key[1]: value for key, value in now.totals.items() if key[0] is total}
            if not label:
                found = {NO_LABEL: found.get(NO_LABEL, 0.0)}
            for value_label, value in found.items():
                family.add_metric([value_label] if label else [], value)
            yield family


def count_under_prefork(directory: Path) -> None:
    """Keep the metrics that this process and its children declare from now on in files under ``directory``, emptied first.

    Files are named by the child's slot, not by its process ID, so that a child that replaces a killed one counts on from where
    that one stood, and their number stays bounded.
    """
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)
    values.ValueClass = values.MultiProcessValue(process_identifier=_slot)  # type: ignore[no-untyped-call]  # the library ships no types here


def _slot() -> str:
    return str(getattr(current_process(), "index", "main"))


def prefork_registry() -> CollectorRegistry:
    """A registry that adds up what the processes under ``count_under_prefork`` counted."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library ships no types here
    return registry


def declared_names() -> frozenset[str]:
    """The names of all time series that may appear on a scrape, for the checks of dashboards and rules."""
    registry = CollectorRegistry()
    ApiMetrics(registry)
    WorkerMetrics(registry)
    names = {"stancewire_ledger_up", "stancewire_jobs", "stancewire_oldest_queued_seconds", "stancewire_worker_slots"}
    names |= {f"{name}_total" for _, name, _, _ in _FROM_TOTALS}
    for family in registry.collect():
        suffixes = ("_bucket", "_sum", "_count") if family.type == "histogram" else ("_total",)
        names |= {family.name + suffix for suffix in suffixes}
    return frozenset(names)
