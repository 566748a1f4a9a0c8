"""Webhooks in the database: registration, changes, secrets, and who may see them."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, delete, exists, func, insert, or_, select, true, update
from uuid_utils.compat import uuid7

from services.audit.log import record
from services.caller import Caller, Scope
from services.contracts.event import EventType
from services.database.engine import Database, now_ms
from services.database.tables import api_keys, webhooks
from services.errors import Conflict, NotFound
from services.webhooks.records import DisabledReason, Webhook, webhook_of

_SECRET_BYTES: Final = 32
_DELIVERER: Final = "deliverer"  # in the audit log
_WORKING_AGAIN: Final[dict[str, Any]] = {
    "disabled_at": None,
    "disabled_reason": None,
    "failing_since": None,
    "not_before": None,
}


def create(
    database: Database,
    *,
    url: str,
    description: str,
    events: Collection[EventType],
    feeds: Collection[str] | None,
    limit: int,
    by: Caller,
) -> tuple[Webhook, str]:
    """Create a webhook and return it with its secret, which only this and `rotate` return.

    ``feeds`` is None for every feed that the caller sees. Raises `Conflict` if the caller's key has ``limit`` webhooks.
    """
    webhook_id, secret = uuid7(), _new_secret()
    row = {
        "id": webhook_id,
        "key_id": by.key_id,
        "created_by": by.actor[:100],
        "created_at": now_ms(),
        "url": url,
        "description": description,
        "events": json.dumps(sorted(events)),
        "feeds": None if feeds is None else json.dumps(sorted(feeds)),
        "secret": database.sealer.seal(secret),
    }
    with database.write() as connection:
        database.serialize(connection)
        own = select(func.count()).select_from(webhooks).where(webhooks.c.key_id == by.key_id)
        if connection.execute(own).scalar_one() >= limit:
            detail = f"this key has {limit} webhooks, and that is the limit; delete one"
            raise Conflict(detail, code="too_many_webhooks")
        connection.execute(insert(webhooks).values(row))
        record(connection, by.actor, "webhook.create", str(webhook_id), {"url": url, "events": sorted(events)})
        return webhook_of(_get_row(connection, webhook_id, by)), secret


def get(database: Database, webhook_id: UUID, by: Caller) -> Webhook:
    """Return a webhook that the caller may see. Raises `NotFound`."""
    with database.read() as connection:
        return webhook_of(_get_row(connection, webhook_id, by))


def list_webhooks(database: Database, by: Caller, *, before: UUID | None = None, limit: int) -> list[Webhook]:
    """Return the webhooks that the caller may see, newest first; ``before`` is the last ID of the previous page."""
    query = select(webhooks).where(visible_to(by)).order_by(webhooks.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(webhooks.c.id < before)
    with database.read() as connection:
        return [webhook_of(row) for row in connection.execute(query)]


def change(
    database: Database,
    webhook_id: UUID,
    *,
    url: str | None = None,
    description: str | None = None,
    events: Collection[EventType] | None = None,
    enabled: bool | None = None,
    by: Caller,
) -> Webhook:
    """Change the given properties of a webhook. Raises `NotFound`.

    A webhook whose key has ended belongs to the key of whoever enables it again.
    """
    values: dict[str, Any] = {}
    values |= {} if url is None else {"url": url, "failing_since": None, "not_before": None}
    values |= {} if description is None else {"description": description}
    values |= {} if events is None else {"events": json.dumps(sorted(events))}
    with database.write() as connection:
        row = _get_row(connection, webhook_id, by)
        if enabled and row.disabled_at is not None:
            owner = by.key_id if row.disabled_reason == DisabledReason.KEY_ENDED else row.key_id
            values |= {**_WORKING_AGAIN, "key_id": owner}
        elif enabled is False and row.disabled_at is None:
            values |= {"disabled_at": now_ms(), "disabled_reason": DisabledReason.REQUEST}
        if values:
            connection.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(values))
            given: dict[str, Any] = {"url": url, "description": description, "enabled": enabled}
            given |= {} if events is None else {"events": sorted(events)}
            detail = {name: value for name, value in given.items() if value is not None}
            record(connection, by.actor, "webhook.change", str(webhook_id), detail)
        return webhook_of(_get_row(connection, webhook_id, by))


def rotate(database: Database, webhook_id: UUID, overlap_s: float, by: Caller) -> tuple[Webhook, str]:
    """Give a webhook a new secret and return it. Raises `NotFound`.

    For ``overlap_s`` seconds messages are signed with the old secret, too. A secret before the old one ends at once.
    """
    secret = _new_secret()
    with database.write() as connection:
        row = _get_row(connection, webhook_id, by)
        until = now_ms() + int(overlap_s * 1000)
        previous = {"previous_secret": row.secret, "previous_until": until} if overlap_s else {}
        values = {"secret": database.sealer.seal(secret), "previous_secret": None, "previous_until": None, **previous}
        connection.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(values))
        record(connection, by.actor, "webhook.rotate", str(webhook_id), {"overlap_s": overlap_s})
        return webhook_of(_get_row(connection, webhook_id, by)), secret


def remove(database: Database, webhook_id: UUID, by: Caller) -> None:
    """Delete a webhook with its watches and deliveries. Raises `NotFound`."""
    with database.write() as connection:
        row = _get_row(connection, webhook_id, by)
        connection.execute(delete(webhooks).where(webhooks.c.id == webhook_id))
        record(connection, by.actor, "webhook.delete", str(webhook_id), {"url": row.url})


def disable(connection: Connection, webhook_id: UUID, reason: DisabledReason) -> bool:
    """Disable a webhook that is enabled, because of its receiver or key; return whether it was enabled."""
    is_enabled = (webhooks.c.id == webhook_id) & webhooks.c.disabled_at.is_(None)
    values = {"disabled_at": now_ms(), "disabled_reason": reason}
    disabled = connection.execute(update(webhooks).where(is_enabled).values(values)).rowcount == 1
    if disabled:
        record(connection, _DELIVERER, "webhook.disable", str(webhook_id), {"reason": reason})
    return disabled


def disable_ownerless(database: Database) -> int:
    """Disable the webhooks whose key was revoked or has expired, and return their number."""
    ended = select(webhooks.c.id).where(webhooks.c.disabled_at.is_(None), ~owner_is_valid())
    with database.read() as connection:
        if connection.execute(ended.limit(1)).first() is None:
            return 0
    with database.write() as connection:
        ids = connection.execute(ended).scalars().all()
        return sum(disable(connection, webhook_id, DisabledReason.KEY_ENDED) for webhook_id in ids)


def owner_is_valid() -> ColumnElement[bool]:
    """Return the condition that the key of a webhook works. One made without a key, or in a shell, has none."""
    has_expired = api_keys.c.expires_at.is_not(None) & (api_keys.c.expires_at <= now_ms())
    ended = or_(api_keys.c.revoked_at.is_not(None), has_expired)
    return ~exists(select(api_keys.c.id).where(api_keys.c.id == webhooks.c.key_id, ended))


def visible_to(by: Caller) -> ColumnElement[bool]:
    """Return the condition that a caller may see a webhook: its own, or any for an administrator."""
    return true() if by.has(Scope.ADMIN) else webhooks.c.key_id == by.key_id


def require(connection: Connection, webhook_id: UUID, by: Caller) -> Webhook:
    """Return a webhook that the caller may see, within a transaction. Raises `NotFound`."""
    return webhook_of(_get_row(connection, webhook_id, by))


def _get_row(connection: Connection, webhook_id: UUID, by: Caller) -> Row[Any]:
    row = connection.execute(select(webhooks).where(webhooks.c.id == webhook_id, visible_to(by))).one_or_none()
    if row is None:
        raise NotFound(f"there is no webhook {webhook_id}")
    return row


def _new_secret() -> str:
    """Return a secret in the form of Standard Webhooks."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
