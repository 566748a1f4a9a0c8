"""Process wiring of a worker host: one parent that consumes, and prefork children that each hold one model.

The order matters: settings and metrics before the fork; engine and model after it, since neither a connection nor a session
may be shared with a parent.
"""

from __future__ import annotations

import mmap
import os
import platform
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any, Final

import structlog
from celery import Celery, signals
from prometheus_client import CollectorRegistry, start_http_server

from services import logs, metrics
from services.contracts import Analysis, Article, QueueName, TaskName
from services.database.engine import Database
from services.dispatch.celery_app import Role, create_celery
from services.dispatch.dispatcher import Dispatcher
from services.errors import StancewireError, StoreUnavailable
from services.jobs import hosts
from services.jobs.hosts import HostRole
from services.settings import Settings
from services.topics.active_topics import ActiveTopics
from workers.host.message_runner import Checkpoint, MessageRunner
from workers.host.tasks import register

log = structlog.get_logger(__name__)

_ANNOUNCE_S: Final = 5
# What is loaded at first use is loaded before there is a lease and a limit: the first real article must not pay for it.
_FIRST: Final = Article(
    language="en", body="“All is well,” the mayor said on Monday. She told reporters that nothing would change."
)


class WorkerHost:
    """One `stancewire worker`: the application, its children's state, and its place in the ledger."""

    def __init__(self, settings: Settings) -> None:
        """Wire everything that belongs before the fork."""
        self.settings = settings
        self.name = uuid.uuid4().hex[:8]
        self._host = hosts.host_name(platform.node(), self.name)
        self.slots = settings.worker.processes or len(os.sched_getaffinity(0))
        self.celery: Celery = create_celery(
            settings.broker,
            settings.resolved_redis_url(),
            Role.CONSUMER,
            lambda cause: self._metrics.foreign.labels(cause).inc(),
        )
        self._metrics_dir = tempfile.TemporaryDirectory(prefix="stancewire-metrics-")
        metrics.count_under_prefork(Path(self._metrics_dir.name))
        self._metrics = metrics.WorkerMetrics(CollectorRegistry())
        # Shared with the children: SIGTERM lets each finish the article at hand and hand back the rest of its message, so a warm
        # shutdown is over within one article's hard limit.
        self._stop_flag = mmap.mmap(-1, 1)
        self._batch: MessageRunner | None = None
        self._dispatcher: Dispatcher | None = None
        self._task_began = 0.0
        # The parent talks to the database from its event loop alone, so no connection is open when a child is forked.
        brief = settings.database.model_copy(update={"busy_timeout_s": 0.5})
        self._parent_database = Database(settings.resolved_database_url(), brief, pooled=False)
        register(self.celery, self._current_batch)
        signals.setup_logging.connect(self._set_up_logging, weak=False)
        signals.worker_process_init.connect(self._after_fork, weak=False)
        signals.worker_ready.connect(self._ready, weak=False)
        signals.worker_shutting_down.connect(self._stopping, weak=False)
        signals.task_prerun.connect(self._task_begins, weak=False)
        signals.task_success.connect(self._task_succeeded, weak=False)
        signals.task_failure.connect(self._task_failed, weak=False)
        signals.task_postrun.connect(self._task_ended, weak=False)
        signals.task_postrun.connect(self._dispatch_next, weak=False)

    def run(self, queues: str = "") -> None:
        """Consume until told to stop: on SIGTERM the articles at hand are finished and the rest is handed back."""
        arguments = ["--quiet", "worker", "--pool=prefork", f"--concurrency={self.slots}", f"--hostname={self.name}@%h"]
        arguments += [
            f"--queues={queues or QueueName.ANALYSE}",
            "--without-gossip",
            "--without-mingle",
            "--loglevel=INFO",
        ]
        arguments += [f"--max-tasks-per-child={self.settings.worker.recycle_messages}", "--without-heartbeat"]
        self.celery.worker_main(arguments)

    def _current_batch(self) -> MessageRunner:
        assert self._batch is not None, "set by _after_fork, before any task"  # noqa: S101 -- says what mypy cannot know
        return self._batch

    def _set_up_logging(self, **_: Any) -> None:
        logs.configure(self.settings.log, "worker")

    def _after_fork(self, **_: Any) -> None:
        from workers.pipeline.pipeline import Pipeline  # the parent stays without a model

        os.nice(self.settings.worker.niceness)  # on shared cores, accepting goes before analysing

        logs.configure(self.settings.log, "worker")
        database = Database(self.settings.resolved_database_url(), self.settings.database)
        database.observer = self._metrics.transaction
        pipeline = Pipeline(self.settings.pipeline)
        pipeline.analyse(_FIRST)
        self._metrics.model.labels(pipeline.version, pipeline.model).set(1)
        topics = ActiveTopics(database, self.settings.topics.cache_s)

        def analyse(article: Article, checkpoint: Checkpoint) -> Analysis:
            return pipeline.analyse(article, checkpoint, topics())

        self._batch = MessageRunner(
            database, analyse, self.settings.worker, self._metrics, lambda: self._stop_flag[0] != 0
        )
        redis_url = self.settings.resolved_redis_url()
        sender = create_celery(self.settings.broker, redis_url, Role.SENDER)
        self._dispatcher = Dispatcher(database, sender, redis_url, self.settings.broker)

    def _task_begins(self, **_: Any) -> None:
        self._task_began = time.perf_counter()

    def _task_succeeded(self, **_: Any) -> None:
        self._metrics.tasks_succeeded.labels(TaskName.ANALYSE, QueueName.ANALYSE).inc()

    def _task_failed(self, exception: BaseException, task_id: str, **_: Any) -> None:
        """Celery's own line would quote the exception; ours goes through the formatter."""
        self._metrics.tasks_failed.labels(TaskName.ANALYSE, QueueName.ANALYSE, type(exception).__name__).inc()
        log.error("message_failed", message=task_id, exc_info=exception)

    def _task_ended(self, **_: Any) -> None:
        seconds = time.perf_counter() - self._task_began
        self._metrics.task_seconds.labels(TaskName.ANALYSE, QueueName.ANALYSE).observe(seconds)

    def _dispatch_next(self, **_: Any) -> None:
        """A message is finished, so there is room for another."""
        if self._dispatcher is None:
            return
        try:
            self._dispatcher.dispatch()
        except StancewireError as error:
            log.debug(
                "dispatch_postponed", code=error.code, reason=error.detail
            )  # the sweeper says it once, and tries again

    def _ready(self, sender: Any, **_: Any) -> None:
        worker = self.settings.worker
        if worker.metrics_port:
            start_http_server(worker.metrics_port, worker.metrics_host, registry=metrics.prefork_registry())
        self._announce()
        sender.timer.call_repeatedly(_ANNOUNCE_S, self._announce)
        log.info("worker_ready", slots=self.slots, metrics_port=worker.metrics_port or None)

    def _announce(self) -> None:
        try:
            hosts.announce(self._parent_database, HostRole.WORKER, self._host, self.slots)
        except StoreUnavailable as error:
            log.warning("announce_postponed", reason=error.detail)

    def _stopping(self, **_: Any) -> None:
        self._stop_flag[0] = 1
        try:
            hosts.leave(self._parent_database, HostRole.WORKER, self._host)
        except StoreUnavailable as error:
            log.warning("leave_postponed", reason=error.detail)
