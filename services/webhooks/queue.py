"""The queue of deliveries: a deliverer claims those that are due, and settles the outcome of each attempt.

A claim is a lease, stored as the time at which the delivery may be sent again. If a deliverer is killed between sending
and settling, the lease expires and the message is sent a second time under the same ID.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

import structlog
from sqlalchemy import Connection, exists, func, or_, select, update

from services.database.counters import CounterName, increment
from services.database.engine import Database, now_ms
from services.database.sealing import SecretUnreadable
from services.database.tables import PENDING, deliveries, webhooks
from services.settings import Webhooks as WebhookSettings
from services.webhooks import store
from services.webhooks.records import DeliveryState, DisabledReason
from services.webhooks.store import owner_is_valid

log = structlog.get_logger(__name__)

_LEASE_MARGIN_S: Final = 15  # from the end of an attempt until it is settled
_GROWTH: Final = 3  # of the delay between two attempts
_PAUSE_MAX_S: Final = 3_600  # of all deliveries to a receiver that asked for one
_EXPIRED_BATCH: Final = 1_000


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this deliverer sends. ``secrets`` are those to sign with, the newest first."""

    id: UUID
    webhook_id: UUID
    token: UUID
    url: str
    secrets: tuple[str, ...]
    body: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of an attempt. ``error`` is empty if the receiver accepted the message.

    ``status`` is None without an answer. ``retry_after_s`` is the delay that the receiver asked for, 0 if none.
    ``gone``: the receiver asked for no further messages (410).
    """

    delivery: Claimed
    status: int | None = None
    error: str = ""
    retry_after_s: float = 0.0
    gone: bool = False


def claim(database: Database, in_flight: Mapping[UUID, int], free: int, settings: WebhookSettings) -> list[Claimed]:
    """Claim at most ``free`` due deliveries, and of each webhook no more than may be sent to it at the same time.

    ``in_flight`` counts the deliveries that are being sent, by webhook.
    """
    due = exists(
        select(deliveries.c.id).where(
            deliveries.c.webhook_id == webhooks.c.id, PENDING, deliveries.c.next_at <= now_ms()
        )
    )
    may_be_sent = func.coalesce(webhooks.c.not_before, 0) <= now_ms()
    ready = select(webhooks, now_ms().label("now")).where(
        webhooks.c.disabled_at.is_(None), may_be_sent, owner_is_valid(), due
    )
    with database.read() as connection:
        rows = [(row, _room(row, in_flight, settings)) for row in connection.execute(ready)]
    rows = [(row, room) for row, room in rows if room > 0 and _is_readable(database, row)]
    if not rows or free <= 0:
        return []
    random.shuffle(rows)  # so that no webhook is always last while few deliveries may be sent
    claimed: list[Claimed] = []
    lease_ms = int((settings.timeout_s + _LEASE_MARGIN_S) * 1000)
    with database.write() as connection:
        for row, room in rows:
            limit = min(room, free - len(claimed))
            if limit > 0:
                claimed += _claim_of(connection, database, row, limit, lease_ms)
    return claimed


def _room(row: Any, in_flight: Mapping[UUID, int], settings: WebhookSettings) -> int:
    return (settings.per_webhook if row.failing_since is None else 1) - in_flight.get(row.id, 0)


def _is_readable(database: Database, row: Any) -> bool:
    """Return whether messages of a webhook can be signed. If not, its deliveries wait for the key until they expire."""
    try:
        database.sealer.open(row.secret)
    except SecretUnreadable as error:
        log.warning("webhook_unsigned", webhook=str(row.id), reason=error.detail)
        return False
    return True


def _secrets(database: Database, row: Any) -> tuple[str, ...]:
    """Return the secrets to sign with; a previous one that is unreadable is left out."""
    current = database.sealer.open(row.secret)
    if row.previous_secret is None or row.previous_until <= row.now:
        return (current,)
    try:
        return (current, database.sealer.open(row.previous_secret))
    except SecretUnreadable:
        return (current,)


def _claim_of(connection: Connection, database: Database, row: Any, limit: int, lease_ms: int) -> list[Claimed]:
    token = uuid4()
    due = select(deliveries.c.id).where(deliveries.c.webhook_id == row.id, PENDING, deliveries.c.next_at <= now_ms())
    chosen = database.skip_locked(due.order_by(deliveries.c.next_at, deliveries.c.id).limit(limit))
    ids = connection.execute(chosen).scalars().all()
    taken = connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(ids), PENDING)
        .values(next_at=now_ms() + lease_ms, lease_token=token, attempts=deliveries.c.attempts + 1)
        .returning(deliveries.c.id, deliveries.c.body, deliveries.c.attempts)
    ).all()
    secrets = _secrets(database, row)
    return [Claimed(each.id, row.id, token, row.url, secrets, each.body, each.attempts) for each in taken]


def settle(database: Database, outcomes: Sequence[Outcome], settings: WebhookSettings) -> None:
    """Store the outcomes of attempts, in one transaction. Leases that were lost meanwhile change nothing."""
    counts: Counter[str] = Counter()
    with database.write() as connection:
        for outcome in sorted(outcomes, key=lambda each: each.delivery.id):
            state = _settle_delivery(connection, outcome, settings)
            if state is not None:
                counts["retried" if state is DeliveryState.PENDING else state] += 1
        for webhook_id in sorted({outcome.delivery.webhook_id for outcome in outcomes}):
            latest = [outcome for outcome in outcomes if outcome.delivery.webhook_id == webhook_id]
            _settle_webhook(connection, webhook_id, latest, settings)
        increment(connection, database, {(CounterName.DELIVERIES, label): n for label, n in counts.items()})


def _settle_delivery(connection: Connection, outcome: Outcome, settings: WebhookSettings) -> DeliveryState | None:
    """Store the outcome of one attempt; return the delivery's new state, or None if the lease was lost."""
    held = (deliveries.c.id == outcome.delivery.id) & (deliveries.c.lease_token == outcome.delivery.token)
    values: dict[str, Any] = {"lease_token": None, "attempted_at": now_ms(), "status": outcome.status}
    if not outcome.error:
        values |= {"state": DeliveryState.DELIVERED, "finished_at": now_ms(), "error": None}
        return DeliveryState.DELIVERED if _update(connection, held, values) else None
    values["error"] = outcome.error[:300].replace("\x00", "\\0")
    next_at = now_ms() + int(delay_s(outcome, settings) * 1000)
    again = {**values, "next_at": next_at}
    held &= PENDING  # otherwise its article was withdrawn while it was being sent
    if _update(connection, held & (deliveries.c.expires_at > next_at), again):
        return DeliveryState.PENDING
    failed = {**values, "state": DeliveryState.FAILED, "finished_at": now_ms()}
    return DeliveryState.FAILED if _update(connection, held, failed) else None


