"""The active topics, as a worker caches them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import structlog

from services.contracts import Topic
from services.database.engine import Database
from services.errors import StoreUnavailable
from services.topics import store

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class ActiveTopics:
    """A cache of the active topics.

    They are at most ``cache_s`` seconds old, or older while the database is unavailable.
    """

    database: Database
    cache_s: float
    _topics: tuple[Topic, ...] | None = None
    _read_at: float = field(default=0.0)

    def __call__(self) -> tuple[Topic, ...]:
        """Return the active topics. Raises StoreUnavailable if none have been read yet."""
        if self._topics is None or time.monotonic() - self._read_at >= self.cache_s:
            now = time.monotonic()
            try:
                self._topics = store.active(self.database)
            except StoreUnavailable as error:
                if self._topics is None:
                    raise
                log.warning("topics_not_renewed", reason=error.detail)
            self._read_at = now
        return self._topics
