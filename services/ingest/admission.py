"""The gate: intake is refused, with the time to try again, before a promise is made that could not be kept (decision 12)."""

from __future__ import annotations

import math
import shutil
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from services.database.engine import Database
from services.database.tables import ALL_FEEDS
from services.errors import Refused
from services.feeds.pauses import Pause, paused
from services.ingest.expected_waits import expected_waits
from services.jobs.throughput import Throughput, measure_throughput
from services.settings import Limits

_FRESH_S: Final = 1.0  # a judgement holds so long,
_FRESH_MAX_S: Final = 10.0  # or longer, up to this, where counting takes long: it gets a fifth of the time at most
_SHARE: Final = 5
_STALE_S: Final = 15.0  # nobody relies on one as old as that, even while somebody else judges anew
_RETRY_FEED_S: Final = 30
_RETRY_ALL_S: Final = 60
_RETRY_SOON_S: Final = 5
_RETRY_LATE_S: Final = 300
_REOPENS_S: Final = (
    30.0  # a feed whose wait was too long is taken in again once it is shorter than the limit by so much,
)
_REOPENS_SHARE: Final = 0.1  # or by this share of the limit, whichever is less


@dataclass(frozen=True, slots=True)
class _Judgement:
    """What is so since ``at``. ``told``: the feeds that were refused by it, and how; the door repeats that."""

    at: float
    fresh_s: float
    for_all: Refused | None = None
    paused: Mapping[str, Pause] = field(default_factory=dict)
    queued: Mapping[str, int] = field(default_factory=dict)
    slow: Mapping[str, float] = field(default_factory=dict)
    told: dict[str, Refused] = field(default_factory=dict)

    def fresh(self) -> bool:
        return time.monotonic() - self.at < self.fresh_s


class AdmissionControl:
    """Says whether articles of a feed can be taken now. It looks once a second: so late it closes, and so late it opens."""

    def __init__(self, database: Database, limits: Limits, state_dir: Path) -> None:
        """Read from ``database``, judge by ``limits``; the disk of ``state_dir`` is watched where that folder is there."""
        self._database = database
        self._limits = limits
        self._state_dir = state_dir
        self._lock = threading.Lock()
        self._judged = _Judgement(at=float("-inf"), fresh_s=0.0)

    def closed(self) -> Refused | None:
        """Why nothing at all can be taken now (503), if so: a pause, a backlog that nobody works off, or a disk nearly full."""
        return self._judgement().for_all

    def paused_feeds(self) -> str:
        """How many feeds are paused, in words; empty where none is."""
        number = len(self._judged.paused.keys() - {ALL_FEEDS})
        return f"{number} feed{'s' if number > 1 else ''}" if number else ""

    def check_all(self) -> None:
        """Raise :class:`Refused` (503) while nothing at all can be taken."""
        reason = self.closed()
        if reason is not None:
            raise reason.with_traceback(None)  # one object for a second's pushes: it must not collect their frames

    def full(self, feeds: Iterable[str], own: Mapping[str, int | None] | None = None) -> dict[str, Refused]:
        """Those of ``feeds`` that are paused or would wait too long (503), or are full (429).

        A feed is full by the limit in ``own`` or, without one, by that of all.
        """
        judgement = self._judgement()
        refused = {}
        for feed in set(feeds):
            limit = (own or {}).get(feed)
            reason = self._reason(judgement, feed, self._limits.queued_per_feed if limit is None else limit)
            if reason is not None:
                refused[feed] = reason
        judgement.told.update(refused)
        return refused

    def at_the_door(self, feed: str | None) -> Refused | None:
        """What a push of this feed (None: it may be any) was answered a moment ago and would be answered again.

        Asks nobody and waits for nobody; where it does not know, the article may come in and ask.
        """
        judgement = self._judged
        if not judgement.fresh():
            return None
        return judgement.for_all or (None if feed is None else judgement.told.get(feed))

    def _reason(self, judgement: _Judgement, feed: str, limit: int) -> Refused | None:
        pause = judgement.paused.get(feed)
        if pause is not None:
            detail = f"feed {feed!r} is paused: {pause.reason}"
            return Refused(detail, code="feed_paused", status=503, retry_after=_RETRY_ALL_S)
        if judgement.queued.get(feed, 0) >= limit:
            detail = f"feed {feed!r} has {limit} articles queued, as many as it may"
            return Refused(detail, code="feed_queue_full", status=429, retry_after=_RETRY_FEED_S)
        wait_s = judgement.slow.get(feed)
        if wait_s is not None:
            detail = (
                f"an article of feed {feed!r} would wait for {wait_s:.0f} s, and may wait for {self._limits.wait_s:g}"
            )
            again = min(_RETRY_LATE_S, max(_RETRY_SOON_S, math.ceil(wait_s - self._reopens_at())))
            return Refused(detail, code="backlog_too_long", status=503, retry_after=again)
        return None

    def _judgement(self) -> _Judgement:
        """The current one, made anew if it is old. While somebody does so, others go on with the old one."""
        last = self._judged
        if last.fresh():
            return last
        if not self._lock.acquire(blocking=time.monotonic() - last.at > _STALE_S):
            return last
        try:
            if self._judged is last:
                self._judged = self._judge(last)
            return self._judged
        finally:
            self._lock.release()

    def _judge(self, last: _Judgement) -> _Judgement:
        pauses = {pause.feed: pause for pause in paused(self._database)}
        began = time.monotonic()
        pressed = measure_throughput(self._database)
        now = time.monotonic()
        return _Judgement(
            at=now,
            fresh_s=min(_FRESH_MAX_S, max(_FRESH_S, _SHARE * (now - began))),
            for_all=self._against_all(pauses, pressed),
            paused=pauses,
            queued=pressed.queued,
            slow=self._slow(pauses, pressed, last),
        )

    def _slow(self, pauses: Mapping[str, Pause], pressed: Throughput, last: _Judgement) -> dict[str, float]:
        """The feeds whose articles would wait too long, and how long. What a paused feed has queued is in nobody's way."""
        if not pressed.per_s:
            return {}
        waits = expected_waits({feed: n for feed, n in pressed.queued.items() if feed not in pauses}, pressed.per_s)
        return {
            feed: wait_s
            for feed, wait_s in waits.items()
            if wait_s > (self._reopens_at() if feed in last.slow else self._limits.wait_s)
        }

    def _reopens_at(self) -> float:
        return self._limits.wait_s - min(_REOPENS_S, _REOPENS_SHARE * self._limits.wait_s)

    def _against_all(self, pauses: Mapping[str, Pause], pressed: Throughput) -> Refused | None:
        pause = pauses.get(ALL_FEEDS)
        if pause is not None:
            return Refused(
                f"intake is paused: {pause.reason}", code="intake_paused", status=503, retry_after=_RETRY_ALL_S
            )
        if not pressed.per_s and pressed.oldest_s > self._limits.wait_s:
            detail = f"nothing is worked off, and the oldest queued article has waited for {pressed.oldest_s:.0f} s"
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
