"""Every metric of the system, declared once: what it is called, what it means, where it is counted, what bounds its labels.

Names follow Prometheus' conventions; where celery-exporter counts the same thing, its name and labels are taken. The page
``docs/metrics.md`` is made from this module, and dashboards and rules are checked against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.jobs.counter_updates import LOW_SCORE, RUN_BUCKETS, WAIT_BUCKETS


class Kind(StrEnum):
    """The type of a metric, as Prometheus calls it."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Origin(StrEnum):
    """Where a figure is counted: what survives what."""

    LEDGER = "ledger"
    STORES = "stores"
    API = "api"
    WORKER = "worker"


@dataclass(frozen=True, slots=True)
class MetricDeclaration:
    """One metric. ``name`` is the family's: a counter ends in ``_total``; seconds and bytes are its units."""

    name: str
    kind: Kind
    origin: Origin
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def series(self) -> frozenset[str]:
        """The names under which its samples appear on a page."""
        if self.kind is Kind.HISTOGRAM:
            return frozenset(self.name + suffix for suffix in ("_bucket", "_sum", "_count"))
        return frozenset({self.name})


# The refusals that are no fault of the sender: what `StancewireIntakeRefuses` watches.
OF_CAPACITY: Final = ("feed_queue_full", "backlog_too_long", "backlog_too_old", "disk_full", "store_unavailable")
ON_PURPOSE: Final = ("feed_paused", "intake_paused")  # by an operator: no alert
OTHER_FEEDS: Final = "_other"  # no feed can be called so

# What each label may hold, and so how many series there can be.
LABELS: Final = {
    "feed": f"the feeds that pushed first, `STANCEWIRE_METRICS__FEEDS` of them (100); all others together are `{OTHER_FEEDS}`",
    "paused": "the feeds that an operator paused; `*` is all intake",
    "kept": "what retention removes: `bodies`, `superseded`, `results`, `articles`, `keys`, `erased`",
    "state": "the states of a job; for the backlog `queued`, `running` and `dead`",
    "cause": "the words with which the code drops a message",
    "reason": "the reasons for which the code ends an attempt without a result",
    "code": "the codes of problems in the code (`type` in an error's body ends in it)",
    "method": "the methods of HTTP; any other word is `other`",
    "route": "the routes of the application, never the path; `none` for a path without a route",
    "status": "the statuses that the application answers with",
    "stage": "the stages of the pipeline",
    "outcome": "`succeeded`, `failed`, `retried`, `dead`, `lease_lost`",
    "kind": "`read`, `write`",
    "queue_name": "the queues, of which there is one",
    "name": "the tasks, of which there is one",
    "exception": "the classes of exceptions that leave a task",
    "version": "the version that runs",
    "model": "the models that were ever used; for a process, the one that is loaded",
}

_REQUEST: Final = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_STAGE: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
_MESSAGE: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 200)
_TRANSACTION: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


def _counter(origin: Origin, name: str, meaning: str, *labels: str) -> MetricDeclaration:
    return MetricDeclaration(name, Kind.COUNTER, origin, meaning, labels)


def _gauge(origin: Origin, name: str, meaning: str, *labels: str) -> MetricDeclaration:
    return MetricDeclaration(name, Kind.GAUGE, origin, meaning, labels)


def _histogram(origin: Origin, name: str, meaning: str, buckets: tuple[float, ...], *labels: str) -> MetricDeclaration:
    return MetricDeclaration(name, Kind.HISTOGRAM, origin, meaning, labels, buckets)


