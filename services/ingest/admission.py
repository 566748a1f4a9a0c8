"""Admission control: refuse articles that would wait too long, with a time to retry (decision 12)."""

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
from services.feeds.pauses import Pause, list_pauses
from services.ingest.expected_waits import expected_waits
from services.jobs.throughput import Throughput, measure_throughput
from services.settings import Limits

# An assessment is used for one second. Where the measurement is slow it is used for longer, up to ten seconds, so that
# measuring takes at most a fifth of one thread's time.
_FRESH_S: Final = 1.0
_FRESH_MAX_S: Final = 10.0
_MEASURING_RATIO: Final = 5
_STALE_S: Final = 15.0  # older ones are not used even while another thread makes a new one
_RETRY_FEED_S: Final = 30
_RETRY_ALL_S: Final = 60
_RETRY_SOON_S: Final = 5
_RETRY_LATE_S: Final = 300
# A feed refused for its wait is admitted again when the wait is below the limit by 30 s or by a tenth of the limit,
# whichever is less, so that admission does not flap.
_REOPEN_BELOW_S: Final = 30.0
_REOPEN_BELOW_RATIO: Final = 0.1


@dataclass(frozen=True, slots=True)
class _Assessment:
    """The state of intake at one moment.

    ``at`` is on the monotonic clock. ``expected_waits_s`` has the feeds whose articles would wait too long.
    ``recorded`` has the refusals that pushes received under this assessment.
    """

    at: float
    fresh_s: float
    intake_refusal: Refused | None = None
    pauses: Mapping[str, Pause] = field(default_factory=dict)
    queued: Mapping[str, int] = field(default_factory=dict)
    expected_waits_s: Mapping[str, float] = field(default_factory=dict)
    recorded: dict[str, Refused] = field(default_factory=dict)

    def is_fresh(self) -> bool:
        return time.monotonic() - self.at < self.fresh_s


