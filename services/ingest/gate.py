"""The gate: intake is refused, with the time to try again, before a promise is made that could not be kept."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterable
from typing import Final

from services.errors import Refused
from services.results import queries
from services.results.database import Database
from services.settings import Limits

_FRESH_S: Final = 1.0
_RETRY_FEED_S: Final = 30
_RETRY_ALL_S: Final = 60


class Gate:
    """Says whether articles of a feed can be taken now. Its counts are up to a second old: so far may a cap be passed."""

    def __init__(self, database: Database, limits: Limits) -> None:
        """Read from ``database``, judge by ``limits``."""
        self._database = database
        self._limits = limits
        self._lock = threading.Lock()
        self._checked_at = -_FRESH_S
        self._for_all: Refused | None = None
        self._queued: dict[str, tuple[float, int]] = {}

    def check_all(self) -> None:
        """Raise :class:`Refused` (503) while nothing at all can be taken: old backlog, or a disk nearly full."""
        with self._lock:
            if time.monotonic() - self._checked_at >= _FRESH_S:
                self._for_all = self._judge()
                self._checked_at = time.monotonic()
        if self._for_all is not None:
            raise self._for_all.with_traceback(None)  # one object for a second's pushes: it must not collect their frames

    def full(self, feeds: Iterable[str]) -> dict[str, Refused]:
        """Those of ``feeds`` whose queue is full (429)."""
        now, limit = time.monotonic(), self._limits.queued_per_feed
        wanted = set(feeds)
        with self._lock:
            stale = [feed for feed in wanted if now - self._queued.get(feed, (-_FRESH_S, 0))[0] >= _FRESH_S]
            if stale:
                self._queued = {feed: kept for feed, kept in self._queued.items() if now - kept[0] < _FRESH_S}
                counts = queries.queued_in_feeds(self._database, stale, limit)
                self._queued |= {feed: (now, count) for feed, count in counts.items()}
            over = sorted(feed for feed in wanted if self._queued[feed][1] >= limit)
        detail = "feed {!r} has {} articles queued, as many as it may"
        return {
            feed: Refused(detail.format(feed, limit), code="feed_queue_full", status=429, retry_after=_RETRY_FEED_S)
            for feed in over
        }

    def _judge(self) -> Refused | None:
        oldest = queries.oldest_queued_s(self._database)
        if oldest > self._limits.oldest_queued_s:
            detail = f"the oldest queued article has waited for {oldest:.0f} s; more would wait longer"
            return Refused(detail, code="backlog_too_old", status=503, retry_after=_RETRY_ALL_S)
        file = self._database.sqlite_file()
        if file is not None:
            disk = shutil.disk_usage(file.parent)
            if disk.free < disk.total * self._limits.free_disk_ratio:
                detail = f"the database's disk has {disk.free // 1_000_000} MB left of {disk.total // 1_000_000}"
                return Refused(detail, code="disk_full", status=503, retry_after=_RETRY_ALL_S)
        return None
