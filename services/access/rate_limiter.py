"""Rate limits as token buckets, in this process: N processes of the API let N times as much through."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import Final

_KEPT: Final = 10_000  # names at a time; one that was not seen for longest has a full bucket again


class RateLimiter:
    """A bucket for each name: so many tokens come each second, ``burst_s`` seconds' worth can lie in it, at least one."""

    def __init__(self, burst_s: float) -> None:
        """Start with full buckets."""
        self._burst_s = burst_s
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens, and when they were counted

    def take(self, name: str, per_s: float) -> float:
        """Take a token; returns 0, or the seconds until there is one. A rate of 0 is none."""
        if per_s <= 0:
            return 0.0
        now, size = time.monotonic(), max(1.0, per_s * self._burst_s)
        with self._lock:
            tokens, counted_at = self._buckets.get(name, (size, now))
            tokens = min(size, tokens + (now - counted_at) * per_s)
            granted = tokens >= 1
            self._buckets[name] = (tokens - 1 if granted else tokens, now)
            self._buckets.move_to_end(name)
            while len(self._buckets) > _KEPT:
                self._buckets.popitem(last=False)
        return 0.0 if granted else (1 - tokens) / per_s
