"""Declarations of all metrics: name, meaning, labels, and where the figure is counted. ``labels.py`` has their values.

Names follow Prometheus' conventions. Where celery-exporter counts the same figure, its name and labels are used.
``docs/metrics.md`` is generated from both modules, dashboards and rules are checked against it, and ``ledger.py`` shows
each counter of the ledger that a declaration names.
"""

from __future__ import annotations

from typing import Final

from services.contracts import FINAL_STATES
from services.database.counters import CounterName
from services.jobs.counter_updates import LOW_SCORE, RUN_BUCKETS, WAIT_BUCKETS
from services.maintenance.retention_steps import KINDS as RETENTION_KINDS
from services.metrics.declaration import (
    MetricDeclaration,
    Origin,
    declare_counter,
    declare_gauge,
    declare_histogram,
    declare_ledger_counter,
    declare_ledger_histogram,
)

_REQUEST_BUCKETS: Final = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_STAGE_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
_MESSAGE_BUCKETS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 200)
_TRANSACTION_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

# --- the ledger: counters change in the transaction that they count; gauges come from a snapshot at the scrape
LEDGER_UP: Final = declare_gauge(
    Origin.LEDGER, "stancewire_ledger_up", "Whether the ledger answers; if not, its other metrics are absent"
)
LEDGER_READ: Final = declare_gauge(
    Origin.LEDGER, "stancewire_ledger_read_seconds", "Time it took to read the ledger's figures"
)
JOBS: Final = declare_gauge(Origin.LEDGER, "stancewire_jobs", "Jobs in this state now", "state")
FEED_QUEUED: Final = declare_gauge(Origin.LEDGER, "stancewire_feed_queued", "Jobs queued now, by feed", "feed")
OLDEST_QUEUED: Final = declare_gauge(
    Origin.LEDGER,
    "stancewire_oldest_queued_seconds",
    "Age of the job queued for longest, 0 if none is queued; jobs of paused feeds do not count",
)
SWEEPERS: Final = declare_gauge(Origin.LEDGER, "stancewire_sweepers", "Sweepers seen in the last 30 s")
DELIVERERS: Final = declare_gauge(Origin.LEDGER, "stancewire_deliverers", "Deliverers seen in the last 30 s")
WORKERS: Final = declare_gauge(
    Origin.LEDGER, "celery_active_worker_count", "Worker hosts seen in the last 30 s", "queue_name"
)
SLOTS: Final = declare_gauge(
    Origin.LEDGER, "celery_active_process_count", "Worker processes of the hosts seen in the last 30 s", "queue_name"
)
PAUSED: Final = declare_gauge(
    Origin.LEDGER, "stancewire_paused", "1 for each feed that an operator has paused; absent otherwise", "paused"
)
PRUNED: Final = declare_ledger_counter(
    CounterName.PRUNED,
    "stancewire_pruned_total",
    "Rows that retention removed, or whose body it removed",
    "kept",
    initial_labels=tuple(kind.name for kind in RETENTION_KINDS),
)
SOURCES: Final = declare_gauge(
    Origin.LEDGER,
    "stancewire_sources",
    "Sources of feeds by kind (`source`) and state (`does`)",
    "source",
    "does",
)
DATABASE_SIZE: Final = declare_gauge(Origin.LEDGER, "stancewire_database_size_bytes", "Size of the database")
ACCEPTED: Final = declare_ledger_counter(
    CounterName.ACCEPTED, "stancewire_articles_accepted_total", "Articles accepted", "feed"
)
REPEATED: Final = declare_ledger_counter(
    CounterName.REPEATED,
    "stancewire_articles_repeated_total",
    "Articles pushed again and answered with their existing job",
    "feed",
)
FINISHED: Final = declare_ledger_counter(
    CounterName.FINISHED,
    "stancewire_jobs_finished_total",
    "Jobs that reached a final state",
    "state",
    initial_labels=tuple(sorted(state.value for state in FINAL_STATES)),
)
ATTEMPTS: Final = declare_ledger_counter(CounterName.ATTEMPTS, "stancewire_job_attempts_total", "Attempts begun")
UNSUCCESSFUL: Final = declare_ledger_counter(
    CounterName.UNSUCCESSFUL,
    "stancewire_attempts_unsuccessful_total",
    "Attempts that ended without a result, by reason",
    "reason",
)
RETRIED: Final = declare_ledger_counter(
    CounterName.RETRIED, "stancewire_jobs_retried_total", "Failed or dead jobs queued again on request"
)
LEASES_LOST: Final = declare_ledger_counter(
    CounterName.LEASES_LOST,
    "stancewire_leases_lost_total",
    "Leases that expired before their job was completed: a worker was killed or hung",
)
MESSAGES_LOST: Final = declare_ledger_counter(
    CounterName.MESSAGES_LOST,
    "stancewire_dispatched_jobs_lost_total",
    "Jobs whose message was lost between dispatch and lease",
)
QUEUE_WAIT: Final = declare_ledger_histogram(
    CounterName.QUEUE_WAIT,
    CounterName.QUEUE_WAIT_SUM,
    "stancewire_job_queue_wait_seconds",
    "Time from when a job was ready (pushed, or its delay over) until a worker leased it",
    WAIT_BUCKETS,
)
RUN_TIME: Final = declare_ledger_histogram(
    CounterName.RUN_TIME,
    CounterName.RUN_TIME_SUM,
    "stancewire_job_run_seconds",
    "Time of one attempt, whatever its outcome; attempts of killed processes are not counted",
    RUN_BUCKETS,
)
WORDS: Final = declare_ledger_counter(
    CounterName.WORDS, "stancewire_words_analysed_total", "Words of the texts analysed"
)
ATTRIBUTIONS: Final = declare_ledger_counter(
    CounterName.ATTRIBUTIONS, "stancewire_attributions_found_total", "Attributions in stored results"
)
STANCES: Final = declare_ledger_counter(
    CounterName.STANCES, "stancewire_stances_found_total", "Stances in stored results"
)
RESULTS_BY_MODEL: Final = declare_ledger_counter(
    CounterName.MODEL_RESULTS, "stancewire_results_total", "Results stored, by the model that made them", "model"
)
FEED_RESULTS: Final = declare_ledger_counter(
    CounterName.FEED_RESULTS, "stancewire_feed_results_total", "Results stored", "feed"
)
FEED_FAILED: Final = declare_ledger_counter(
    CounterName.FEED_FAILED, "stancewire_feed_failed_total", "Jobs that ended failed or dead", "feed"
)
FEED_EMPTY: Final = declare_ledger_counter(
    CounterName.FEED_EMPTY, "stancewire_feed_empty_results_total", "Results without a single attribution", "feed"
)
FEED_ATTRIBUTIONS: Final = declare_ledger_counter(
    CounterName.FEED_ATTRIBUTIONS, "stancewire_feed_attributions_total", "Attributions in stored results", "feed"
)
FEED_UNRESOLVED: Final = declare_ledger_counter(
    CounterName.FEED_UNRESOLVED,
    "stancewire_feed_unresolved_speakers_total",
    "Attributions without a speaker, or whose speaker could not be resolved",
    "feed",
)
FEED_LOW: Final = declare_ledger_counter(
    CounterName.FEED_LOW, "stancewire_feed_low_scores_total", f"Attributions with a score under {LOW_SCORE}", "feed"
)
WEBHOOKS: Final = declare_gauge(
    Origin.LEDGER,
    "stancewire_webhooks",
    "Webhooks that are enabled, that are enabled and fail, and that were disabled because they failed",
    "webhooks",
)
DELIVERIES_PENDING: Final = declare_gauge(
    Origin.LEDGER, "stancewire_deliveries_pending", "Deliveries to webhooks that were not delivered yet"
)
DELIVERIES_LATE: Final = declare_gauge(
    Origin.LEDGER,
    "stancewire_deliveries_late_seconds",
    "Time for which the oldest event, or delivery to a webhook that does not fail, has been due",
)
DELIVERIES_QUEUED: Final = declare_ledger_counter(
    CounterName.DELIVERIES_QUEUED, "stancewire_deliveries_queued_total", "Deliveries made from events", "event"
)
DELIVERIES: Final = declare_ledger_counter(
    CounterName.DELIVERIES,
    "stancewire_delivery_attempts_total",
    "Attempts to deliver, by what became of the delivery",
    "delivery",
    initial_labels=("delivered", "retried", "failed"),
)

