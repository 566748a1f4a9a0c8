"""Rate limits as token buckets in one process. With N API processes, N times the rate is allowed."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import Final

_MAX_BUCKETS: Final = 10_000  # beyond this number the least recently used one is dropped, and so is full again


class RateLimiter:
    """A token bucket for each name.

    A bucket gains tokens at the given rate per second and holds those of ``burst_s`` seconds, at least one.
    """

    def __init__(self, burst_s: float) -> None:
        """Create a limiter whose buckets are full."""
        self._burst_s = burst_s
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens, and when they were counted

    def take(self, name: str, per_s: float) -> float:
        """Take a token; return 0, or the seconds until one is available. A rate of 0 means no limit."""
        if per_s <= 0:
            return 0.0
        now = time.monotonic()
        with self._lock:
            tokens = self._tokens(name, per_s, now)
            granted = tokens >= 1
            self._buckets[name] = (tokens - 1 if granted else tokens, now)
            self._buckets.move_to_end(name)
            while len(self._buckets) > _MAX_BUCKETS:
                self._buckets.popitem(last=False)
        return 0.0 if granted else (1 - tokens) / per_s

    def wait_s(self, name: str, per_s: float) -> float:
        """Return the seconds until a token is available, 0 if one is, without taking it. A rate of 0 sets no limit."""
        if per_s <= 0:
            return 0.0
        with self._lock:
            tokens = self._tokens(name, per_s, time.monotonic())
        return max(0.0, 1 - tokens) / per_s

    def _tokens(self, name: str, per_s: float, now: float) -> float:
        """Return how many tokens a bucket holds now. The caller holds the lock."""
        size = max(1.0, per_s * self._burst_s)
        tokens, counted_at = self._buckets.get(name, (size, now))
        return min(size, tokens + (now - counted_at) * per_s)
