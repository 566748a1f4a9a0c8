"""News of results: one look at the ledger for all requests and streams that wait, and none while nobody does."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from starlette.concurrency import run_in_threadpool

from services.database.engine import Database
from services.errors import StoreUnavailable
from services.results import tombstones
from services.settings import Api

log = structlog.get_logger(__name__)

_NEVER_LOOKED: Final = -1


class ResultWatch:
    """Wakes waiting tasks when the number of the latest result or tombstone grows. For one event loop."""

    def __init__(self, database: Database, settings: Api) -> None:
        """Bind the database. It is looked at every ``api.poll_s`` seconds while a task waits."""
        self._database = database
        self._settings = settings
        self._waiting = 0
        self._news = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None
        self.latest = _NEVER_LOOKED
        self.ending = False  # set by the signal handler of a server that stops

    async def wait(self, seen: int, wait_s: float) -> None:
        """Wait until the latest number is above ``seen``, a value of ``latest``, at most ``wait_s`` seconds."""
        self._waiting += 1
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        try:
            async with asyncio.timeout(wait_s):
                while self.latest <= seen and not self.ending:
                    await self._news.wait()
        except TimeoutError:
            return
        finally:
            self._waiting -= 1

    async def _poll(self) -> None:
        while self._waiting:
            try:
                latest = await run_in_threadpool(tombstones.latest_sequence, self._database)
            except StoreUnavailable as error:
                log.warning("result_watch_postponed", fault=error.fault, reason=error.detail)
            else:
                if latest != self.latest or self.ending:
                    self.latest = latest
                    self._wake()
            await asyncio.sleep(self._settings.poll_s)

    def _wake(self) -> None:
        woken, self._news = self._news, asyncio.Event()
        woken.set()
