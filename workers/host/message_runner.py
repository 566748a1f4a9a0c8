"""Runs the jobs of one message: leases them, analyses their articles, and stores the results.

The pipeline knows nothing of jobs. This module keeps the promises of the ledger around it: leases are extended in time,
limits are enforced, and every job is completed, failed, requeued or released.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import random
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

import structlog

from services import tracing
from services.contracts import Analysis, Article, JobState, Result
from services.database.engine import Database
from services.errors import (
    DeadlineExceeded,
    LeaseLost,
    PermanentError,
    StancewireError,
    StoreUnavailable,
    TransientError,
)
from services.jobs import leases
from services.jobs.leases import LeasedJob
from services.metrics import WorkerMetrics
from services.settings import Stories, Worker
from services.stories.linking import TextKeys

log = structlog.get_logger(__name__)

Checkpoint = Callable[[str], None]
Analyse = Callable[[Article, Checkpoint], Analysis]

_CLOSE_ATTEMPTS = 5  # while the database is busy or restarting; after that the job is released


def _traced(job: LeasedJob) -> AbstractContextManager[None]:
    """Continue the trace of the push that the job came from, with the time that the job waited."""
    if job.trace is None:
        return contextlib.nullcontext()
    attributes: tracing.Attributes = {"job": str(job.job_id), "feed": job.article.feed, "attempt": job.attempt}
    tracing.past_span("queue", job.trace.queued_at, job.trace.leased_at, attributes, job.trace.traceparent)
    return tracing.continued(job.trace.traceparent, "analyse", attributes)


def _trace_stage(stage: str, seconds: float) -> None:
    now_ms = time.time() * 1000
    tracing.past_span(stage, now_ms - seconds * 1000, now_ms)


def end_process() -> None:
    """End this process at once; the worker host starts another."""
    os._exit(1)


def _no_keys() -> None:
    """Recognise no text."""


def _encode_nothing(_articles: Sequence[Article]) -> int:
    """Leave every article to its own analysis."""
    return 0


@dataclass(slots=True)
class MessageRunner:
    """Runs the jobs of messages, one message at a time. Two limits guard each article.

    The soft limit is checked after each stage and raises ``DeadlineExceeded``. The hard limit is enforced by the
    watchdog thread of ``faulthandler``, which does not need the interpreter lock: it prints the stack and ends the
    process, whatever the process hangs in. A process that has run out of memory ends, too, once the article has its
    reason: what it holds is free then, and the other jobs of the message run elsewhere.

    ``stopping`` tells whether the process is shutting down; ``text_keys`` returns what the text of the article that was
    analysed last is recognised by, or None if it is not to be linked with its copies. ``encode_ahead`` may do for all
    articles of the message what is faster together.
    """

    database: Database
    analyse: Analyse
    settings: Worker
    metrics: WorkerMetrics
    stopping: Callable[[], bool] = bool
    text_keys: Callable[[], TextKeys | None] = _no_keys
    stories: Stories = field(default_factory=Stories)
    encode_ahead: Callable[[Sequence[Article]], int] = _encode_nothing
    _leased: list[LeasedJob] = field(default_factory=list)  # the current job and those that wait
    _extended_at: float = 0.0  # monotonic time of the last extension
    _is_out_of_memory: bool = False

    def run(self, message_id: UUID, job_ids: Sequence[UUID]) -> int:
        """Lease the jobs of a message and run them in order. Return how many could be leased.

        If the process is asked to stop, jobs that have not begun are released to the queue.
        """
        self._leased = leases.lease(self.database, message_id, job_ids, self.settings.lease_s)
        self._extended_at = time.monotonic()
        leased_count = len(self._leased)
        try:
            self._encode_ahead()
            while self._leased and not self.stopping() and not self._is_out_of_memory:
                job = self._leased[0]
                with (
                    structlog.contextvars.bound_contextvars(job=str(job.job_id), feed=job.article.feed),
                    _traced(job),
                ):
                    self._run_job(job)
                self._leased = [waiting for waiting in self._leased if waiting is not job]
        finally:
            faulthandler.cancel_dump_traceback_later()
            if self._leased:  # the process is stopping, or ends
                with contextlib.suppress(StoreUnavailable):  # then the leases expire, with the same effect
                    leases.release(self.database, self._leased)
        if self._is_out_of_memory:
            log.error("out_of_memory", released=len(self._leased))
            end_process()
        return leased_count

    def _encode_ahead(self) -> None:
        """Do what is faster for all articles together, under the hard limit of one."""
        articles = [job.article for job in self._leased if job.unreadable is None]
        faulthandler.dump_traceback_later(self.settings.hard_limit_s, exit=True)
        try:
            self.encode_ahead(articles)
        except Exception:  # each article is then read by itself
            log.exception("encoding_ahead_failed", articles=len(articles))
        finally:
            faulthandler.cancel_dump_traceback_later()

    def _run_job(self, job: LeasedJob) -> None:
        """Run one job under the hard limit, and record its outcome in metrics and log."""
        began = time.perf_counter()
        faulthandler.dump_traceback_later(self.settings.hard_limit_s, exit=True)
        try:
            self._extend_leases()
            outcome = self._analyse_and_close(job)
        except LeaseLost as error:
            outcome = "lease_lost"
            log.info("lease_lost", reason=error.detail)
        except Exception:  # the job could not be closed: its lease expires, and the other jobs of the message go on
            outcome = "lease_lost"
            log.exception("article_not_closed")
        finally:
            faulthandler.cancel_dump_traceback_later()
        seconds = time.perf_counter() - began
        self.metrics.articles.labels(outcome).observe(seconds)
        tracing.describe({"outcome": outcome})
        log.debug("article_done", outcome=outcome, seconds=round(seconds, 3))

    def _analyse_and_close(self, job: LeasedJob) -> str:
        """Analyse the article and close the job accordingly. Return the outcome for metrics."""
        soft_end = time.monotonic() + self.settings.soft_limit_s
        began = stage_began = time.perf_counter()

        def checkpoint(stage: str) -> None:
            nonlocal stage_began
            now = time.perf_counter()
            self.metrics.stages.labels(stage).observe(now - stage_began)
            _trace_stage(stage, now - stage_began)
            if time.monotonic() > soft_end:
                raise DeadlineExceeded(f"longer than {self.settings.soft_limit_s:g} s; last stage finished: {stage}")
            self._extend_leases()
            stage_began = time.perf_counter()

        try:
            analysis = self._analyse(job, checkpoint)
            result = Result.of(analysis, job.article, job_id=job.job_id, article_id=job.article_id)
            # This is inside the try block so that a result that the database refuses counts as a defect and does not
            # come back for ever.
            run_s = time.perf_counter() - began
            keys = self.text_keys()
            self._close(
                job, partial(leases.complete, self.database, job, result, run_s, keys=keys, stories=self.stories)
            )
        except LeaseLost:
            raise
        except PermanentError as error:
            log.info("article_failed", code=error.code, reason=error.detail)
            self._close(job, partial(leases.fail, self.database, job, error, time.perf_counter() - began))
            return JobState.FAILED
        except TransientError as error:
            return self._requeue(job, error, time.perf_counter() - began)
        except Exception as defect:  # no defect may lose the article or end the process
            log.exception("article_defect")
            self._is_out_of_memory = isinstance(defect, MemoryError)
            reason = StancewireError(f"{type(defect).__name__}: {defect}", code="defect")
            return self._requeue(job, reason, time.perf_counter() - began)
        return JobState.SUCCEEDED

    def _analyse(self, job: LeasedJob, checkpoint: Checkpoint) -> Analysis:
        if job.unreadable is not None:
            raise job.unreadable
        return self.analyse(job.article, checkpoint)

    def _requeue(self, job: LeasedJob, reason: StancewireError, run_s: float) -> str:
        """Requeue the job with exponential backoff, or close it as dead after its last attempt. Return the outcome."""
        delay_s = min(self.settings.backoff_max_s, self.settings.backoff_s * 2 ** (job.attempt - 1))
        delay_s *= random.uniform(0.75, 1.25)  # noqa: S311 -- jitter between retries, not a secret
        states: list[JobState] = []

        def requeue() -> None:
            state = leases.requeue(
                self.database, job, reason, max_attempts=self.settings.max_attempts, delay_s=delay_s, run_s=run_s
            )
            states.append(state)

        self._close(job, requeue)
        # The text of a defect may quote the article, so it is not logged.
        detail = {} if reason.code == "defect" else {"reason": reason.detail}
        log.warning("article_postponed", code=reason.code, attempt=job.attempt, state=states[0], **detail)
        return "retried" if states[0] is JobState.QUEUED else states[0]

    def _close(self, job: LeasedJob, close: Callable[[], None]) -> None:
        """Close the job by ``close``, and try again for a few seconds if the database does not answer.

        If the database stays unavailable, the job is released without using up an attempt, since a full disk is not
        the article's fault, and ``LeaseLost`` is raised.
        """
        for attempts_left in reversed(range(_CLOSE_ATTEMPTS)):
            try:
                with tracing.span("store"):
                    close()
            except StoreUnavailable as error:
                if not attempts_left:
                    with contextlib.suppress(StoreUnavailable):  # then the lease expires, and the attempt is used up
                        leases.release(self.database, [job])
                    raise LeaseLost(f"the result could not be stored: {error.detail}") from error
                log.warning("close_postponed", fault=error.fault, reason=error.detail)
                faulthandler.dump_traceback_later(self.settings.hard_limit_s, exit=True)
                time.sleep(1)
            else:
                return

    def _extend_leases(self) -> None:
        """Extend the leases of this message's jobs if it is time. Raises ``LeaseLost`` if the current job is lost."""
        if time.monotonic() - self._extended_at < self.settings.renew_s:
            return
        current = self._leased[0]
        try:
            still_leased = leases.extend(self.database, self._leased, self.settings.lease_s)
        except StoreUnavailable as error:
            # The leases are still valid; the next checkpoint tries again.
            log.warning("renewal_postponed", fault=error.fault, reason=error.detail)
            return
        self._extended_at = time.monotonic()
        self._leased = [job for job in self._leased if job.job_id in still_leased]
        if current.job_id not in still_leased:
            raise LeaseLost("canceled, or taken over after the lease ended")
