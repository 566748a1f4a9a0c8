"""The formats that feeds push, when they last pushed, and what was refused, counted in a process and stored at times.

A row for each push would be a second write for each article. These figures are for people who look at a feed, so a
process may lose those of its last seconds when it is killed.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import func, select, update

from services.contracts import instant
from services.database.engine import Database, now_ms
from services.database.tables import feed_formats, sources
from services.errors import StoreUnavailable
from services.feeds import refusals
from services.feeds.refusals import NewRefusal
from services.settings import Sources

log = structlog.get_logger(__name__)

_FLUSH_EVERY_S: Final = 3
_PENDING_MAX: Final = 500  # different refusals between two flushes; further ones are counted as others
_FORMAT_CHARS: Final = 40


@dataclass(frozen=True, slots=True)
class FeedFormatSeen:
    """A format that a feed has pushed: the number of documents, and the time of the last one (UTC)."""

    format: str
    documents: int
    last_at: datetime


class ActivityRecorder:
    """Counts in memory what feeds push, and writes it to the database every few seconds."""

    def __init__(self, database: Database, settings: Sources) -> None:
        """Prepare the recorder; `start` runs its thread, without which `flush` writes."""
        self._database = database
        self._settings = settings
        self._lock = threading.Lock()
        self._documents: Counter[tuple[str, str]] = Counter()
        self._sources: set[str] = set()
        self._refusals: dict[tuple[str, str], NewRefusal] = {}
        self._numbers: Counter[tuple[str, str]] = Counter()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feed-activity", daemon=True)

    def note_document(self, feed: str, format_name: str) -> None:
        """Count a document of a feed, of which at least one article was accepted."""
        with self._lock:
            self._documents[feed, format_name[:_FORMAT_CHARS]] += 1

    def note_source(self, source: str) -> None:
        """Note that a source has just pushed."""
        with self._lock:
            self._sources.add(source)

    def note_refusal(self, refusal: NewRefusal) -> None:
        """Count a refusal whose sender was answered. Its document is not kept."""
        key = (refusal.feed, refusal.digest)
        with self._lock:
            if key in self._refusals or len(self._refusals) < _PENDING_MAX:
                self._refusals.setdefault(key, refusal)
                self._numbers[key] += refusal.number

    def flush(self) -> None:
        """Write what was counted. Raises `StoreUnavailable`; the figures are then lost."""
        with self._lock:
            documents, self._documents = self._documents, Counter()
            pushed, self._sources = self._sources, set()
            pending, self._refusals = self._refusals, {}
            numbers, self._numbers = self._numbers, Counter()
        if documents or pushed:
            with self._database.write() as connection:
                for (feed, name), number in sorted(documents.items()):
                    row = {"feed": feed, "format": name, "documents": number, "last_at": now_ms()}
                    added = feed_formats.c.documents + number
                    connection.execute(
                        self._database.insert(feed_formats)
                        .values(row)
                        .on_conflict_do_update(
                            index_elements=[feed_formats.c.feed, feed_formats.c.format],
                            set_={"documents": added, "last_at": now_ms()},
                        )
                    )
                if pushed:
                    ours = sources.c.id.in_(sorted(pushed))
                    connection.execute(update(sources).where(ours).values(pushed_at=now_ms()))
        noted = [_numbered(refusal, numbers[key]) for key, refusal in pending.items()]
        refusals.note(self._database, noted, self._settings)

    def start(self) -> None:
        """Write every few seconds until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Write the rest, waiting for at most five seconds."""
        self._stopping.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        is_stopping = False
        while not is_stopping:
            is_stopping = self._stopping.wait(_FLUSH_EVERY_S)
            try:
                self.flush()
            except StoreUnavailable as error:
                log.debug("feed_activity_lost", reason=error.detail)
            except Exception:  # figures for people must not end the process's other work
                log.exception("feed_activity_defect")


def formats_of(database: Database, feed: str) -> list[FeedFormatSeen]:
    """Return the formats of a feed, the last pushed first."""
    query = select(feed_formats).where(feed_formats.c.feed == feed).order_by(feed_formats.c.last_at.desc())
    with database.read() as connection:
        return [FeedFormatSeen(row.format, row.documents, instant(row.last_at)) for row in connection.execute(query)]


def last_pushes(database: Database) -> dict[str, datetime]:
    """Return when each feed last pushed a document of which an article was accepted, or had been before."""
    query = select(feed_formats.c.feed, func.max(feed_formats.c.last_at)).group_by(feed_formats.c.feed)
    with database.read() as connection:
        return {feed: instant(last_at) for feed, last_at in connection.execute(query)}


def _numbered(refusal: NewRefusal, number: int) -> NewRefusal:
    return NewRefusal(refusal.feed, refusal.code, refusal.detail, refusal.format, refusal.source, number=number)
