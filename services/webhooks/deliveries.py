"""Deliveries in the database as their owner sees them: lists, tests, and sending again."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Select, exists, func, insert, or_, select, update
from uuid_utils.compat import uuid7

from services.audit.log import record
from services.caller import Caller
from services.contracts import instant
from services.contracts.event import Event, EventType, TestData
from services.database.engine import Database, now_ms
from services.database.tables import articles, deliveries
from services.errors import Conflict, NotFound
from services.webhooks import store
from services.webhooks.records import Delivery, DeliveryState, delivery_of

_FREE: Final[dict[str, Any]] = {"lease_token": None, "finished_at": None, "state": DeliveryState.PENDING}


def list_deliveries(
    database: Database,
    webhook_id: UUID,
    by: Caller,
    *,
    state: DeliveryState | None = None,
    event: EventType | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Delivery]:
    """Return the deliveries of a webhook, newest first; ``before`` is the last ID of the previous page.

    Raises `NotFound`.
    """
    query = select(deliveries).where(deliveries.c.webhook_id == webhook_id)
    for column, value in ((deliveries.c.state, state), (deliveries.c.type, event)):
        if value is not None:
            query = query.where(column == value)
    if before is not None:
        query = query.where(deliveries.c.id < before)
    with database.read() as connection:
        store.require(connection, webhook_id, by)
        return [delivery_of(row) for row in connection.execute(query.order_by(deliveries.c.id.desc()).limit(limit))]


def get(database: Database, webhook_id: UUID, delivery_id: UUID, by: Caller) -> Delivery:
    """Return a delivery. Raises `NotFound`."""
    with database.read() as connection:
        store.require(connection, webhook_id, by)
        return _get(connection, webhook_id, delivery_id)


def count_by_state(database: Database, webhook_id: UUID, by: Caller) -> dict[DeliveryState, int]:
    """Count the kept deliveries of a webhook by state. Raises `NotFound`."""
    counts = select(deliveries.c.state, func.count()).where(deliveries.c.webhook_id == webhook_id)
    counts = counts.group_by(deliveries.c.state)
    with database.read() as connection:
        store.require(connection, webhook_id, by)
        return {DeliveryState(state): number for state, number in connection.execute(counts)}


def add_test(database: Database, webhook_id: UUID, retry_s: float, by: Caller) -> Delivery:
    """Queue a test message to a webhook. Raises `NotFound`, and `Conflict` if the webhook is disabled."""
    delivery_id = uuid7()
    with database.write() as connection:
        webhook = store.require(connection, webhook_id, by)
        if webhook.disabled_at is not None:
            raise Conflict("the webhook is disabled; enable it first", code="webhook_disabled")
        now: int = connection.execute(select(now_ms())).scalar_one()
        row = new_row(webhook_id, EventType.TEST, TestData(webhook_id=webhook_id), now=now, at=now, retry_s=retry_s)
        connection.execute(insert(deliveries).values({**row, "id": delivery_id}))
        record(connection, by.actor, "webhook.test", str(webhook_id))
        return _get(connection, webhook_id, delivery_id)


def redeliver(database: Database, webhook_id: UUID, delivery_id: UUID, retry_s: float, by: Caller) -> Delivery:
    """Send a delivery again, or a pending one at once; its ID stays the same. A delivery that is being sent stays so.

    Raises `NotFound`, and `Conflict` if the article was withdrawn.
    """
    with database.write() as connection:
        store.require(connection, webhook_id, by)
        delivery = _get(connection, webhook_id, delivery_id)
        this = deliveries.c.id == delivery_id
        changed = connection.execute(update(deliveries).where(this, _may_be_sent()).values(_again(retry_s))).rowcount
        if not changed and delivery.state is not DeliveryState.PENDING:
            raise Conflict("the article of this delivery was withdrawn", code="article_withdrawn")
        record(connection, by.actor, "webhook.redeliver", str(webhook_id), {"delivery": str(delivery_id)})
        return _get(connection, webhook_id, delivery_id)


def redeliver_failed(
    database: Database, webhook_id: UUID, since: int | None, limit: int, retry_s: float, by: Caller
) -> tuple[int, bool]:
    """Send failed deliveries again, oldest first, at most ``limit`` of those made at ``since`` (ms) or later.

    Return their number, and whether more are left. Raises `NotFound`.
    """
    failed = (
        select(deliveries.c.id)
        .where(deliveries.c.webhook_id == webhook_id, deliveries.c.state == DeliveryState.FAILED, _may_be_sent())
        .order_by(deliveries.c.id)
        .limit(limit)
    )
    if since is not None:
        failed = failed.where(deliveries.c.created_at >= since)
    with database.write() as connection:
        store.require(connection, webhook_id, by)
        ids = connection.execute(failed).scalars().all()
        connection.execute(update(deliveries).where(deliveries.c.id.in_(ids)).values(_again(retry_s)))
        more = connection.execute(failed.limit(1)).first() is not None
        record(connection, by.actor, "webhook.redeliver", str(webhook_id), {"failed": len(ids)})
        return len(ids), more


def new_row(
    webhook_id: UUID, kind: EventType, data: Any, *, now: int, at: int, retry_s: float, **columns: Any
) -> dict[str, Any]:
    """Return the row of a new delivery, to be sent at once (times in ms); ``at`` is when the event happened."""
    return {
        "id": uuid7(),
        "webhook_id": webhook_id,
        "watch_id": None,
        "fingerprint": None,
        "type": kind,
        "article_id": None,
        "job_id": None,
        "body": Event(type=kind, timestamp=instant(at), data=data).model_dump_json(),
        "state": DeliveryState.PENDING,
        "created_at": now,
        "next_at": now,
        "expires_at": now + int(retry_s * 1000),
        **columns,
    }


def _again(retry_s: float) -> dict[str, Any]:
    return {**_FREE, "attempts": 0, "next_at": now_ms(), "expires_at": now_ms() + int(retry_s * 1000)}


def _may_be_sent() -> Any:
    """Return the condition that a delivery is not being sent now, and that its article may still be spoken of."""
    withdrawn = exists(
        select(articles.c.id).where(articles.c.id == deliveries.c.article_id, articles.c.withdrawn_at.is_not(None))
    )
    is_withdrawal = deliveries.c.type == EventType.RESULT_WITHDRAWN
    return deliveries.c.lease_token.is_(None) & or_(is_withdrawal, ~withdrawn)


def _get(connection: Connection, webhook_id: UUID, delivery_id: UUID) -> Delivery:
    query: Select[Any] = select(deliveries).where(deliveries.c.id == delivery_id, deliveries.c.webhook_id == webhook_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"there is no delivery {delivery_id} of this webhook")
    return delivery_of(row)
