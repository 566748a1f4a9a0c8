"""One message's jobs, from claim to close: the promises of the ledger kept around a pipeline that knows nothing of them."""

from __future__ import annotations

import contextlib
import faulthandler
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

import structlog

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
from services.settings import Worker

log = structlog.get_logger(__name__)

Checkpoint = Callable[[str], None]
Analyse = Callable[[Article, Checkpoint], Analysis]

_CLOSE_TRIES = 5  # against a database that is busy or restarts; then the job is done again


@dataclass(slots=True)
class MessageRunner:
    """Works off one message. The article at hand is watched by two limits.

    The soft one is checked between stages and raises :class:`DeadlineExceeded`. The hard one is kept by ``faulthandler``'s
    watchdog, a thread that needs no interpreter lock: it prints where the process hangs and ends it, whatever it hangs in.
    """

    database: Database
    analyse: Analyse
    settings: Worker
    metrics: WorkerMetrics
    stopping: Callable[[], bool] = bool
    _held: list[LeasedJob] = field(default_factory=list)
    _renewed_at: float = 0.0

    def run(self, message_id: UUID, job_ids: Sequence[UUID]) -> int:
        """Claim, analyse and close the jobs, in order; returns how many were ours.

        When the process is told to stop in the middle, what was not begun goes back to the queue.
        """
        self._held = leases.lease(self.database, message_id, job_ids, self.settings.lease_s)
        self._renewed_at = time.monotonic()
        claimed = len(self._held)
        try:
            while self._held and not self.stopping():
                current = self._held[0]
                with structlog.contextvars.bound_contextvars(job=str(current.job_id), feed=current.article.feed):
                    self._one(current)
                self._held = [claim for claim in self._held if claim is not current]
        finally:
            faulthandler.cancel_dump_traceback_later()
            if self._held:  # told to stop: an orderly end as far as the ledger goes
                with contextlib.suppress(StoreUnavailable):  # then the lease runs out, which comes to the same
                    leases.release(self.database, self._held)
        return claimed

    def _one(self, current: LeasedJob) -> None:
        began = time.perf_counter()
        faulthandler.dump_traceback_later(self.settings.hard_limit_s, exit=True)
        try:
            self._renew()
            outcome = self._attempt(current)
        except LeaseLost as lost:
            outcome = "lease_lost"
            log.info("lease_lost", reason=lost.detail)
        finally:
            faulthandler.cancel_dump_traceback_later()
        seconds = time.perf_counter() - began
        self.metrics.articles.labels(outcome).observe(seconds)
        log.debug("article_done", outcome=outcome, seconds=round(seconds, 3))

    def _attempt(self, current: LeasedJob) -> str:
        soft_end = time.monotonic() + self.settings.soft_limit_s
        began = stage_began = time.perf_counter()

        def checkpoint(stage: str) -> None:
            nonlocal stage_began
            now = time.perf_counter()
            self.metrics.stages.labels(stage).observe(now - stage_began)
            if time.monotonic() > soft_end:
                raise DeadlineExceeded(f"longer than {self.settings.soft_limit_s:g} s; last stage finished: {stage}")
            self._renew()
            stage_began = time.perf_counter()

        try:
            analysis = self.analyse(current.article, checkpoint)
            result = Result.of(analysis, job_id=current.job_id, article_id=current.article_id)
            # Inside: a result that the database refuses is a defect like any other, and must not come back for ever.
            self._close(current, partial(leases.complete, self.database, current, result, time.perf_counter() - began))
        except LeaseLost:
            raise
        except PermanentError as reason:
            log.info("article_failed", code=reason.code, reason=reason.detail)
            self._close(current, partial(leases.fail, self.database, current, reason, time.perf_counter() - began))
            return JobState.FAILED
        except TransientError as reason:
            return self._postpone(current, reason, time.perf_counter() - began)
        except Exception as defect:  # whatever it is, the article must not be lost and the process goes on
            log.exception("article_defect")
            unknown = StancewireError(f"{type(defect).__name__}: {defect}", code="defect")
            return self._postpone(current, unknown, time.perf_counter() - began)
        return JobState.SUCCEEDED

    def _postpone(self, current: LeasedJob, reason: StancewireError, run_s: float) -> str:
        delay = min(self.settings.backoff_max_s, self.settings.backoff_s * 2 ** (current.attempt - 1))
        delay *= random.uniform(0.75, 1.25)  # noqa: S311 -- spreads retries, keeps no secret
        states: list[JobState] = []
        limits = {"max_attempts": self.settings.max_attempts, "delay_s": delay}

        def close() -> None:
            states.append(leases.requeue(self.database, current, reason, run_s=run_s, **limits))

        self._close(current, close)
        told = {} if reason.code == "defect" else {"reason": reason.detail}  # what a defect said may quote the article
        log.warning("article_postponed", code=reason.code, attempt=current.attempt, state=states[0], **told)
        return "retried" if states[0] is JobState.QUEUED else states[0]

    def _close(self, current: LeasedJob, closing: Callable[[], None]) -> None:
        """Close under the lease; a database that does not answer is asked again for as long as that makes sense.

        After that the job is handed back with its attempt: a disk that is full is not the article's fault.
        """
        for left in reversed(range(_CLOSE_TRIES)):
            try:
                closing()
            except StoreUnavailable as error:
                if not left:
                    with contextlib.suppress(StoreUnavailable):  # then the lease runs out, and one attempt with it
                        leases.release(self.database, [current])
                    raise LeaseLost(f"the result could not be stored: {error.detail}") from error
                log.warning("close_postponed", reason=error.detail)
                faulthandler.dump_traceback_later(self.settings.hard_limit_s, exit=True)
                time.sleep(1)
            else:
                return

    def _renew(self) -> None:
        if time.monotonic() - self._renewed_at < self.settings.renew_s:
            return
        current = self._held[0]
        try:
            ours = leases.extend(self.database, self._held, self.settings.lease_s)
        except StoreUnavailable as error:
            log.warning(
                "renewal_postponed", reason=error.detail
            )  # the lease still runs; the next checkpoint tries again
            return
        self._renewed_at = time.monotonic()
        self._held = [claim for claim in self._held if claim.job_id in ours]
        if current.job_id not in ours:
            raise LeaseLost("canceled, or taken over after the lease ended")
