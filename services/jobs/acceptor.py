"""Accepts the pushes of a process; on SQLite, those that arrive together share a transaction (group commit).

SQLite has one writer at a time, which waits for the disk before it makes room for the next. On PostgreSQL transactions
commit side by side, and one that waits for a row should not make others wait.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services import tracing
from services.contracts import Article
from services.database.engine import Database
from services.errors import StancewireError, StoreFault, StoreUnavailable
from services.jobs.accept import Acceptance, IdempotencyKey, Push, accept, accept_together

_GROUP_ARTICLES: Final = 200  # in one transaction: few enough for other writers to get their turn


@dataclass(slots=True, eq=False)
class _Waiting:
    """A push and, once its group has ended, its answers or its error."""

    push: Push
    outcome: list[Acceptance] | Exception | None = None


class Acceptor:
    """Accepts articles into the ledger, for the threads of one process."""

    def __init__(self, database: Database) -> None:
        """Bind the ledger."""
        self._database = database
        self._lock = threading.Lock()
        self._waiting: list[_Waiting] = []
        self._turn = threading.Lock()  # of the thread that commits a group

    def accept(self, batch: Sequence[Article], key: IdempotencyKey | None = None) -> list[Acceptance]:
        """Store articles as `services.jobs.accept.accept` does, with the same answers and errors."""
        if self._database.dialect != "sqlite":
            return accept(self._database, batch, key)
        mine = _Waiting(Push(batch, key, tracing.traceparent()))
        with self._lock:
            self._waiting.append(mine)
        self._await_turn(mine)
        try:
            while mine.outcome is None:
                self._commit(self._next_group())
        finally:
            self._turn.release()
        if isinstance(mine.outcome, Exception):
            raise mine.outcome
        return mine.outcome

    def _await_turn(self, mine: _Waiting) -> None:
        """Wait until no other thread commits a group. Raises `StoreUnavailable` if none takes the push in time."""
        if self._turn.acquire(timeout=self._database.busy_timeout_s):
            return
        with self._lock:
            if mine in self._waiting:
                self._waiting.remove(mine)
                reason = f"other pushes have not been stored within {self._database.busy_timeout_s:g} s"
                raise StoreUnavailable(reason, StoreFault.LOCKED)
        self._turn.acquire()  # the push is part of the group that is being committed

    def _next_group(self) -> list[_Waiting]:
        """Take the oldest pushes, at least one, up to the articles of a group."""
        with self._lock:
            number = articles = 0
            for waiting in self._waiting:
                articles += len(waiting.push.articles)
                if number and articles > _GROUP_ARTICLES:
                    break
                number += 1
            group, self._waiting = self._waiting[:number], self._waiting[number:]
        return group

    def _commit(self, group: Sequence[_Waiting]) -> None:
        """Accept the pushes of a group, and set their outcomes. After a defect each push is tried by itself."""
        outcomes: Sequence[list[Acceptance] | Exception]
        try:
            outcomes = accept_together(self._database, [waiting.push for waiting in group])
        except Exception as error:  # noqa: BLE001 -- raised in the thread of each push
            if len(group) > 1 and not isinstance(error, StancewireError):
                for waiting in group:
                    self._commit([waiting])
                return
            outcomes = [error] * len(group)
        for waiting, outcome in zip(group, outcomes, strict=True):
            waiting.outcome = outcome