# --- the stores: measured by an API process at the scrape
REDIS_UP: Final = declare_gauge(Origin.STORES, "stancewire_redis_up", "Whether Redis answers")
REDIS_PING: Final = declare_gauge(Origin.STORES, "stancewire_redis_ping_seconds", "Time of one round trip to Redis")
REDIS_MEMORY: Final = declare_gauge(Origin.STORES, "stancewire_redis_memory_bytes", "Memory that Redis uses")
REDIS_LIMIT: Final = declare_gauge(
    Origin.STORES, "stancewire_redis_memory_limit_bytes", "Memory that Redis may use; 0 means no limit"
)
REDIS_EVICTED: Final = declare_counter(
    Origin.STORES,
    "stancewire_redis_evicted_keys_total",
    "Keys that Redis evicted; any value but 0 means that Redis is misconfigured",
)
QUEUE_LENGTH: Final = declare_gauge(
    Origin.STORES, "celery_queue_length", "Messages in Redis: the dispatch window, not the backlog", "queue_name"
)
DISK_FREE: Final = declare_gauge(
    Origin.STORES, "stancewire_disk_free_bytes", "Free bytes of the disk of an SQLite database"
)
DISK_SIZE: Final = declare_gauge(Origin.STORES, "stancewire_disk_size_bytes", "Size of the disk of an SQLite database")
POOL_IN_USE: Final = declare_gauge(
    Origin.STORES, "stancewire_database_pool_in_use", "Connections of this process's pool that are in use"
)
POOL_SIZE: Final = declare_gauge(
    Origin.STORES, "stancewire_database_pool_size", "Connections that this process's pool may hold"
)