class AdmissionControl:
    """Decides whether articles of a feed are accepted now. Reassessed once a second, so it reacts up to 1 s late."""

    def __init__(self, database: Database, limits: Limits, state_dir: Path) -> None:
        """Read from ``database`` and apply ``limits``; also watch the disk of ``state_dir``, if that folder exists."""
        self._database = database
        self._limits = limits
        self._state_dir = state_dir
        self._lock = threading.Lock()
        self._assessment = _Assessment(at=float("-inf"), fresh_s=0.0)

    def intake_refusal(self) -> Refused | None:
        """Return why every push is refused now (503), or None.

        Reasons are a pause of all intake, a backlog that no worker is reducing, and a disk that is nearly full.
        """
        return self._current().intake_refusal

    def check_intake(self) -> None:
        """Raise `Refused` (503) while every push is refused."""
        refusal = self.intake_refusal()
        if refusal is not None:
            raise refusal.with_traceback(None)  # shared by all pushes of a second, so it must not collect their frames

    def feed_refusals(
        self, feeds: Iterable[str], queue_limits: Mapping[str, int | None] | None = None
    ) -> dict[str, Refused]:
        """Return the refusals of those ``feeds`` that are paused or would wait too long (503), or are full (429).

        A feed is full at its number in ``queue_limits``, or at ``limits.queued_per_feed`` if it has none. Has no effect
        on pushes; see `record_feed_refusals`.
        """
        return self._feed_refusals(self._current(), feeds, queue_limits or {})

    def record_feed_refusals(
        self, feeds: Iterable[str], queue_limits: Mapping[str, int | None] | None = None
    ) -> dict[str, Refused]:
        """Return the `feed_refusals` of a push, and remember them so that `recent_refusal` repeats them to the next."""
        assessment = self._current()
        refusals = self._feed_refusals(assessment, feeds, queue_limits or {})
        assessment.recorded.update(refusals)
        return refusals

    def recent_refusal(self, feed: str | None) -> Refused | None:
        """Return the refusal that a push of ``feed`` received a moment ago and would receive again, or None.

        ``feed`` is None if a push may be of any feed. Does not block and does not read the database. None may also mean
        that nothing is known: the push then proceeds to `check_intake` and `record_feed_refusals`.
        """
        assessment = self._assessment
        if not assessment.is_fresh():
            return None
        return assessment.intake_refusal or (None if feed is None else assessment.recorded.get(feed))

    def paused_feeds(self) -> str:
        """Return the number of paused feeds in words ("2 feeds"), or an empty string if no feed is paused."""
        count = len(self._assessment.pauses.keys() - {ALL_FEEDS})
        return f"{count} feed{'s' if count > 1 else ''}" if count else ""

    def _feed_refusals(
        self, assessment: _Assessment, feeds: Iterable[str], queue_limits: Mapping[str, int | None]
    ) -> dict[str, Refused]:
        refusals = {}
        for feed in set(feeds):
            own_limit = queue_limits.get(feed)
            queue_limit = self._limits.queued_per_feed if own_limit is None else own_limit
            refusal = self._feed_refusal(assessment, feed, queue_limit)
            if refusal is not None:
                refusals[feed] = refusal
        return refusals

    def _feed_refusal(self, assessment: _Assessment, feed: str, queue_limit: int) -> Refused | None:
        pause = assessment.pauses.get(feed)
        if pause is not None:
            detail = f"feed {feed!r} is paused: {pause.reason}"
            return Refused(detail, code="feed_paused", status=503, retry_after=_RETRY_ALL_S)
        if assessment.queued.get(feed, 0) >= queue_limit:
            detail = f"feed {feed!r} has reached its limit of {queue_limit} queued articles"
            return Refused(detail, code="feed_queue_full", status=429, retry_after=_RETRY_FEED_S)
        wait_s = assessment.expected_waits_s.get(feed)
        if wait_s is not None:
            detail = (
                f"an article of feed {feed!r} would wait for {wait_s:.0f} s; it may wait for {self._limits.wait_s:g} s"
            )
            retry_after = min(_RETRY_LATE_S, max(_RETRY_SOON_S, math.ceil(wait_s - self._reopen_wait_s())))
            return Refused(detail, code="backlog_too_long", status=503, retry_after=retry_after)
        return None

    def _current(self) -> _Assessment:
        """Return the current assessment, made now if the last one is old. Meanwhile other threads use the last one."""
        last = self._assessment
        if last.is_fresh():
            return last
        if not self._lock.acquire(blocking=time.monotonic() - last.at > _STALE_S):
            return last
        try:
            if self._assessment is last:
                self._assessment = self._assess(last)
            return self._assessment
        finally:
            self._lock.release()

    def _assess(self, last: _Assessment) -> _Assessment:
        pauses = {pause.feed: pause for pause in list_pauses(self._database)}
        began = time.monotonic()
        throughput = measure_throughput(self._database)
        now = time.monotonic()
        return _Assessment(
            at=now,
            fresh_s=min(_FRESH_MAX_S, max(_FRESH_S, _MEASURING_RATIO * (now - began))),
            intake_refusal=self._assess_intake(pauses, throughput),
            pauses=pauses,
            queued=throughput.queued,
            expected_waits_s=self._excessive_waits(pauses, throughput, last),
        )

    def _excessive_waits(
        self, pauses: Mapping[str, Pause], throughput: Throughput, last: _Assessment
    ) -> dict[str, float]:
        """Return the wait (s) of each feed whose articles would wait too long. Jobs of paused feeds delay no others."""
        if not throughput.per_s:
            return {}
        queued = {feed: count for feed, count in throughput.queued.items() if feed not in pauses}
        return {
            feed: wait_s
            for feed, wait_s in expected_waits(queued, throughput.per_s).items()
            if wait_s > (self._reopen_wait_s() if feed in last.expected_waits_s else self._limits.wait_s)
        }

    def _reopen_wait_s(self) -> float:
        """Return the wait (s) below which a feed that was refused for its wait is admitted again."""
        return self._limits.wait_s - min(_REOPEN_BELOW_S, _REOPEN_BELOW_RATIO * self._limits.wait_s)

    def _assess_intake(self, pauses: Mapping[str, Pause], throughput: Throughput) -> Refused | None:
        pause = pauses.get(ALL_FEEDS)
        if pause is not None:
            detail = f"intake is paused: {pause.reason}"
            return Refused(detail, code="intake_paused", status=503, retry_after=_RETRY_ALL_S)
        if not throughput.per_s and throughput.oldest_s > self._limits.wait_s:
            detail = (
                f"no articles are being analysed, and the oldest one has been queued for {throughput.oldest_s:.0f} s"
            )
            return Refused(detail, code="backlog_too_old", status=503, retry_after=_RETRY_ALL_S)
        for folder in self._watched_folders():
            disk = shutil.disk_usage(folder)
            if disk.free < disk.total * self._limits.free_disk_ratio:
                detail = f"the disk of {folder} has {disk.free // 1_000_000} MB left of {disk.total // 1_000_000} MB"
                return Refused(detail, code="disk_full", status=503, retry_after=_RETRY_ALL_S)
        return None

    def _watched_folders(self) -> list[Path]:
        """Return the folders that this host writes to.

        These are the folder of an SQLite database and ``state_dir`` (logs, the socket of Redis).
        """
        file = self._database.sqlite_file()
        folders = [] if file is None else [file.parent]
        return folders + [folder for folder in (self._state_dir,) if folder.is_dir() and folder not in folders]
