"""The topics that a worker reads for, asked of the database now and then."""

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
    """Gives the active topics; they are at most ``cache_s`` old, older only while the database does not answer."""

    database: Database
    cache_s: float
    _known: tuple[Topic, ...] | None = None
    _read_at: float = field(default=0.0)

    def __call__(self) -> tuple[Topic, ...]:
        """The topics. Raises StoreUnavailable where none have been read yet."""
        if self._known is None or time.monotonic() - self._read_at >= self.cache_s:
            asked_at = time.monotonic()
            try:
                self._known = store.active(self.database)
            except StoreUnavailable as error:
                if self._known is None:
                    raise
                log.warning("topics_not_renewed", reason=error.detail)
            self._read_at = asked_at
        return self._known
