"""The gate: intake is refused, with the time to try again, before a promise is made that could not be kept."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from services.errors import Refused
from services.keeping.pauses import Pause, paused
from services.results import queries
from services.results.database import Database
from services.results.tables import ALL_FEEDS
from services.settings import Limits

_FRESH_S: Final = 1.0
_RETRY_FEED_S: Final = 30
_RETRY_ALL_S: Final = 60


class Gate:
    """Says whether articles of a feed can be taken now. Its counts are up to a second old: so far may a cap be passed."""

    def __init__(self, database: Database, limits: Limits, state_dir: Path) -> None:
        """Read from ``database``, judge by ``limits``; the disk of ``state_dir`` is watched where that folder is there."""
        self._database = database
        self._limits = limits
        self._state_dir = state_dir
        self._lock = threading.Lock()
        self._checked_at = -_FRESH_S
        self._for_all: Refused | None = None
        self._paused: dict[str, Pause] = {}
        self._queued: dict[str, tuple[float, int]] = {}

    def closed(self) -> Refused | None:
        """Why nothing at all can be taken now (503), if so: a pause, old backlog, or a disk nearly full."""
        with self._lock:
            self._look()
            return self._for_all

    def paused_feeds(self) -> str:
        """How many feeds are paused, in words; empty where none is."""
        with self._lock:
            number = len(self._paused.keys() - {ALL_FEEDS})
        return f"{number} feed{'s' if number > 1 else ''}" if number else ""

    def check_all(self) -> None:
        """Raise :class:`Refused` (503) while nothing at all can be taken."""
        reason = self.closed()
        if reason is not None:
            raise reason.with_traceback(None)  # one object for a second's pushes: it must not collect their frames

    def full(self, feeds: Iterable[str], own: Mapping[str, int | None] | None = None) -> dict[str, Refused]:
        """Those of ``feeds`` that are paused (503), or full (429) by the limit in ``own`` or, without one, by that of all."""
        now = time.monotonic()
        wanted = set(feeds)
        limits = dict.fromkeys(wanted, self._limits.queued_per_feed)
        limits |= {feed: limit for feed, limit in (own or {}).items() if limit is not None and feed in wanted}
        with self._lock:
            self._look()
            held = {feed: self._paused[feed] for feed in wanted & self._paused.keys()}
            stale = [feed for feed in wanted if now - self._queued.get(feed, (-_FRESH_S, 0))[0] >= _FRESH_S]
            if stale:
                self._queued = {feed: kept for feed, kept in self._queued.items() if now - kept[0] < _FRESH_S}
                counts = queries.queued_in_feeds(self._database, stale, max(limits[feed] for feed in stale))
                self._queued |= {feed: (now, count) for feed, count in counts.items()}
            over = sorted(feed for feed in wanted if self._queued[feed][1] >= limits[feed])
        detail = "feed {!r} has {} articles queued, as many as it may"
        refused = {
            feed: Refused(detail.format(feed, limits[feed]), code="feed_queue_full", status=429, retry_after=_RETRY_FEED_S)
            for feed in over
        }
        for feed, pause in held.items():
            reason = f"feed {feed!r} is paused: {pause.reason}"
            refused[feed] = Refused(reason, code="feed_paused", status=503, retry_after=_RETRY_ALL_S)
        return refused

    def _look(self) -> None:
        """Judge anew, if the last judgement is old; the lock is held."""
        if time.monotonic() - self._checked_at >= _FRESH_S:
            self._paused = {pause.feed: pause for pause in paused(self._database)}
            self._for_all = self._judge()
            self._checked_at = time.monotonic()

    def _judge(self) -> Refused | None:
        pause = self._paused.get(ALL_FEEDS)
        if pause is not None:
            return Refused(f"intake is paused: {pause.reason}", code="intake_paused", status=503, retry_after=_RETRY_ALL_S)
        oldest = queries.oldest_queued_s(self._database)
        if oldest > self._limits.oldest_queued_s:
            detail = f"the oldest queued article has waited for {oldest:.0f} s; more would wait longer"
            return Refused(detail, code="backlog_too_old", status=503, retry_after=_RETRY_ALL_S)
        for folder in self._folders():
            disk = shutil.disk_usage(folder)
            if disk.free < disk.total * self._limits.free_disk_ratio:
                detail = f"the disk of {folder} has {disk.free // 1_000_000} MB left of {disk.total // 1_000_000}"
                return Refused(detail, code="disk_full", status=503, retry_after=_RETRY_ALL_S)
        return None

    def _folders(self) -> list[Path]:
        """Where this host writes: the database's folder, if it is a file here, and the state's (logs, Redis' socket)."""
        file = self._database.sqlite_file()
        folders = [] if file is None else [file.parent]
        return folders + [folder for folder in (self._state_dir,) if folder.is_dir() and folder not in folders]