STORE_FAULT: Final = declare_gauge(
    Origin.STORES,
    "stancewire_store_fault",
    "1 for the fault that the process sees at a store now; absent while all is well",
    "store",
    "fault",
)
STORE_ROUND_TRIP: Final = declare_gauge(
    Origin.STORES,
    "stancewire_store_round_trip_seconds",
    "Time of one round trip to a store; absent while it does not answer",
    "store",
)

# --- API processes: counted in each process
BUILD: Final = declare_gauge(
    Origin.API, "stancewire_build_info", "Always 1; the label is the running version", "version"
)
REQUESTS: Final = declare_counter(
    Origin.API, "stancewire_http_requests_total", "HTTP requests", "method", "route", "status"
)
REQUEST_SECONDS: Final = declare_histogram(
    Origin.API,
    "stancewire_http_request_seconds",
    "Time from the request's head to the response's end, less the wait that the client asked for",
    _REQUEST_BUCKETS,
    "method",
    "route",
)
IN_FLIGHT: Final = declare_gauge(
    Origin.API, "stancewire_http_requests_in_flight", "Requests being answered now, including those that wait"
)
REFUSED: Final = declare_counter(
    Origin.API, "stancewire_articles_refused_total", "Articles, or whole batches, refused, by problem code", "code"
)
UNAUTHENTICATED: Final = declare_counter(
    Origin.API,
    "stancewire_requests_unauthenticated_total",
    "Requests refused because of their key, by problem code",
    "code",
)

# --- worker hosts: counted for all processes of a host together
STAGES: Final = declare_histogram(
    Origin.WORKER, "stancewire_stage_seconds", "Time of one pipeline stage on one article", _STAGE_BUCKETS, "stage"
)
ARTICLES: Final = declare_histogram(
    Origin.WORKER,
    "stancewire_article_seconds",
    "Time spent on one article, by the outcome of the attempt; the rate of its sum over the slots is the busy fraction",
    _STAGE_BUCKETS,
    "outcome",
)
MODEL: Final = declare_gauge(
    Origin.WORKER,
    "stancewire_model_info",
    "Always 1; the labels are the running version and the loaded model",
    "version",
    "model",
)
CHILDREN: Final = declare_gauge(Origin.WORKER, "stancewire_worker_children", "Child processes alive now")
CHILDREN_MEMORY: Final = declare_gauge(
    Origin.WORKER, "stancewire_worker_children_resident_bytes", "Resident memory of all child processes together"
)
TASKS_SUCCEEDED: Final = declare_counter(
    Origin.WORKER,
    "celery_task_succeeded_total",
    "Messages processed, whatever the outcome of their articles",
    "name",
    "queue_name",
)
TASKS_FAILED: Final = declare_counter(
    Origin.WORKER,
    "celery_task_failed_total",
    "Messages whose task raised an exception, which is a defect",
    "name",
    "queue_name",
    "exception",
)
MESSAGES_DROPPED: Final = declare_counter(
    Origin.WORKER,
    "stancewire_messages_dropped_total",
    "Queue entries dropped as foreign or malformed (`unclaimed`: none of the message's jobs could be leased, "
    "as with a duplicate)",
    "cause",
)
TASK_SECONDS: Final = declare_histogram(
    Origin.WORKER, "celery_task_runtime", "Time of one message, in seconds", _MESSAGE_BUCKETS, "name", "queue_name"
)

# --- API processes and worker hosts
TRANSACTIONS: Final = declare_histogram(
    Origin.API,
    "stancewire_database_transaction_seconds",
    "Time of one transaction, including waits for a connection and for locks; also counted by workers",
    _TRANSACTION_BUCKETS,
    "kind",
)

STORE_ERRORS: Final = declare_counter(
    Origin.API,
    "stancewire_store_errors_total",
    "Transactions and messages that a store could not do, by fault; also counted by workers",
    "store",
    "fault",
)

# All declarations above, in the order of this module.
METRICS: Final = tuple(value for value in list(globals().values()) if isinstance(value, MetricDeclaration))


def declared_names() -> frozenset[str]:
    """Return the names of all series that this project may export, to check dashboards, rules and documents against."""
    return frozenset().union(*(declaration.series for declaration in METRICS))
