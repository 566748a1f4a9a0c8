"""``Prefer: wait=N`` (RFC 7240): a client may wait a little for its job to be done. One poller asks for all who wait."""

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
_WAIT: Final = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,6})\"?\s*(?:$|[,;])", re.IGNORECASE)
_waits: ContextVar[list[float]] = ContextVar("waits")


def waits() -> list[float]:
    """A list that fills with the seconds for which this request waits by wish; for whoever times it from the outside."""
    collected: list[float] = []
    _waits.set(collected)
    return collected


def wished(prefer: str | None, limit_s: float) -> float:
    """Seconds a ``Prefer`` header asks to wait, at most ``limit_s``; 0 where it asks for none, or is not understood."""
    found = _WAIT.search(prefer or "")
    return min(float(found.group(1)), limit_s) if found else 0.0


class LongPoll:
    """Lets requests wait for jobs; asks the ledger once each ``poll_s`` for all of them, and not at all when nobody waits."""

    def __init__(self, database: Database, settings: Api) -> None:
        """Bind the ledger; the poller starts with the first who waits."""
        self._database = database
        self._settings = settings
        self._waiting: Counter[UUID] = Counter()
        self._done: dict[UUID, asyncio.Event] = {}
        self._poller: asyncio.Task[None] | None = None

    def granted(self, prefer: str | None) -> float:
        """Seconds that a request with this ``Prefer`` header may wait; 0 where it asks for none, or too many wait already."""
        if self._waiting.total() >= self._settings.waiters:
            return 0.0
        return wished(prefer, self._settings.wait_limit_s)

    async def wait(self, job_id: UUID, seconds: float) -> bool:
        """Wait until the job is final, for as long as was granted; returns whether it is."""
        if seconds <= 0:
            return False
        began = time.perf_counter()
        event = self._done.setdefault(job_id, asyncio.Event())
        self._waiting[job_id] += 1
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return False
        else:
            return True
        finally:
            _waits.get([]).append(time.perf_counter() - began)
            self._waiting[job_id] -= 1
            if not self._waiting[job_id]:
                del self._waiting[job_id]
                self._done.pop(job_id, None)

    async def _poll(self) -> None:
        while self._done:
            try:
                finished = await run_in_threadpool(queries.finished, self._database, list(self._done))
            except StoreUnavailable as error:
                log.warning("wait_poll_postponed", reason=error.detail)
                finished = frozenset()
            for job_id in finished:
                if job_id in self._done:
                    self._done[job_id].set()
            await asyncio.sleep(self._settings.poll_s)
