"""The audit log: caller, action and object of each action.

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
    """One administrative act. ``at`` is UTC."""

    id: UUID
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


def record(
    connection: Connection, actor: str, action: str, subject: str, detail: Mapping[str, Any] | None = None
) -> None:
    """Note an administrative act in its own transaction.

    ``actor`` is ``Caller.actor`` (``key:<id>``, ``shell:<user>``), ``action`` a verb after its kind (``key.create``,
    ``job.retry``), ``subject`` the ID or name of what it was done to, ``detail`` plain JSON values: no secret, no body.
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
    """Acts, newest first; ``before`` is the last entry of the page before this one."""
    query = select(audit_log).order_by(audit_log.c.id.desc()).limit(limit)
    for column, wanted in ((audit_log.c.actor, actor), (audit_log.c.action, action), (audit_log.c.subject, subject)):
        if wanted is not None:
            query = query.where(column == wanted)
    if before is not None:
        query = query.where(audit_log.c.id < before)
    with database.read() as connection:
        return [
            AuditEntry(row.id, instant(row.at), row.actor, row.action, row.subject, json.loads(row.detail))
            for row in connection.execute(query)
        ]
