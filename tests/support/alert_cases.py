"""A case for each alert: series on which it fires, and healthy ones."""

from __future__ import annotations

from dataclasses import dataclass, field

Series = dict[str, str]


@dataclass(frozen=True)
class Case:
    """Test series of an alert, in Prometheus' notation for unit tests, with a sample each ``interval``.

    With ``fires`` the alert fires at ``at`` but not yet at ``not_yet``; with ``quiet`` it does not fire. ``labels`` are
    those of the firing alert.
    """

    fires: Series
    at: str
    not_yet: str
    quiet: Series
    labels: dict[str, str] = field(default_factory=dict)
    interval: str = "10s"


def counter(name: str, step: float, samples: int = 200) -> Series:
    return {name: f"0+{step}x{samples}"}


def constant(name: str, value: float, samples: int = 200) -> Series:
    return {name: f"{value}+0x{samples}"}


API = '{job="api",instance="api:8400"}'
OTHER = '{job="api",instance="other:8400"}'  # a second API process, which exports the same figures of the ledger
FINISHED = 'stancewire_jobs_finished_total{{job="api",instance="api:8400",state="{}"}}'
REFUSED = 'stancewire_articles_refused_total{{job="api",instance="api:8400",code="{}"}}'
REQUESTS = 'stancewire_http_requests_total{{job="api",instance="api:8400",status="{}"}}'
PUSH = (
    'stancewire_http_request_seconds_bucket{{job="api",instance="api:8400",method="POST",route="/v1/articles",le="{}"}}'
)
STORE_FAULT = 'stancewire_store_fault{{job="api",instance="api:8400",store="{}",fault="{}"}}'
WEBHOOKS = 'stancewire_webhooks{{job="api",instance="api:8400",webhooks="{}"}}'
STORE_ERRORS = 'stancewire_store_errors_total{{job="api",instance="api:8400",store="{}",fault="{}"}}'
DROPPED = 'stancewire_messages_dropped_total{{job="worker",instance="10.0.0.7:9808",cause="{}"}}'
SOURCES = 'stancewire_sources{{job="api",instance="api:8400",source="{}",does="{}"}}'
FEED = 'stancewire_{}_total{{job="api",instance="api:8400",feed="wire"}}'


def latency(fast: float, slow: float) -> Series:
    """Add ``fast`` requests under 50 ms and ``slow`` ones under 2.5 s in each sample."""
    counts = {"0.05": fast, "0.5": fast, "2.5": fast + slow, "+Inf": fast + slow}
    return {PUSH.format(bound): f"0+{count}x200" for bound, count in counts.items()}


def ledger_gauge(name: str, value: float) -> Series:
    return constant(name + API, value) | constant(name + OTHER, value)


def quality(step: str) -> Series:
    """A feed with 12 results and 36 attributions each 5 minutes; ``step`` is the series of its empty results."""
    counts = {
        FEED.format(name): f"0+{number}x320" for name, number in {"feed_results": 12, "feed_attributions": 36}.items()
    }
    problems = {FEED.format(name): "0+1x320" for name in ("feed_unresolved_speakers", "feed_low_scores")}
    return counts | problems | {FEED.format("feed_empty_results"): step}


def after_a_day(today: str) -> Series:
    """A feed that accepted two articles each 5 minutes for a day, followed by the series ``today``."""
    return {FEED.format("articles_accepted"): f"0+2x288 {today}"}