# --- the ledger: counted in the transactions themselves
LEDGER_UP: Final = _gauge(
    Origin.LEDGER, "stancewire_ledger_up", "Whether the ledger answers; without it, no other figure of it is shown"
)
LEDGER_READ: Final = _gauge(
    Origin.LEDGER, "stancewire_ledger_read_seconds", "Time it took to read the ledger's figures"
)
JOBS: Final = _gauge(Origin.LEDGER, "stancewire_jobs", "Jobs in this state now", "state")
FEED_QUEUED: Final = _gauge(Origin.LEDGER, "stancewire_feed_queued", "Jobs queued now, by feed", "feed")
OLDEST_QUEUED: Final = _gauge(
    Origin.LEDGER,
    "stancewire_oldest_queued_seconds",
    "Age of the job queued for longest, 0 if none is; those of paused feeds do not count",
)
SWEEPERS: Final = _gauge(Origin.LEDGER, "stancewire_sweepers", "Sweepers seen in the last 30 s")
WORKERS: Final = _gauge(Origin.LEDGER, "celery_active_worker_count", "Worker hosts seen in the last 30 s", "queue_name")
SLOTS: Final = _gauge(
    Origin.LEDGER, "celery_active_process_count", "Worker processes of the hosts seen in the last 30 s", "queue_name"
)
PAUSED: Final = _gauge(
    Origin.LEDGER, "stancewire_paused", "1 for what an operator has paused; nothing otherwise", "paused"
)
PRUNED: Final = _counter(
    Origin.LEDGER, "stancewire_pruned_total", "Rows that retention removed or relieved of their body", "kept"
)
DATABASE_SIZE: Final = _gauge(Origin.LEDGER, "stancewire_database_size_bytes", "Size of the database")
ACCEPTED: Final = _counter(Origin.LEDGER, "stancewire_articles_accepted_total", "Articles taken in", "feed")
REPEATED: Final = _counter(
    Origin.LEDGER,
    "stancewire_articles_repeated_total",
    "Articles pushed again and answered with the job they had",
    "feed",
)
FINISHED: Final = _counter(Origin.LEDGER, "stancewire_jobs_finished_total", "Jobs that reached a final state", "state")
ATTEMPTS: Final = _counter(Origin.LEDGER, "stancewire_job_attempts_total", "Attempts begun")
UNSUCCESSFUL: Final = _counter(
    Origin.LEDGER, "stancewire_attempts_unsuccessful_total", "Attempts that ended without a result, by reason", "reason"
)
RETRIED: Final = _counter(Origin.LEDGER, "stancewire_jobs_retried_total", "Failed or dead jobs queued again on request")
LEASES_LOST: Final = _counter(
    Origin.LEDGER,
    "stancewire_leases_lost_total",
    "Leases that ended before their job was closed: a worker was killed or hung",
)
MESSAGES_LOST: Final = _counter(
    Origin.LEDGER, "stancewire_dispatched_jobs_lost_total", "Jobs whose message was lost between dispatch and claim"
)
QUEUE_WAIT: Final = _histogram(
    Origin.LEDGER,
    "stancewire_job_queue_wait_seconds",
    "Time from when a job could be taken (pushed, or its delay over) until a worker claimed it",
    WAIT_BUCKETS,
)
RUN_TIME: Final = _histogram(
    Origin.LEDGER,
    "stancewire_job_run_seconds",
    "Time of one attempt, whatever its outcome; attempts of killed processes have none",
    RUN_BUCKETS,
)
WORDS: Final = _counter(Origin.LEDGER, "stancewire_words_analysed_total", "Words of the texts analysed")
ATTRIBUTIONS: Final = _counter(Origin.LEDGER, "stancewire_attributions_found_total", "Attributions in stored results")
STANCES: Final = _counter(Origin.LEDGER, "stancewire_stances_found_total", "Stances in stored results")
RESULTS_BY_MODEL: Final = _counter(
    Origin.LEDGER, "stancewire_results_total", "Results stored, by the model behind them", "model"
)
FEED_RESULTS: Final = _counter(Origin.LEDGER, "stancewire_feed_results_total", "Results stored", "feed")
FEED_FAILED: Final = _counter(Origin.LEDGER, "stancewire_feed_failed_total", "Jobs that ended failed or dead", "feed")
FEED_EMPTY: Final = _counter(
    Origin.LEDGER, "stancewire_feed_empty_results_total", "Results without a single attribution", "feed"
)
FEED_ATTRIBUTIONS: Final = _counter(
    Origin.LEDGER, "stancewire_feed_attributions_total", "Attributions in stored results", "feed"
)
FEED_UNRESOLVED: Final = _counter(
    Origin.LEDGER,
    "stancewire_feed_unresolved_speakers_total",
    "Attributions without a speaker, or with one that could not be resolved",
    "feed",
)
FEED_LOW: Final = _counter(
    Origin.LEDGER, "stancewire_feed_low_scores_total", f"Attributions with a score under {LOW_SCORE}", "feed"
)

