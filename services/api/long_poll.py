"""``Prefer: wait=N`` (RFC 7240): a request waits for its job to finish. One poller queries for all waiting requests."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from contextvars import ContextVar
from typing import Annotated, Final
from uuid import UUID

import structlog
from fastapi import Header
from starlette.concurrency import run_in_threadpool

from services.database.engine import Database
from services.errors import StoreUnavailable
from services.jobs import queries
from services.settings import Api

log = structlog.get_logger(__name__)

PreferHeader = Annotated[
    str | None,
    Header(alias="Prefer", max_length=200, description="wait=N: answer when the job is done, or after N seconds"),
]
POLL_AFTER: Final = {"Retry-After": "1"}  # headers of an answer about a job that is not done
_WAIT: Final = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,6})\"?\s*(?:$|[,;])", re.IGNORECASE)
_waits_s: ContextVar[list[float]] = ContextVar("waits_s")


def record_waits() -> list[float]:
    """Return a list that collects the seconds that this request waits on demand, which metrics subtract."""
    waits_s: list[float] = []
    _waits_s.set(waits_s)
    return waits_s


def record_wait(seconds: float) -> None:
    """Add time that this request waited on demand to the list of `record_waits`, if there is one."""
    _waits_s.get([]).append(seconds)


def requested_wait_s(prefer: str | None, limit_s: float) -> float:
    """Return the seconds that a ``Prefer`` header asks for, at most ``limit_s``; 0 without a valid wish."""
    match = _WAIT.search(prefer or "")
    return min(float(match.group(1)), limit_s) if match else 0.0


class LongPoll:
    """Waits for jobs to finish, with one query every ``api.poll_s`` seconds, and none while no request waits."""

    def __init__(self, database: Database, settings: Api) -> None:
        """Bind the database. The poller starts with the first waiting request."""
        self._database = database
        self._settings = settings
        self._waiting: Counter[UUID] = Counter()
        self._finished: dict[UUID, asyncio.Event] = {}
        self._poller: asyncio.Task[None] | None = None

    def granted_wait_s(self, prefer: str | None) -> float:
        """Return the seconds that a request with this ``Prefer`` header may wait.

        0 if it does not ask to wait, or if ``api.waiters`` requests wait already.
        """
        if self._waiting.total() >= self._settings.waiters:
            return 0.0
        return requested_wait_s(prefer, self._settings.wait_limit_s)

    async def wait(self, job_id: UUID, wait_s: float) -> bool:
        """Wait until the job is final, at most ``wait_s`` seconds. Return whether it is."""
        if wait_s <= 0:
            return False
        started = time.perf_counter()
        finished = self._finished.setdefault(job_id, asyncio.Event())
        self._waiting[job_id] += 1
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        try:
            async with asyncio.timeout(wait_s):
                await finished.wait()
        except TimeoutError:
            return False
        else:
            return True
        finally:
            record_wait(time.perf_counter() - started)
            self._waiting[job_id] -= 1
            if not self._waiting[job_id]:
                del self._waiting[job_id]
                self._finished.pop(job_id, None)

    async def _poll(self) -> None:
        while self._finished:
            try:
                finished_ids = await run_in_threadpool(queries.finished, self._database, list(self._finished))
            except StoreUnavailable as error:
                log.warning("wait_poll_postponed", fault=error.fault, reason=error.detail)
                finished_ids = frozenset()
            for job_id in finished_ids:
                if job_id in self._finished:
                    self._finished[job_id].set()
            await asyncio.sleep(self._settings.poll_s)
