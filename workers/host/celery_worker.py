"""Wiring of a worker host: a parent process that consumes messages, and prefork children with a model each.

The order matters. Settings and metrics are set up before the fork. Database engine and model are set up after it,
because a child must not share a connection or an ONNX session with its parent.
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
from billiard.exceptions import WorkerLostError
from celery import Celery, signals
from prometheus_client import CollectorRegistry, start_http_server

from services import logs, metrics, tracing
from services.container_limits import usable_cores
from services.contracts import Article, QueueName, TaskName
from services.database.engine import Database
from services.dispatch.celery_app import Role, create_celery
from services.dispatch.dispatcher import Dispatcher
from services.errors import BrokerUnavailable, StancewireError, StoreUnavailable
from services.jobs import hosts, leases
from services.jobs.hosts import HostRole
from services.settings import Settings
from services.topics.active_topics import ActiveTopics
from workers.host.consumer import patient_consumer
from workers.host.message_runner import MessageRunner
from workers.host.preload import preload
from workers.host.tasks import register

log = structlog.get_logger(__name__)

_ANNOUNCE_INTERVAL_S: Final = 5
# Analysed after the fork, so that everything loaded at first use is loaded before there is a lease and a time limit.
_WARM_UP_ARTICLE: Final = Article(
    language="en", body="“All is well,” the mayor said on Monday. She told reporters that nothing would change."
)


class WorkerHost:
    """One `stancewire worker`: the Celery application, the state of its children, and its row among the hosts."""

    def __init__(self, settings: Settings) -> None:
        """Set up everything that is needed before the fork, and connect the signal handlers."""
        self.settings = settings
        self.name = uuid.uuid4().hex[:8]
        self._host = hosts.host_name(platform.node(), self.name)
        self.slots = settings.worker.processes or usable_cores()
        self.celery: Celery = create_celery(
            settings.broker,
            settings.resolved_redis_url(),
            Role.CONSUMER,
            lambda cause, number: self._metrics.messages_dropped.labels(cause).inc(number),
            self._on_redis_fault,
        )
        self.celery.conf.worker_consumer = patient_consumer(self._announce_if_due, self._on_redis_fault)
        self._metrics_dir = tempfile.TemporaryDirectory(prefix="stancewire-metrics-")
        metrics.count_under_prefork(Path(self._metrics_dir.name))
        self._metrics = metrics.WorkerMetrics(CollectorRegistry())
        # Shared with the children. On SIGTERM each child finishes its current article and releases the rest of its
        # message, so a warm shutdown takes at most one article's hard limit.
        self._stop_flag = mmap.mmap(-1, 1)
        self._runner: MessageRunner | None = None
        self._dispatcher: Dispatcher | None = None
        self._task_began = 0.0
        self._announced_at: float | None = None
        # The parent uses the database only from its event loop, so no connection is open when a child is forked. The
        # short timeout keeps the loop responsive.
        parent_settings = settings.database.model_copy(update={"busy_timeout_s": 0.5})
        self._parent_database = Database(settings.resolved_database_url(), parent_settings, pooled=False)
        self._parent_database.fault_observer = self._metrics.observe_database_fault
        register(self.celery, self._current_runner)
        signals.setup_logging.connect(self._set_up_logging, weak=False)
        signals.worker_process_init.connect(self._after_fork, weak=False)
        signals.worker_process_shutdown.connect(self._before_exit, weak=False)
        signals.worker_ready.connect(self._on_ready, weak=False)
        signals.worker_shutting_down.connect(self._on_stopping, weak=False)
        signals.task_prerun.connect(self._on_task_start, weak=False)
        signals.task_success.connect(self._on_task_success, weak=False)
        signals.task_failure.connect(self._on_task_failure, weak=False)
        signals.task_postrun.connect(self._on_task_end, weak=False)
        signals.task_postrun.connect(self._dispatch_next, weak=False)

    def run(self, queues: str = "") -> None:
        """Consume messages until SIGTERM; then finish the current articles and release the other jobs.

        Raises `SystemExit` with status 1 if the consumer ends for any other reason.
        """
        arguments = ["--quiet", "worker", "--pool=prefork", f"--concurrency={self.slots}", f"--hostname={self.name}@%h"]
        arguments += [
            f"--queues={queues or QueueName.ANALYSE}",
            "--without-gossip",
            "--without-mingle",
            "--loglevel=INFO",
        ]
        arguments += [f"--max-tasks-per-child={self.settings.worker.recycle_messages}", "--without-heartbeat"]
        preload()
        self.celery.worker_main(arguments)
        if not self._stop_flag[0]:  # Celery returns in the same way after an error that it cannot handle
            self._leave()
            log.critical("worker_ended", reason="the consumer ended without being asked to; see the lines above")
            raise SystemExit(1)

    def _current_runner(self) -> MessageRunner:
        assert self._runner is not None, "set by _after_fork, before any task"  # noqa: S101 -- for mypy
        return self._runner

    def _set_up_logging(self, **_: Any) -> None:
        logs.configure(self.settings.log, "worker")

    def _after_fork(self, **_: Any) -> None:
        """Set up a child: logging, database, model, topics, message runner and dispatcher."""
        from workers.host.article_reader import ArticleReader
        from workers.pipeline.pipeline import Pipeline

        os.nice(self.settings.worker.niceness)  # on shared cores, the API has priority over analysis

        logs.configure(self.settings.log, "worker")
        tracing.configure(self.settings.tracing, "worker")
        database = Database(self.settings.resolved_database_url(), self.settings.database)
        database.observer = self._metrics.observe_transaction
        database.fault_observer = self._metrics.observe_database_fault
        pipeline = Pipeline(self.settings.pipeline)
        pipeline.analyse(_WARM_UP_ARTICLE)
        self._metrics.model.labels(pipeline.version, pipeline.model).set(1)
        topics = ActiveTopics(database, self.settings.topics.cache_s)

        reader = ArticleReader(pipeline, topics, database, self.settings.stories)
        self._runner = MessageRunner(
            database,
            reader.analyse,
            self.settings.worker,
            self._metrics,
            lambda: self._stop_flag[0] != 0,
            reader.text_keys,
            self.settings.stories,
            pipeline.encode_ahead,
        )
        redis_url = self.settings.resolved_redis_url()
        sender = create_celery(self.settings.broker, redis_url, Role.SENDER)
        self._dispatcher = Dispatcher(database, sender, redis_url, self.settings.broker)

    def _before_exit(self, **_: Any) -> None:
        tracing.shut_down()

    def _on_task_start(self, **_: Any) -> None:
        self._task_began = time.perf_counter()

    def _on_task_success(self, **_: Any) -> None:
        self._metrics.tasks_succeeded.labels(TaskName.ANALYSE, QueueName.ANALYSE).inc()

    def _on_task_failure(self, exception: BaseException, task_id: str, **_: Any) -> None:
        """Log the failure. Celery's own log line would quote the exception, ours passes through the formatter."""
        self._metrics.tasks_failed.labels(TaskName.ANALYSE, QueueName.ANALYSE, type(exception).__name__).inc()
        if isinstance(exception, WorkerLostError):
            self._on_process_lost(task_id, exception)
        else:
            log.error("message_failed", message=task_id, exc_info=exception)

    def _on_process_lost(self, task_id: str, error: WorkerLostError) -> None:
        """End the leases of a child that was killed (often for its memory) or that ended at the hard limit."""
        expired = 0
        try:
            expired = leases.expire(self._parent_database, uuid.UUID(task_id))
        except StoreUnavailable as unavailable:  # the leases end by themselves, later
            log.warning("expiry_postponed", fault=unavailable.fault, reason=unavailable.detail)
        log.error("worker_process_lost", message=task_id, jobs=expired, reason=str(error))

    def _on_task_end(self, **_: Any) -> None:
        seconds = time.perf_counter() - self._task_began
        self._metrics.task_seconds.labels(TaskName.ANALYSE, QueueName.ANALYSE).observe(seconds)

    def _dispatch_next(self, **_: Any) -> None:
        """Dispatch the next message, since a finished one has made room for it."""
        if self._dispatcher is None:
            return
        try:
            self._dispatcher.dispatch()
        except StancewireError as error:
            # The sweeper dispatches again soon, and logs the failure at a higher level.
            log.debug("dispatch_postponed", code=error.code, reason=error.detail)

    def _on_ready(self, sender: Any, **_: Any) -> None:
        worker = self.settings.worker
        if worker.metrics_port:
            start_http_server(worker.metrics_port, worker.metrics_host, registry=metrics.prefork_registry())
        self._announce()
        sender.timer.call_repeatedly(_ANNOUNCE_INTERVAL_S, self._announce)
        log.info("worker_ready", slots=self.slots, metrics_port=worker.metrics_port or None)

    def _on_redis_fault(self, error: BrokerUnavailable) -> None:
        self._metrics.observe_redis_fault(error.fault)

    def _announce_if_due(self) -> None:
        """Keep the host among the live ones while Celery's event loop waits for Redis, once it has been ready."""
        if self._announced_at is not None and time.monotonic() - self._announced_at >= _ANNOUNCE_INTERVAL_S:
            self._announce()

    def _announce(self) -> None:
        self._announced_at = time.monotonic()
        try:
            hosts.announce(self._parent_database, HostRole.WORKER, self._host, self.slots)
        except StoreUnavailable as error:
            log.warning("announce_postponed", fault=error.fault, reason=error.detail)

    def _on_stopping(self, **_: Any) -> None:
        self._stop_flag[0] = 1
        self._leave()

    def _leave(self) -> None:
        try:
            hosts.leave(self._parent_database, HostRole.WORKER, self._host)
        except StoreUnavailable as error:
            log.warning("leave_postponed", fault=error.fault, reason=error.detail)
