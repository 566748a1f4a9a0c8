"""Two operations on two connections, statement by statement, in an order that the test chooses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import event

from services.database.engine import Database

_BLOCKED_S: Final = 0.03  # an operation that does not reach its next statement in this time waits for a lock
_END_S: Final = 30.0


class Interleaver:
    """Runs pairs of operations. Each has its own database object; the schedule decides who runs the next statement.

    An operation that waits for a lock of the other is left waiting, and the other goes on: the order is then that of
    the database, as it would be in production.
    """

    def __init__(self, databases: Sequence[Database]) -> None:
        self._condition = threading.Condition()
        self._current = threading.local()
        self._waiting: set[int] = set()  # operations in front of a statement
        self._running: set[int] = set()  # operations that have not ended
        self._turn: int | None = None
        self._is_free = True
        for database in databases:
            event.listen(database.engine, "before_cursor_execute", self._before_statement)

    def run(self, operations: Sequence[Callable[[], object]], schedule: Sequence[bool]) -> list[BaseException]:
        """Run two operations in the order of ``schedule``: for each statement, whether it is one of the second.

        Return what they raised.
        """
        errors: list[BaseException] = []
        self._running, self._waiting, self._is_free = {0, 1}, set(), False
        threads = [
            threading.Thread(target=self._act, args=(number, operation, errors))
            for number, operation in enumerate(operations)
        ]
        for thread in threads:
            thread.start()
        for is_second in schedule:
            if not self._step(int(is_second)):
                break
        with self._condition:
            self._is_free = True
            self._condition.notify_all()
        for thread in threads:
            thread.join(_END_S)
            assert not thread.is_alive(), "an operation hangs"
        return errors

    def _step(self, wanted: int) -> bool:
        """Let an operation run up to its next statement, the wanted one if it can. Return False if both have ended."""
        with self._condition:
            self._condition.wait_for(lambda: self._waiting or not self._running, _BLOCKED_S)
            if not self._running:
                return False
            if not self._waiting:
                return True
            number = wanted if wanted in self._waiting else next(iter(self._waiting))
            self._waiting.discard(number)
            self._turn = number
            self._condition.notify_all()
            self._condition.wait_for(lambda: number in self._waiting or number not in self._running, _BLOCKED_S)
            return True

    def _act(self, number: int, operation: Callable[[], object], errors: list[BaseException]) -> None:
        self._current.number = number
        try:
            operation()
        except BaseException as error:  # noqa: BLE001 -- the test decides
            errors.append(error)
        finally:
            with self._condition:
                self._running.discard(number)
                self._waiting.discard(number)
                self._condition.notify_all()

    def _before_statement(self, *_: Any) -> None:
        number = getattr(self._current, "number", None)
        if number is None:
            return
        with self._condition:
            if self._is_free:
                return
            self._waiting.add(number)
            self._condition.notify_all()
            self._condition.wait_for(lambda: self._is_free or self._turn == number, _END_S)
            self._waiting.discard(number)
            if self._turn == number:
                self._turn = None
