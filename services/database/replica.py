"""A read replica of PostgreSQL: searches read from it while it answers and keeps up with the primary.

Only searches do (`reading_for_search`). All that a client may ask for right after a push or a fetch reads the primary,
and so does a search while the replica fails or is late: its data is then as new, and its load returns to the primary.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Self

import structlog
from sqlalchemy import Connection, text

from services.errors import InvalidInput, ReplicaUnavailable, StoreFault, StoreUnavailable
from services.settings import Settings

if TYPE_CHECKING:
    from services.database.engine import Database

log = structlog.get_logger(__name__)

# The processes of the service announce themselves every five seconds, so the primary is never silent for longer.
_LAG: Final = text(
    "SELECT pg_is_in_recovery() AS standby, "
    "extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) AS lag_s"
)


class Replica:
    """A read replica and what is known of it. Until the first probe (`services.dispatch.store_watch`) it is unused."""

    def __init__(self, database: Database, max_lag_s: float) -> None:
        """Bind the replica's own connections without connecting."""
        self.database = database
        self.usable = False
        self.lag_s: float | None = None
        self._max_lag_s = max_lag_s

    @classmethod
    def of(cls, settings: Settings, primary: Database) -> Self | None:
        """Return the replica that the settings name, or None. Raises `InvalidInput` if it cannot be one."""
        url = settings.database.replica_url
        if not url:
            return None
        database = type(primary)(url, settings.database)
        if database.dialect != "postgresql" or primary.dialect != "postgresql":
            raise InvalidInput("database.replica_url", "needs PostgreSQL, as primary and as replica")
        return cls(database, settings.database.replica_lag_s)

    def probe(self) -> None:
        """Ask the replica how far it is behind, and remember whether searches may use it.

        Meanwhile they do not, so that none waits for a replica that is frozen. Raises `ReplicaUnavailable`.
        """
        self.usable, self.lag_s = False, None
        try:
            with self.database.read() as connection:
                state = connection.execute(_LAG).one()
        except StoreUnavailable as error:
            raise ReplicaUnavailable(error.detail, error.fault) from error
        if not state.standby:
            raise ReplicaUnavailable("the server is not a standby of another", StoreFault.UNEXPECTED)
        if state.lag_s is None:
            raise ReplicaUnavailable("it has replayed nothing yet", StoreFault.STARTING)
        self.lag_s = max(0.0, float(state.lag_s))
        if self.lag_s > self._max_lag_s:
            raise ReplicaUnavailable(f"its data is {self.lag_s:.0f} s old", StoreFault.BEHIND)
        self.usable = True

    def enter(self, stack: contextlib.ExitStack, *, long: bool) -> Connection | None:
        """Open a connection for the time of ``stack``; if it fails, return None and rest until the next probe."""
        if not self.usable:
            return None
        try:
            return stack.enter_context(self.database.read(long=long))
        except StoreUnavailable as error:
            self.usable = False
            log.warning("replica_left", fault=error.fault, reason=error.detail)
            return None


@contextlib.contextmanager
def reading_for_search(database: Database, *, long: bool = False) -> Iterator[Connection]:
    """Do what ``Database.read`` does, on the replica of ``database`` while that is usable."""
    with contextlib.ExitStack() as stack:
        connection = database.replica.enter(stack, long=long) if database.replica is not None else None
        yield connection or stack.enter_context(database.read(long=long))
