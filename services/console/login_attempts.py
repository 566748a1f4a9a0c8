"""Wrong keys are counted by address, so that nobody tries many."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from typing import Final

from services.errors import Refused

_WINDOW_S: Final = 60.0
_ADDRESSES: Final = 10_000  # remembered at a time; the one that failed first goes first


class LoginAttempts:
    """Failed log-ins of one process in the last minute."""

    def __init__(self, limit: int) -> None:
        """Allow ``limit`` failures a minute from one address."""
        self._limit = limit
        self._lock = threading.Lock()
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, address: str) -> None:
        """Raise :class:`Refused` (429) where too many failed from this address; says when the next may come."""
        with self._lock:
            times = self._recent(address)
            if len(times) >= self._limit:
                wait = max(1, round(_WINDOW_S - (time.monotonic() - times[0])))
                detail = f"too many wrong keys came from your address; try again in {wait} s"
                raise Refused(detail, code="too_many_attempts", status=429, retry_after=wait)

    def failed(self, address: str) -> None:
        """Count a failure."""
        with self._lock:
            times = self._recent(address)
            times.append(time.monotonic())
            self._failed[address] = times
            while len(self._failed) > _ADDRESSES:
                self._failed.popitem(last=False)

    def _recent(self, address: str) -> deque[float]:
        times = self._failed.get(address, deque())
        while times and time.monotonic() - times[0] >= _WINDOW_S:
            times.popleft()
        return times
