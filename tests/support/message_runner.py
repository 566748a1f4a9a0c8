"""One message of three articles, run without a worker process."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from prometheus_client import CollectorRegistry

from services.contracts import Analysis, Article, JobState, Pipeline, instant
from services.database.engine import Database
from services.jobs.dispatch_window import WindowSize
from services.metrics import WorkerMetrics
from services.settings import Worker
from tests.support.ledger import article, fill, push, state_of
from workers.host.message_runner import Analyse, Checkpoint, MessageRunner

ONE_MESSAGE = WindowSize(per_slot=1, message_articles=8, message_words=10_000)
SETTINGS = Worker(lease_s=40, soft_limit_s=20, hard_limit_s=30, renew_s=5, backoff_s=60, max_attempts=3)


def analysis_of(pushed: Article) -> Analysis:
    return Analysis(language="en", pipeline=Pipeline(version="t", model="t", analysed_at=instant(0)), text=pushed.body)


def analyse_at_once(pushed: Article, checkpoint: Checkpoint) -> Analysis:
    checkpoint("reading")
    return analysis_of(pushed)


def run(
    database: Database, analyse: Analyse, settings: Worker = SETTINGS, stopping: Callable[[], bool] = bool
) -> tuple[int, CollectorRegistry]:
    """Dispatch one message and run it; return how many jobs were leased, and the metrics."""
    registry = CollectorRegistry()
    [message] = fill(database, ONE_MESSAGE)
    runner = MessageRunner(database, analyse, settings, WorkerMetrics(registry), stopping)
    return runner.run(message.id, message.job_ids), registry


def push_three(database: Database) -> list[UUID]:
    return [accepted.job_id for accepted in push(database, article("One."), article("Two."), article("Three."))]


def states(database: Database, ids: list[UUID]) -> list[JobState]:
    return [state_of(database, job_id) for job_id in ids]


def outcomes(registry: CollectorRegistry) -> dict[str, float]:
    return {
        sample.labels["outcome"]: sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "stancewire_article_seconds_count"
    }
