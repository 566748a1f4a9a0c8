"""The audit log: who did what to what, written in the transaction of the act, so that neither is there without the other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert
from uuid_utils.compat import uuid7

from services.access.tables import audit_log
from services.results.database import now_ms


def record(connection: Connection, actor: str, action: str, subject: str, detail: Mapping[str, Any] | None = None) -> None:
    """Note an administrative act in its own transaction.

    ``actor`` is ``Caller.actor`` (``key:<id>``, ``shell:<user>``), ``action`` a verb after its kind (``key.create``,
    ``job.retry``), ``subject`` the ID or name of what it was done to, ``detail`` plain JSON values: no secret, no body.
    """
    row = {"id": uuid7(), "at": now_ms(), "actor": actor[:100], "action": action, "subject": subject[:255]}
    text = json.dumps(dict(detail or {}), ensure_ascii=False, sort_keys=True)
    connection.execute(insert(audit_log).values(row | {"detail": text}))