def _update(connection: Connection, condition: Any, values: Mapping[str, Any]) -> bool:
    return connection.execute(update(deliveries).where(condition).values(**values)).rowcount == 1


def delay_s(outcome: Outcome, settings: WebhookSettings) -> float:
    """Return the seconds until the next attempt: growing, shortened at random, never before ``Retry-After``."""
    longest: float = min(settings.backoff_max_s, settings.backoff_s * _GROWTH ** min(outcome.delivery.attempt - 1, 20))
    jittered = longest * random.uniform(0.5, 1)  # noqa: S311 -- spreads load, protects nothing
    return max(jittered, outcome.retry_after_s)


def _settle_webhook(
    connection: Connection, webhook_id: UUID, outcomes: Sequence[Outcome], settings: WebhookSettings
) -> None:
    this = webhooks.c.id == webhook_id
    if any(outcome.gone for outcome in outcomes):
        _disable(connection, webhook_id, DisabledReason.GONE)
    elif any(not outcome.error for outcome in outcomes):
        connection.execute(update(webhooks).where(this).values(failing_since=None, delivered_at=now_ms()))
    else:
        connection.execute(
            update(webhooks).where(this).values(failing_since=func.coalesce(webhooks.c.failing_since, now_ms()))
        )
        row = connection.execute(select(webhooks.c.failing_since, now_ms().label("now")).where(this)).one_or_none()
        if row is not None and row.now - row.failing_since >= settings.disable_after_s * 1000:
            _disable(connection, webhook_id, DisabledReason.FAILING)
    pause_s = max((outcome.retry_after_s for outcome in outcomes), default=0)
    if pause_s:
        not_before = now_ms() + int(min(pause_s, _PAUSE_MAX_S) * 1000)
        connection.execute(update(webhooks).where(this).values(not_before=not_before))


def _disable(connection: Connection, webhook_id: UUID, reason: DisabledReason) -> None:
    if store.disable(connection, webhook_id, reason):
        log.warning("webhook_disabled", webhook=str(webhook_id), reason=reason)


def expire(database: Database) -> int:
    """Fail deliveries that expired while they waited, such as those to a disabled webhook, and return their number."""
    over = (
        select(deliveries.c.id)
        .where(PENDING, deliveries.c.expires_at < now_ms())
        .where(or_(deliveries.c.lease_token.is_(None), deliveries.c.next_at < now_ms()))
        .limit(_EXPIRED_BATCH)
    )
    with database.read() as connection:
        if connection.execute(over.limit(1)).first() is None:
            return 0
    values = {
        "state": DeliveryState.FAILED,
        "finished_at": now_ms(),
        "lease_token": None,
        "error": func.coalesce(deliveries.c.error, "not sent in time"),
    }
    with database.write() as connection:
        ids = connection.execute(over).scalars().all()
        ended = connection.execute(
            update(deliveries).where(deliveries.c.id.in_(ids), PENDING).values(**values)
        ).rowcount
        increment(connection, database, {(CounterName.DELIVERIES, DeliveryState.FAILED.value): ended})
        return ended