CASES = {
    "StancewireApiDown": Case(
        fires=constant("up" + API, 0),
        at="1m",
        not_yet="20s",
        quiet=constant("up" + API, 1),
        labels={"job": "api", "instance": "api:8400"},
    ),
    "StancewireApiErrors": Case(
        fires=counter(REQUESTS.format(200), 10) | counter(REQUESTS.format(500), 1),
        at="3m",
        not_yet="1m",
        quiet=counter(REQUESTS.format(200), 100) | counter(REQUESTS.format(500), 1) | counter(REQUESTS.format(503), 50),
    ),
    "StancewireApiSlow": Case(fires=latency(90, 10), at="8m", not_yet="4m", quiet=latency(1000, 1)),
    "StancewireLedgerDown": Case(
        fires=ledger_gauge("stancewire_ledger_up", 0),
        at="1m",
        not_yet="20s",
        quiet=constant("stancewire_ledger_up" + API, 1) | constant("stancewire_ledger_up" + OTHER, 0),
    ),
    "StancewireDatabaseFault": Case(
        fires=constant(STORE_FAULT.format("database", "read_only"), 1),
        at="1m",
        not_yet="10s",
        quiet=constant(STORE_FAULT.format("database", "slow"), 1)
        | constant(STORE_FAULT.format("database", "no_answer"), 1)
        | constant(STORE_FAULT.format("redis", "read_only"), 1),
        labels={"fault": "read_only"},
    ),
    "StancewireDatabaseSlow": Case(
        fires=constant(STORE_FAULT.format("database", "slow"), 1),
        at="1m",
        not_yet="10s",
        quiet=constant(STORE_FAULT.format("redis", "slow"), 1),
    ),
    "StancewireReplicaFault": Case(
        fires=constant(STORE_FAULT.format("replica", "behind"), 1),
        at="1m",
        not_yet="10s",
        quiet=constant(STORE_FAULT.format("database", "slow"), 1) | constant(STORE_FAULT.format("redis", "slow"), 1),
        labels={"fault": "behind"},
    ),
    "StancewireSchemaNewer": Case(
        fires=constant(STORE_FAULT.format("database", "schema_new"), 1),
        at="1m",
        not_yet="10s",
        quiet=constant(STORE_FAULT.format("database", "schema_old"), 1),
    ),
    "StancewireDatabasePoolExhausted": Case(
        fires=constant("stancewire_database_pool_in_use" + API, 9)
        | constant("stancewire_database_pool_size" + API, 10),
        at="3m",
        not_yet="1m",
        quiet=constant("stancewire_database_pool_in_use" + API, 5)
        | constant("stancewire_database_pool_size" + API, 10),
        labels={"instance": "api:8400"},
    ),
    "StancewireRedisDown": Case(
        fires=ledger_gauge("stancewire_redis_up", 0),
        at="1m",
        not_yet="20s",
        quiet=ledger_gauge("stancewire_redis_up", 1),
    ),
    "StancewireRedisFault": Case(
        fires=constant(STORE_FAULT.format("redis", "foreign_key"), 1),
        at="1m",
        not_yet="10s",
        quiet=constant(STORE_FAULT.format("redis", "no_answer"), 1)
        | constant(STORE_FAULT.format("database", "read_only"), 1),
        labels={"fault": "foreign_key"},
    ),
    "StancewireRedisSlow": Case(
        fires=constant(STORE_FAULT.format("redis", "slow"), 1),
        at="1m",
        not_yet="10s",
        quiet=constant(STORE_FAULT.format("database", "slow"), 1),
    ),
    "StancewireStoreErrors": Case(
        fires={STORE_ERRORS.format("database", "locked"): "0x3 1x100"},
        at="1m",
        not_yet="30s",
        quiet=constant(STORE_ERRORS.format("database", "locked"), 5),
        labels={"store": "database", "fault": "locked"},
    ),
    "StancewireMessagesLost": Case(
        fires={"stancewire_dispatched_jobs_lost_total" + API: "0x3 4x100"},
        at="1m",
        not_yet="20s",
        quiet=constant("stancewire_dispatched_jobs_lost_total" + API, 4),
    ),
    "StancewireForeignMessages": Case(
        fires={DROPPED.format("no_json"): "0x3 9x100"},
        at="1m",
        not_yet="20s",
        quiet=counter(DROPPED.format("unclaimed"), 1) | constant(DROPPED.format("no_json"), 9),
        labels={"cause": "no_json"},
    ),
    "StancewireRedisMemory": Case(
        fires=constant("stancewire_redis_memory_bytes" + API, 90)
        | constant("stancewire_redis_memory_limit_bytes" + API, 100),
        at="3m",
        not_yet="1m",
        quiet=constant("stancewire_redis_memory_bytes" + API, 90)
        | constant("stancewire_redis_memory_limit_bytes" + API, 0),
    ),
    "StancewireWorkersMissing": Case(
        fires=ledger_gauge("celery_active_process_count", 0),
        at="1m",
        not_yet="20s",
        quiet=ledger_gauge("celery_active_process_count", 2),
    ),
    "StancewireWorkerDown": Case(
        fires=constant('up{job="worker",instance="10.0.0.7:9808"}', 0),
        at="2m",
        not_yet="30s",
        quiet=constant('up{job="worker",instance="10.0.0.7:9808"}', 1),
        labels={"job": "worker", "instance": "10.0.0.7:9808"},
    ),
    "StancewireSweeperMissing": Case(
        fires=ledger_gauge("stancewire_sweepers", 0),
        at="1m",
        not_yet="20s",
        quiet=ledger_gauge("stancewire_sweepers", 1),
    ),
    "StancewireDelivererMissing": Case(
        fires=ledger_gauge("stancewire_deliverers", 0) | constant(WEBHOOKS.format("enabled"), 2),
        at="1m",
        not_yet="20s",
        quiet=ledger_gauge("stancewire_deliverers", 0) | constant(WEBHOOKS.format("enabled"), 0),
    ),
    "StancewireDeliveriesLate": Case(
        fires={"stancewire_deliveries_late_seconds" + API: "0+10x200"},
        at="7m",
        not_yet="5m",
        quiet=constant("stancewire_deliveries_late_seconds" + API, 200),
    ),
    "StancewireWebhookFailing": Case(
        fires=constant(WEBHOOKS.format("failing"), 1),
        at="16m",
        not_yet="14m",
        quiet=constant(WEBHOOKS.format("failing"), 0),
    ),
    "StancewireWebhookDisabled": Case(
        fires=constant(WEBHOOKS.format("disabled"), 1),
        at="2m",
        not_yet="30s",
        quiet=constant(WEBHOOKS.format("disabled"), 0),
    ),
    "StancewireQueueStuck": Case(
        fires={"stancewire_oldest_queued_seconds" + API: "0+10x200"} | constant(FINISHED.format("succeeded"), 500),
        at="1m",
        not_yet="40s",
        quiet={"stancewire_oldest_queued_seconds" + API: "0+10x200"} | counter(FINISHED.format("succeeded"), 1),
    ),
    "StancewireBacklogOld": Case(
        fires={"stancewire_oldest_queued_seconds" + API: "0+10x200"},
        at="17m",
        not_yet="15m",
        quiet=constant("stancewire_oldest_queued_seconds" + API, 800),
    ),
    "StancewireDeadLetters": Case(
        fires=constant('stancewire_jobs{state="dead"}', 1),
        at="1m",
        not_yet="20s",
        quiet=constant('stancewire_jobs{state="dead"}', 0),
    ),
    "StancewireErrorRatio": Case(
        fires=counter(FINISHED.format("succeeded"), 2) | counter(FINISHED.format("failed"), 1),
        at="5m",
        not_yet="1m",
        quiet=counter(FINISHED.format("succeeded"), 20) | counter(FINISHED.format("failed"), 1),
    ),
    "StancewireLeasesLost": Case(
        fires={"stancewire_leases_lost_total" + API: "0x6 1x100"},
        at="2m",
        not_yet="50s",
        quiet=constant("stancewire_leases_lost_total" + API, 7),
    ),
    "StancewireIntakeRefuses": Case(
        fires={REFUSED.format("feed_queue_full"): "0x6 3x100"},
        at="1m20s",
        not_yet="50s",
        quiet=constant(REFUSED.format("disk_full"), 5) | counter(REFUSED.format("invalid"), 5),
        labels={"code": "feed_queue_full"},
    ),
    "StancewireBadInput": Case(
        fires=counter(REFUSED.format("invalid"), 1),
        at="12m",
        not_yet="5m",
        quiet=counter(REFUSED.format("invalid"), 0.1) | counter(REFUSED.format("feed_paused"), 5),
        labels={"code": "invalid"},
    ),
    "StancewireDiskFull": Case(
        fires=constant("stancewire_disk_free_bytes" + API, 9) | constant("stancewire_disk_size_bytes" + API, 100),
        at="2m",
        not_yet="30s",
        quiet=constant("stancewire_disk_free_bytes" + API, 30) | constant("stancewire_disk_size_bytes" + API, 100),
    ),
    "StancewireFeedSilent": Case(
        fires=after_a_day("576x40"),
        at="25h30m",
        not_yet="24h30m",
        quiet=after_a_day("577+1x40"),
        labels={"feed": "wire"},
        interval="5m",
    ),
    "StancewireSourceFailing": Case(
        fires=constant(SOURCES.format("poll", "failing"), 2),
        at="11m",
        not_yet="9m",
        quiet=constant(SOURCES.format("poll", "active"), 2) | constant(SOURCES.format("websub", "waiting"), 1),
        labels={"source": "poll", "does": "failing"},
    ),
    "StancewireQualityDrift": Case(
        fires=quality("0+1x288 294+6x30"),
        at="25h20m",
        not_yet="24h",
        quiet=quality("0+1x320"),
        labels={"feed": "wire", "measure": "empty results"},
        interval="5m",
    ),
}
