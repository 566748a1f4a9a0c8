"""How far the deliveries of webhooks are behind, for metrics, health checks and the console."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, func, select

from services.database.engine import Database, now_ms
from services.database.tables import PENDING, deliveries, events, webhooks

DISABLED_BY_FAILURE: Final = ("gone", "failing")  # reasons of a disabled webhook that its owner did not choose


@dataclass(frozen=True, slots=True)
class DeliveryBacklog:
    """The state of all webhooks.

    ``enabled``, ``failing`` and ``disabled`` count webhooks: those that are sent to, those of them whose last attempt
    failed, and those that were disabled because they failed. ``pending`` counts deliveries that were not delivered yet.
    ``late_s`` is the time for which the oldest event, or the oldest delivery to a webhook that does not fail, has been
    due.
    """

    enabled: int = 0
    failing: int = 0
    disabled: int = 0
    pending: int = 0
    late_s: float = 0.0


def read_backlog(connection: Connection) -> DeliveryBacklog:
    """Return the state of all webhooks at this moment."""
    is_enabled = webhooks.c.disabled_at.is_(None)
    counts = connection.execute(
        select(
            func.count().filter(is_enabled),
            func.count().filter(is_enabled, webhooks.c.failing_since.is_not(None)),
            func.count().filter(webhooks.c.disabled_reason.in_(DISABLED_BY_FAILURE)),
        ).select_from(webhooks)
    ).one()
    if not any(counts):
        return DeliveryBacklog()
    now: int = connection.execute(select(now_ms())).scalar_one()
    pending: int = connection.execute(select(func.count()).select_from(deliveries).where(PENDING)).scalar_one()
    works = is_enabled & webhooks.c.failing_since.is_(None) & (func.coalesce(webhooks.c.not_before, 0) <= now)
    due = select(func.min(deliveries.c.next_at)).join(webhooks, webhooks.c.id == deliveries.c.webhook_id)
    oldest = [
        connection.execute(query).scalar() for query in (due.where(PENDING, works), select(func.min(events.c.at)))
    ]
    late_ms = max((now - at for at in oldest if at is not None), default=0)
    enabled, failing, disabled = counts
    return DeliveryBacklog(enabled, failing, disabled, pending, max(0.0, late_ms / 1000))


def delivery_backlog(database: Database) -> DeliveryBacklog:
    """Return the state of all webhooks, in a transaction of its own."""
    with database.read() as connection:
        return read_backlog(connection)
