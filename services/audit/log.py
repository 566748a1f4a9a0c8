"""The audit log of administrative actions.

An entry is written in the transaction of its action, so that neither exists without the other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select
from uuid_utils.compat import uuid7

from services.contracts import instant
from services.database.engine import Database, now_ms
from services.database.tables import audit_log


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An administrative action. ``at`` is in UTC."""

    id: UUID
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


def record(
    connection: Connection, actor: str, action: str, subject: str, detail: Mapping[str, Any] | None = None
) -> None:
    """Record an administrative action in the action's own transaction.

    ``actor`` is ``Caller.actor`` (``key:<id>``, ``shell:<user>``). ``action`` is the kind of its object and a verb
    (``key.create``, ``job.retry``), ``subject`` the ID or name of the object. ``detail`` contains plain JSON values,
    without secrets and article bodies.
    """
    row = {"id": uuid7(), "at": now_ms(), "actor": actor[:100], "action": action, "subject": subject[:255]}
    text = json.dumps(dict(detail or {}), ensure_ascii=False, sort_keys=True)
    connection.execute(insert(audit_log).values(row | {"detail": text}))


def entries(
    database: Database,
    *,
    actor: str | None = None,
    action: str | None = None,
    subject: str | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[AuditEntry]:
    """Return entries, newest first; ``before`` is the ID of the last entry of the previous page."""
    query = select(audit_log).order_by(audit_log.c.id.desc()).limit(limit)
    for column, value in ((audit_log.c.actor, actor), (audit_log.c.action, action), (audit_log.c.subject, subject)):
        if value is not None:
            query = query.where(column == value)
    if before is not None:
        query = query.where(audit_log.c.id < before)
    with database.read() as connection:
        return [
            AuditEntry(row.id, instant(row.at), row.actor, row.action, row.subject, json.loads(row.detail))
            for row in connection.execute(query)
        ]
