"""How many streams of results are open, for each key and in all."""

from __future__ import annotations

from collections import Counter
from typing import Final

from services.caller import Caller
from services.errors import Refused

_RETRY_AFTER_S: Final = 30


class ResultStreams:
    """The open streams of this process, of which each key may have some and all together ``api.streams``."""

    def __init__(self, limit: int, limit_per_key: int) -> None:
        """Begin without streams. For one event loop, so without a lock."""
        self._limit = limit
        self._limit_per_key = limit_per_key
        self._open: Counter[str] = Counter()

    def enter(self, caller: Caller) -> None:
        """Count a stream of the caller. Raises `Refused`: 429 for a key with too many, 503 if there are too many."""
        if self._open[caller.key_id] >= self._limit_per_key:
            detail = f"the key {caller.key_id} may have {self._limit_per_key} streams open"
            raise Refused(detail, code="too_many_streams", status=429, retry_after=_RETRY_AFTER_S)
        if self._open.total() >= self._limit:
            detail = f"this process has {self._limit} streams open"
            raise Refused(detail, code="streams_full", status=503, retry_after=_RETRY_AFTER_S)
        self._open[caller.key_id] += 1

    def leave(self, caller: Caller) -> None:
        """Forget a stream that has ended."""
        self._open[caller.key_id] -= 1
        if not self._open[caller.key_id]:
            del self._open[caller.key_id]
