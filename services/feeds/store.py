"""Feeds in the database, with the limits that an operator set for single feeds."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update

from services.audit.log import record
from services.caller import Caller
from services.contracts import instant
from services.database.engine import Database, now_ms
from services.database.tables import feeds, pauses
from services.errors import Conflict, NotFound, Refused

_QUERY: Final = select(feeds, pauses.c.paused_at).outerjoin(pauses, pauses.c.feed == feeds.c.name)
SLOWEST: Final = 0.001  # the lowest rate, in articles per second: one in about 17 minutes
SETTABLE: Final = frozenset({"description", "queued_limit", "rate_per_s"})
_RETRY_FEED_S: Final = 3600


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed.

    ``queued_limit`` (jobs) and ``rate_per_s`` (articles per second) are None if the general limits apply. Times are
    in UTC.
    """

    name: str
    description: str
    queued_limit: int | None
    rate_per_s: float | None
    paused_at: datetime | None
    created_at: datetime
    created_by: str


def add(database: Database, name: str, settings: Mapping[str, Any], by: Caller) -> Feed:
    """Register a feed. Raises Conflict if it exists."""
    with database.write() as connection:
        if _row(connection, name) is not None:
            raise Conflict(f"the feed {name!r} already exists", code="feed_exists")
        row = {"name": name, "description": "", "created_at": now_ms(), "created_by": by.actor}
        connection.execute(insert(feeds).values(row | _check_settings(settings)))
        record(connection, by.actor, "feed.add", name, settings)
        return _get(connection, name)


def change(database: Database, name: str, settings: Mapping[str, Any], by: Caller) -> Feed:
    """Change settings of a feed (``SETTABLE``); None removes its own limit. Raises NotFound."""
    with database.write() as connection:
        before = _get(connection, name)
        if settings:
            connection.execute(update(feeds).where(feeds.c.name == name).values(_check_settings(settings)))
            changed = {field: [getattr(before, field), value] for field, value in settings.items()}
            record(connection, by.actor, "feed.set", name, changed)
        return _get(connection, name)


def show(database: Database, name: str, visible: Collection[str] | None = None) -> Feed:
    """Return a feed. Raises NotFound if it does not exist or is not visible."""
    with database.read() as connection:
        if visible is not None and name not in visible:
            raise NotFound(f"there is no feed {name!r}")
        return _get(connection, name)


def list_feeds(database: Database, visible: Collection[str] | None = None) -> list[Feed]:
    """Return the visible feeds in the order of their names."""
    query = _QUERY.order_by(feeds.c.name)
    if visible is not None:
        query = query.where(feeds.c.name.in_(sorted(visible)))
    with database.read() as connection:
        return [_feed(row) for row in connection.execute(query)]


def register_on_first_push(
    connection: Connection, database: Database, names: Iterable[str], by: Caller, limit: int | None = None
) -> None:
    """Register those of ``names`` that do not exist, as long as there are at most ``limit`` feeds in total.

    The number is limited because every feed takes a turn in dispatch and a line on pages. Raises :class:`Refused` (429,
    ``too_many_feeds``).
    """
    requested = set(names)
    existing = set(connection.execute(select(feeds.c.name).where(feeds.c.name.in_(sorted(requested)))).scalars())
    new = sorted(requested - existing)
    if not new:
        return
    count = connection.execute(select(func.count()).select_from(feeds)).scalar_one()
    if limit is not None and count + len(new) > limit:
        detail = f"there are {count} feeds, and the limit is {limit}; {new[0]!r} cannot be added"
        raise Refused(detail, code="too_many_feeds", status=429, retry_after=_RETRY_FEED_S)
    rows = [{"name": name, "description": "", "created_at": now_ms(), "created_by": by.actor} for name in new]
    for row in rows:  # one statement per feed, because now_ms() is SQL; new feeds are rare
        connection.execute(database.insert(feeds).values(row).on_conflict_do_nothing())
        record(connection, by.actor, "feed.add", str(row["name"]), {"unasked": True})


class FeedCache:
    """The feeds as cached by a process that accepts articles.

    New feeds are registered at their first push; changed settings are seen a few seconds late.
    """

    def __init__(self, database: Database, fresh_s: float, limit: int) -> None:
        """Create a cache of the feeds in ``database``, which is read again after ``fresh_s`` seconds."""
        self._database = database
        self._fresh_s = fresh_s
        self._limit = limit
        self._lock = threading.Lock()
        self._feeds: dict[str, Feed] = {}
        self._read_at = float("-inf")

    def of(self, names: Collection[str], by: Caller) -> dict[str, Feed]:
        """Return these feeds, registering any new ones. Raises :class:`Refused` and StoreUnavailable."""
        with self._lock:
            if time.monotonic() - self._read_at >= self._fresh_s:
                self._read()
            if not all(name in self._feeds for name in names):
                with self._database.write() as connection:
                    register_on_first_push(connection, self._database, names, by, self._limit)
                self._read()
            return {name: self._feeds[name] for name in names}

    def forget(self) -> None:
        """Read the feeds from the database at the next push."""
        with self._lock:
            self._read_at = float("-inf")

    def _read(self) -> None:
        self._feeds = {feed.name: feed for feed in list_feeds(self._database)}
        self._read_at = time.monotonic()


def _check_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    unknown = settings.keys() - SETTABLE
    if unknown:
        raise ValueError(f"a feed does not have a setting {min(unknown)}")
    return dict(settings)


def _row(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(_QUERY.where(feeds.c.name == name)).one_or_none()


def _get(connection: Connection, name: str) -> Feed:
    row = _row(connection, name)
    if row is None:
        raise NotFound(f"there is no feed {name!r}")
    return _feed(row)


def _feed(row: Row[Any]) -> Feed:
    return Feed(
        name=row.name,
        description=row.description,
        queued_limit=row.queued_limit,
        rate_per_s=row.rate_per_s,
        paused_at=None if row.paused_at is None else instant(row.paused_at),
        created_at=instant(row.created_at),
        created_by=row.created_by,
    )
