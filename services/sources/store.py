"""Sources in the database: adding, changing and removing them, and what operators and pushes read of them."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import Row, delete, func, insert, select, update

from services.audit.log import record
from services.caller import Caller
from services.contracts import instant
from services.database.engine import Database, now_ms
from services.database.tables import sources
from services.errors import Conflict, NotFound
from services.feeds import store as feed_store
from services.sources.records import Source, SourceKind, SourceState

SETTABLE: Final = frozenset({"every_s", "pages", "paused"})
SIGNED_PREFIX: Final = "whsec_"  # of secrets of Standard Webhooks, before their base64
_SECRET_BYTES: Final = 32
_FIRST_STATES: Final = {
    SourceKind.POLL: SourceState.WAITING,
    SourceKind.WEBSUB: SourceState.WAITING,
    SourceKind.SIGNED: SourceState.ACTIVE,
    SourceKind.SUPERDESK: SourceState.ACTIVE,
}


def new_secret(kind: SourceKind) -> str:
    """Return a random secret in the form that senders of this kind expect."""
    value = secrets.token_bytes(_SECRET_BYTES)
    if kind is SourceKind.SIGNED:
        return SIGNED_PREFIX + base64.b64encode(value).decode("ascii")
    return base64.urlsafe_b64encode(value).decode("ascii").rstrip("=")


def add(
    database: Database,
    feed: str,
    kind: SourceKind,
    by: Caller,
    *,
    url: str | None = None,
    secret: str | None = None,
    every_s: int | None = None,
    pages: bool = False,
    limit: int | None = None,
) -> Source:
    """Add a source, and register its feed if it does not exist.

    Raises `Conflict` for an address that the feed has already, and for more than ``limit`` sources of the feed.
    """
    row = {
        "id": secrets.token_hex(6),
        "feed": feed,
        "kind": kind,
        "url": url,
        "secret": None if secret is None else database.sealer.seal(secret),
        "callback": secrets.token_urlsafe(24) if kind is SourceKind.WEBSUB else None,
        "every_s": every_s,
        "pages": pages,
        "state": _FIRST_STATES[kind],
        "created_at": now_ms(),
        "created_by": by.actor,
        "next_at": now_ms() if kind.is_fetched else None,
        "failures": 0,
    }
    ours = sources.c.feed == feed
    with database.write() as connection:
        database.serialize(connection)
        number = connection.execute(select(func.count()).select_from(sources).where(ours)).scalar_one()
        if limit is not None and number >= limit:
            raise Conflict(f"the feed {feed!r} has {number} sources, and the limit is {limit}", code="too_many_sources")
        same = select(sources.c.id).where(ours, sources.c.url == url, sources.c.kind == kind)
        if url is not None and (existing := connection.execute(same).scalar()) is not None:
            raise Conflict(f"the feed {feed!r} has this address already: source {existing}", code="source_exists")
        feed_store.register_on_first_push(connection, database, [feed], by)
        connection.execute(insert(sources).values(row))
        detail = {"feed": feed, "kind": kind, "url": url, "every_s": every_s, "pages": pages}
        record(connection, by.actor, "source.add", str(row["id"]), detail)
        added = connection.execute(select(sources).where(sources.c.id == row["id"])).one()
    return source_of(added)


def change(database: Database, feed: str, source_id: str, settings: Mapping[str, Any], by: Caller) -> Source:
    """Change settings of a source (``SETTABLE``). Raises `NotFound`."""
    with database.write() as connection:
        before = _get(connection.execute(_one(feed, source_id)).one_or_none(), source_id)
        values: dict[str, Any] = {name: settings[name] for name in ("every_s", "pages") if name in settings}
        if settings.get("paused") is True:
            values |= {"state": SourceState.PAUSED, "next_at": None}
        elif settings.get("paused") is False and before.state is SourceState.PAUSED:
            values |= {"state": _FIRST_STATES[before.kind], "failures": 0, "error": None}
            values |= {"next_at": now_ms()} if before.kind.is_fetched else {}
        if "pages" in settings and settings["pages"] != before.pages:
            values |= {"seen": None, "etag": None, "modified": None}  # the same entries are read in another way
        if values:
            connection.execute(update(sources).where(sources.c.id == source_id).values(values))
            record(connection, by.actor, "source.set", source_id, {"feed": feed, **settings})
        return _get(connection.execute(_one(feed, source_id)).one_or_none(), source_id)


def check_soon(database: Database, feed: str, source_id: str) -> Source:
    """Make a source due now. Raises `NotFound`, and `Conflict` for one that is not fetched or is paused."""
    with database.write() as connection:
        source = _get(connection.execute(_one(feed, source_id)).one_or_none(), source_id)
        if not source.kind.is_fetched or source.state in {SourceState.PAUSED, SourceState.LEAVING}:
            raise Conflict(f"a source that is {source.state} and of the kind {source.kind} is not fetched")
        values = {"next_at": now_ms(), "failures": 0}
        if source.state is SourceState.GONE:
            values |= {"state": SourceState.WAITING}
        connection.execute(update(sources).where(sources.c.id == source_id).values(values))
        return _get(connection.execute(_one(feed, source_id)).one_or_none(), source_id)


def remove(database: Database, feed: str, source_id: str, by: Caller) -> Source | None:
    """Remove a source; one that a hub may still push to is removed once its subscription has ended.

    Returns the source if it is still there, in the state ``leaving``. Removing it a second time removes it at once.
    Raises `NotFound`.
    """
    with database.write() as connection:
        source = _get(connection.execute(_one(feed, source_id)).one_or_none(), source_id)
        leaves = source.lease_until is not None and source.state is not SourceState.LEAVING
        if leaves:
            values = {"state": SourceState.LEAVING, "next_at": now_ms(), "failures": 0}
            connection.execute(update(sources).where(sources.c.id == source_id).values(values))
        else:
            connection.execute(delete(sources).where(sources.c.id == source_id))
        record(connection, by.actor, "source.remove", source_id, {"feed": feed, "kind": source.kind, "url": source.url})
        row = connection.execute(_one(feed, source_id)).one_or_none()
    return None if row is None else source_of(row)


def list_sources(database: Database, feed: str) -> list[Source]:
    """Return the sources of a feed in the order in which they were added."""
    query = select(sources).where(sources.c.feed == feed).order_by(sources.c.created_at, sources.c.id)
    with database.read() as connection:
        return [source_of(row) for row in connection.execute(query)]


def show(database: Database, feed: str, source_id: str) -> Source:
    """Return a source of a feed. Raises `NotFound`."""
    with database.read() as connection:
        return _get(connection.execute(_one(feed, source_id)).one_or_none(), source_id)


def count_by_feed(database: Database, visible: Collection[str] | None = None) -> dict[str, dict[SourceState, int]]:
    """Return the number of sources by feed and state, of the visible feeds."""
    query = select(sources.c.feed, sources.c.state, func.count()).group_by(sources.c.feed, sources.c.state)
    if visible is not None:
        query = query.where(sources.c.feed.in_(sorted(visible)))
    counts: dict[str, dict[SourceState, int]] = {}
    with database.read() as connection:
        for feed, state, number in connection.execute(query):
            counts.setdefault(feed, {})[SourceState(state)] = number
    return counts


def with_secrets(database: Database, feed: str, kind: SourceKind) -> list[tuple[Source, str]]:
    """Return the sources of a feed that may push by signature, with their secrets; paused ones are left out.

    Raises `SecretUnreadable`.
    """
    ours = (sources.c.feed == feed) & (sources.c.kind == kind) & (sources.c.state != SourceState.PAUSED)
    with database.read() as connection:
        rows = connection.execute(select(sources).where(ours, sources.c.secret.is_not(None)).order_by(sources.c.id))
        return [(source_of(row), database.sealer.open(row.secret)) for row in rows]


def by_callback(database: Database, callback: str) -> tuple[Source, str] | None:
    """Return the subscription with this callback and its secret, or None. Raises `SecretUnreadable`."""
    with database.read() as connection:
        row = connection.execute(select(sources).where(sources.c.callback == callback)).one_or_none()
    return None if row is None else (source_of(row), database.sealer.open(row.secret))


def _one(feed: str, source_id: str) -> Any:
    return select(sources).where(sources.c.feed == feed, sources.c.id == source_id)


def _get(row: Row[Any] | None, source_id: str) -> Source:
    if row is None:
        raise NotFound(f"there is no source {source_id!r}")
    return source_of(row)


def source_of(row: Row[Any]) -> Source:
    """Return a row of the table as a record."""
    times = ("created_at", "next_at", "checked_at", "pushed_at", "lease_until")
    values = {name: getattr(row, name) for name in Source.__slots__}
    values |= {name: None if values[name] is None else instant(values[name]) for name in times}
    return Source(**values | {"kind": SourceKind(row.kind), "state": SourceState(row.state)})