# --- the stores, as an API process sees them at the scrape
REDIS_UP: Final = _gauge(Origin.STORES, "stancewire_redis_up", "Whether Redis answers")
REDIS_PING: Final = _gauge(Origin.STORES, "stancewire_redis_ping_seconds", "Time of one round trip to Redis")
REDIS_MEMORY: Final = _gauge(Origin.STORES, "stancewire_redis_memory_bytes", "Memory that Redis uses")
REDIS_LIMIT: Final = _gauge(
    Origin.STORES, "stancewire_redis_memory_limit_bytes", "Memory that Redis may use; 0 is no limit"
)
REDIS_EVICTED: Final = _counter(
    Origin.STORES,
    "stancewire_redis_evicted_keys_total",
    "Keys that Redis threw away: anything but 0 is a wrong setting of Redis",
)
QUEUE_LENGTH: Final = _gauge(
    Origin.STORES, "celery_queue_length", "Messages in Redis: the short window, not the backlog", "queue_name"
)
DISK_FREE: Final = _gauge(Origin.STORES, "stancewire_disk_free_bytes", "Free bytes of the disk of an SQLite database")
DISK_SIZE: Final = _gauge(Origin.STORES, "stancewire_disk_size_bytes", "Size of the disk of an SQLite database")
POOL_IN_USE: Final = _gauge(
    Origin.STORES, "stancewire_database_pool_in_use", "Connections of this process's pool that are in use"
)
POOL_SIZE: Final = _gauge(
    Origin.STORES, "stancewire_database_pool_size", "Connections that this process's pool may hold"
)

# --- each API process
BUILD: Final = _gauge(Origin.API, "stancewire_build_info", "1; the label says which version runs", "version")
REQUESTS: Final = _counter(Origin.API, "stancewire_http_requests_total", "HTTP requests", "method", "route", "status")
REQUEST_SECONDS: Final = _histogram(
    Origin.API,
    "stancewire_http_request_seconds",
    "Time from the request's head to the answer's end, less what the client wished to wait",
    _REQUEST,
    "method",
    "route",
)
IN_FLIGHT: Final = _gauge(
    Origin.API, "stancewire_http_requests_in_flight", "Requests being answered now, those that wait included"
)
REFUSED: Final = _counter(
    Origin.API, "stancewire_articles_refused_total", "Articles, or whole batches, not taken in, by problem", "code"
)
UNAUTHENTICATED: Final = _counter(
    Origin.API, "stancewire_requests_unauthenticated_total", "Requests refused for their key, by problem", "code"
)

# --- each worker host: its processes together
STAGES: Final = _histogram(
    Origin.WORKER, "stancewire_stage_seconds", "Time of one pipeline stage on one article", _STAGE, "stage"
)
ARTICLES: Final = _histogram(
    Origin.WORKER,
    "stancewire_article_seconds",
    "Time with one article in hand, by how the attempt ended; its sum over the slots' time is the busy fraction",
    _STAGE,
    "outcome",
)
MODEL: Final = _gauge(
    Origin.WORKER, "stancewire_model_info", "1; the labels say which version and model are loaded", "version", "model"
)
CHILDREN: Final = _gauge(Origin.WORKER, "stancewire_worker_children", "Child processes that live now")
CHILDREN_MEMORY: Final = _gauge(
    Origin.WORKER, "stancewire_worker_children_resident_bytes", "Resident memory of all child processes together"
)
TASKS_SUCCEEDED: Final = _counter(
    Origin.WORKER,
    "celery_task_succeeded_total",
    "Messages worked off, whatever became of their articles",
    "name",
    "queue_name",
)
TASKS_FAILED: Final = _counter(
    Origin.WORKER, "celery_task_failed_total", "Messages that an error of ours ended", "name", "queue_name", "exception"
)
FOREIGN: Final = _counter(
    Origin.WORKER,
    "stancewire_messages_dropped_total",
    "Entries of the queue that were no message of ours (`unclaimed`: a message whose jobs were not to be had, a double for one)",
    "cause",
)
TASK_SECONDS: Final = _histogram(
    Origin.WORKER, "celery_task_runtime", "Seconds of one message", _MESSAGE, "name", "queue_name"
)

# --- API processes and workers alike
TRANSACTIONS: Final = _histogram(
    Origin.API,
    "stancewire_database_transaction_seconds",
    "Time of one transaction, waiting for a connection and for locks included; workers count theirs, too",
    _TRANSACTION,
    "kind",
)

DECLARED: Final = tuple(value for value in list(globals().values()) if isinstance(value, MetricDeclaration))


def declared_names() -> frozenset[str]:
    """The names of all time series of ours that may appear on a scrape, for the checks of dashboards and rules."""
    return frozenset().union(*(declared.series for declared in DECLARED))
