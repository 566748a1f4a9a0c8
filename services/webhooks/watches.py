"""Watches in the database, and the filters that they share with searches."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from uuid_utils.compat import uuid7

from services.audit.log import record
from services.caller import Caller
from services.contracts.event import WatchKind
from services.database.engine import Database, now_ms
from services.database.tables import watches, webhooks
from services.errors import Conflict, NotFound
from services.results.filters import Filters, StanceOnlyFilters
from services.webhooks import store
from services.webhooks.records import Watch, watch_of


class WatchFilters(StanceOnlyFilters, Filters):
    """The filters of a watch, those of ``GET /v1/stances``. A watch of attributions has those of that search."""


def stored_form(filters: WatchFilters) -> dict[str, Any]:
    """Return the filters that are set, as JSON, by the names of the search's parameters."""
    return filters.model_dump(mode="json", by_alias=True, exclude_none=True)


def create(
    database: Database,
    webhook_id: UUID,
    *,
    name: str,
    kind: WatchKind,
    filters: Mapping[str, Any],
    limit: int,
    by: Caller,
) -> Watch:
    """Create a watch that tells a webhook. Raises `NotFound`, and `Conflict` if the webhook has ``limit`` watches."""
    watch_id = uuid7()
    with database.write() as connection:
        database.serialize(connection)
        store.require(connection, webhook_id, by)
        own = select(func.count()).select_from(watches).where(watches.c.webhook_id == webhook_id)
        if connection.execute(own).scalar_one() >= limit:
            raise Conflict(
                f"the webhook has {limit} watches, and that is the limit; delete one", code="too_many_watches"
            )
        row = {"id": watch_id, "webhook_id": webhook_id, "name": name, "kind": kind, "filters": _json(filters)}
        connection.execute(insert(watches).values(row | {"created_at": now_ms(), "created_by": by.actor[:100]}))
        detail = {"name": name, "kind": kind, "webhook": str(webhook_id), "filters": dict(filters)}
        record(connection, by.actor, "watch.create", str(watch_id), detail)
        return watch_of(_get_row(connection, watch_id, by))


def get(database: Database, watch_id: UUID, by: Caller) -> Watch:
    """Return a watch whose webhook the caller may see. Raises `NotFound`."""
    with database.read() as connection:
        return watch_of(_get_row(connection, watch_id, by))


def list_watches(
    database: Database, by: Caller, *, webhook_id: UUID | None = None, before: UUID | None = None, limit: int
) -> list[Watch]:
    """Return the watches whose webhooks the caller may see, newest first; ``before`` is the last of the page before."""
    query = select(watches).join(webhooks, webhooks.c.id == watches.c.webhook_id).where(store.visible_to(by))
    if webhook_id is not None:
        query = query.where(watches.c.webhook_id == webhook_id)
    if before is not None:
        query = query.where(watches.c.id < before)
    with database.read() as connection:
        return [watch_of(row) for row in connection.execute(query.order_by(watches.c.id.desc()).limit(limit))]


def change(
    database: Database,
    watch_id: UUID,
    *,
    name: str | None = None,
    filters: Mapping[str, Any] | None = None,
    paused: bool | None = None,
    by: Caller,
) -> Watch:
    """Change the given properties of a watch. Raises `NotFound`."""
    values: dict[str, Any] = {} if name is None else {"name": name}
    values |= {} if filters is None else {"filters": _json(filters)}
    with database.write() as connection:
        row = _get_row(connection, watch_id, by)
        if paused is not None and paused != (row.paused_at is not None):
            values["paused_at"] = now_ms() if paused else None
        if values:
            connection.execute(update(watches).where(watches.c.id == watch_id).values(values))
            given = {"name": name, "filters": None if filters is None else dict(filters), "paused": paused}
            detail = {field: value for field, value in given.items() if value is not None}
            record(connection, by.actor, "watch.change", str(watch_id), detail)
        return watch_of(_get_row(connection, watch_id, by))


def remove(database: Database, watch_id: UUID, by: Caller) -> None:
    """Delete a watch. Matches that it has already found are still delivered. Raises `NotFound`."""
    with database.write() as connection:
        row = _get_row(connection, watch_id, by)
        connection.execute(delete(watches).where(watches.c.id == watch_id))
        record(connection, by.actor, "watch.delete", str(watch_id), {"name": row.name})


def _get_row(connection: Connection, watch_id: UUID, by: Caller) -> Row[Any]:
    query = select(watches).join(webhooks, webhooks.c.id == watches.c.webhook_id)
    row = connection.execute(query.where(watches.c.id == watch_id, store.visible_to(by))).one_or_none()
    if row is None:
        raise NotFound(f"there is no watch {watch_id}")
    return row


def _json(filters: Mapping[str, Any]) -> str:
    return json.dumps(dict(filters), ensure_ascii=False)
