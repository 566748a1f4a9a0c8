"""Refusals of a feed's pushes, with their reasons, for the people who look after the feed.

Refusals that are the same are one row with a number. Where the sender cannot be answered, or would drop what it sent,
the document is kept with its refusal, so that nothing is lost before somebody has seen it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, delete, func, select
from uuid_utils.compat import uuid7

from services.audit.log import record
from services.caller import Caller
from services.contracts import instant
from services.database.engine import Database, now_ms
from services.database.tables import refusals
from services.errors import NotFound
from services.settings import Sources

_DETAIL_CHARS: Final = 500
_FORMAT_CHARS: Final = 40
_TYPE_CHARS: Final = 200
_DIGEST_CHARS: Final = 32


@dataclass(frozen=True, slots=True)
class RefusedDocument:
    """A document as it arrived, which is kept with its refusal."""

    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class NewRefusal:
    """A refusal to be noted. ``format`` is empty if it was not recognised, ``source`` for a push with a key."""

    feed: str
    code: str
    detail: str
    format: str = ""
    source: str | None = None
    document: RefusedDocument | None = None
    number: int = 1

    @property
    def digest(self) -> str:
        """The digest of what makes two refusals the same."""
        kept = self.document.content if self.document else b""
        parts = (self.source or "", self.format, self.code, self.detail[:_DETAIL_CHARS])
        return hashlib.sha256("\x00".join(parts).encode() + b"\x00" + kept).hexdigest()[:_DIGEST_CHARS]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal that was noted ``number`` times. ``size`` is that of the kept document in bytes. Times are in UTC."""

    id: UUID
    feed: str
    source: str | None
    format: str
    code: str
    detail: str
    number: int
    first_at: datetime
    last_at: datetime
    content_type: str | None
    size: int | None


def note(database: Database, new: Iterable[NewRefusal], settings: Sources) -> None:
    """Store refusals, and remove the oldest ones beyond the limits. Raises `StoreUnavailable`."""
    noted = list(new)
    if not noted:
        return
    with database.write() as connection:
        for refusal in sorted(noted, key=lambda refusal: (refusal.feed, refusal.digest)):
            _upsert(connection, database, refusal)
        for feed in sorted({refusal.feed for refusal in noted}):
            _remove_oldest(connection, feed, settings)


def list_refusals(database: Database, feed: str, limit: int, visible: Collection[str] | None = None) -> list[Refusal]:
    """Return the latest refusals of a feed; none of a feed that is not visible."""
    if visible is not None and feed not in visible:
        return []
    columns = [column for column in refusals.c if column.name not in {"document", "digest"}]
    query = select(*columns).where(refusals.c.feed == feed)
    with database.read() as connection:
        rows = connection.execute(query.order_by(refusals.c.last_at.desc(), refusals.c.id.desc()).limit(limit))
        return [_refusal(row) for row in rows]


def document_of(database: Database, feed: str, refusal_id: UUID) -> RefusedDocument:
    """Return the document that was kept with a refusal. Raises `NotFound`."""
    query = select(refusals.c.document, refusals.c.content_type)
    with database.read() as connection:
        row = connection.execute(query.where(refusals.c.feed == feed, refusals.c.id == refusal_id)).one_or_none()
    if row is None or row.document is None:
        raise NotFound(f"no document was kept with refusal {refusal_id}")
    return RefusedDocument(bytes(row.document), row.content_type or "")


def clear(database: Database, feed: str, by: Caller) -> int:
    """Remove all refusals of a feed with their documents, and return their number."""
    with database.write() as connection:
        number = connection.execute(delete(refusals).where(refusals.c.feed == feed)).rowcount
        record(connection, by.actor, "refusals.clear", feed, {"refusals": number})
    return number


def _upsert(connection: Connection, database: Database, new: NewRefusal) -> None:
    document = new.document
    insert = database.insert(refusals).values(
        id=uuid7(),
        feed=new.feed,
        source=new.source,
        digest=new.digest,
        format=new.format[:_FORMAT_CHARS],
        code=new.code,
        detail=new.detail[:_DETAIL_CHARS],
        number=new.number,
        first_at=now_ms(),
        last_at=now_ms(),
        content_type=document.content_type[:_TYPE_CHARS] if document else None,
        size=len(document.content) if document else None,
        document=document.content if document else None,
    )
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=[refusals.c.feed, refusals.c.digest],
            set_={"number": refusals.c.number + new.number, "last_at": now_ms()},
        )
    )


def _remove_oldest(connection: Connection, feed: str, settings: Sources) -> None:
    ours = refusals.c.feed == feed
    latest = (refusals.c.last_at.desc(), refusals.c.id.desc())
    total = func.sum(func.coalesce(refusals.c.size, 0)).over(order_by=latest)
    rank = func.row_number().over(order_by=latest)
    ranked = select(refusals.c.id, total.label("total"), rank.label("rank")).where(ours).subquery()
    beyond = (ranked.c.rank > settings.refusals) | ((ranked.c.total > settings.kept_bytes) & (ranked.c.rank > 1))
    connection.execute(delete(refusals).where(refusals.c.id.in_(select(ranked.c.id).where(beyond))))


def _refusal(row: Row[Any]) -> Refusal:
    values = {name: getattr(row, name) for name in Refusal.__slots__}
    return Refusal(**values | {"first_at": instant(row.first_at), "last_at": instant(row.last_at)})
