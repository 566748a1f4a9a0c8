"""Metrics that a process counts about itself.

They are declared in classes, because prefork must be chosen before the first metric exists.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

from services import tracing
from services.contracts import QueueName, TaskName
from services.dispatch.message_filter import CAUSES
from services.dispatch.store_watch import Store
from services.errors import StoreFault
from services.metrics import catalogue
from services.metrics.families import counter, gauge, histogram
from services.metrics.labels import CAPACITY_CODES
from services.version import VERSION

_LOST = "WorkerLostError"  # Celery's name for a process that ended in the middle of a message


def _store_errors(registry: CollectorRegistry) -> Counter:
    """Return the counter with all its series at 0: without a first sample, `increase` would miss the first error."""
    errors = counter(catalogue.STORE_ERRORS, registry)
    for store in Store:
        for fault in StoreFault:
            errors.labels(store, fault)
    return errors


class ApiMetrics:
    """Metrics of an API process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Declare the metrics in ``registry``."""
        self.requests = counter(catalogue.REQUESTS, registry)
        self.request_seconds = histogram(catalogue.REQUEST_SECONDS, registry)
        self.in_flight = gauge(catalogue.IN_FLIGHT, registry)
        self.refused = counter(catalogue.REFUSED, registry)
        for code in CAPACITY_CODES:
            self.refused.labels(code)  # starts at 0: without a first sample, `increase` would miss the first refusal
        self.unauthenticated = counter(catalogue.UNAUTHENTICATED, registry)
        self.transactions = histogram(catalogue.TRANSACTIONS, registry)
        self.store_errors = _store_errors(registry)
        gauge(catalogue.BUILD, registry).labels(VERSION).set(1)

    def observe_transaction(self, kind: str, seconds: float) -> None:
        """Observe the time of one transaction; a callback for ``Database.observer``."""
        self.transactions.labels(kind).observe(seconds, tracing.exemplar())

    def observe_database_fault(self, fault: StoreFault) -> None:
        """Count a transaction that the database could not do; a callback for ``Database.fault_observer``."""
        self.store_errors.labels(Store.DATABASE, fault).inc()

    def observe_redis_fault(self, fault: StoreFault) -> None:
        """Count a message that Redis did not take; a callback for ``Dispatcher.fault_observer``."""
        self.store_errors.labels(Store.REDIS, fault).inc()


class WorkerMetrics:
    """Metrics of a worker process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Declare the metrics in ``registry``."""
        self.stages = histogram(catalogue.STAGES, registry)
        self.articles = histogram(catalogue.ARTICLES, registry)
        self.model = gauge(catalogue.MODEL, registry)
        self.transactions = histogram(catalogue.TRANSACTIONS, registry)
        self.tasks_succeeded = counter(catalogue.TASKS_SUCCEEDED, registry)
        self.messages_dropped = counter(catalogue.MESSAGES_DROPPED, registry)
        for cause in CAUSES:
            self.messages_dropped.labels(cause)  # starts at 0, as those of the API
        self.tasks_failed = counter(catalogue.TASKS_FAILED, registry)
        self.tasks_failed.labels(TaskName.ANALYSE, QueueName.ANALYSE, _LOST)  # so does that of lost processes
        self.task_seconds = histogram(catalogue.TASK_SECONDS, registry)
        self.store_errors = _store_errors(registry)

    def observe_transaction(self, kind: str, seconds: float) -> None:
        """Observe the time of one transaction; a callback for ``Database.observer``."""
        self.transactions.labels(kind).observe(seconds)

    def observe_database_fault(self, fault: StoreFault) -> None:
        """Count a transaction that the database could not do; a callback for ``Database.fault_observer``."""
        self.store_errors.labels(Store.DATABASE, fault).inc()

    def observe_redis_fault(self, fault: StoreFault) -> None:
        """Count a failure to receive messages."""
        self.store_errors.labels(Store.REDIS, fault).inc()
