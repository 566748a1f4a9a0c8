"""Webhooks, watches and deliveries as they are stored, without secrets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from services.contracts import instant
from services.contracts.event import EventType, WatchKind


class DeliveryState(StrEnum):
    """The states of a delivery: it is sent until it is delivered or fails, unless its article is withdrawn before."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELED = "canceled"


class DisabledReason(StrEnum):
    """Why a webhook is disabled: by a request, or since its receiver answered 410, failed for long, or lost its key."""

    REQUEST = "request"
    GONE = "gone"
    FAILING = "failing"
    KEY_ENDED = "key_ended"


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook. ``feeds`` is None for every feed; times are in UTC.

    ``failing_since`` is the first failure since the last success. ``rotating_until`` is when the previous secret ends.
    """

    id: UUID
    key_id: str
    created_by: str
    created_at: datetime
    url: str
    description: str
    events: frozenset[EventType]
    feeds: frozenset[str] | None
    rotating_until: datetime | None
    disabled_at: datetime | None
    disabled_reason: DisabledReason | None
    failing_since: datetime | None
    delivered_at: datetime | None

    def sees(self, feed: str) -> bool:
        """Return whether the webhook is sent events of a feed."""
        return self.feeds is None or feed in self.feeds


@dataclass(frozen=True, slots=True)
class Watch:
    """A watch: a search on new results, with the ``filters`` of a search, and the webhook that gets its matches."""

    id: UUID
    webhook_id: UUID
    name: str
    kind: WatchKind
    filters: Mapping[str, Any]
    created_at: datetime
    created_by: str
    paused_at: datetime | None
    matches: int
    matched_at: datetime | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message to a webhook. ``next_at`` is when a pending one is sent next; ``status`` is that of the last answer."""

    id: UUID
    webhook_id: UUID
    watch_id: UUID | None
    type: EventType
    article_id: UUID | None
    job_id: UUID | None
    state: DeliveryState
    attempts: int
    created_at: datetime
    next_at: datetime | None
    expires_at: datetime
    attempted_at: datetime | None
    finished_at: datetime | None
    status: int | None
    error: str | None
    body: str


def webhook_of(row: Any) -> Webhook:
    """Return the webhook in a row of ``webhooks``."""
    return Webhook(
        id=row.id,
        key_id=row.key_id,
        created_by=row.created_by,
        created_at=instant(row.created_at),
        url=row.url,
        description=row.description,
        events=frozenset(map(EventType, json.loads(row.events))),
        feeds=None if row.feeds is None else frozenset(json.loads(row.feeds)),
        rotating_until=_instant(row.previous_until),
        disabled_at=_instant(row.disabled_at),
        disabled_reason=None if row.disabled_reason is None else DisabledReason(row.disabled_reason),
        failing_since=_instant(row.failing_since),
        delivered_at=_instant(row.delivered_at),
    )


def watch_of(row: Any) -> Watch:
    """Return the watch in a row of ``watches``."""
    return Watch(
        id=row.id,
        webhook_id=row.webhook_id,
        name=row.name,
        kind=WatchKind(row.kind),
        filters=json.loads(row.filters),
        created_at=instant(row.created_at),
        created_by=row.created_by,
        paused_at=_instant(row.paused_at),
        matches=row.matches,
        matched_at=_instant(row.matched_at),
    )


def delivery_of(row: Any) -> Delivery:
    """Return the delivery in a row of ``deliveries``."""
    state = DeliveryState(row.state)
    return Delivery(
        id=row.id,
        webhook_id=row.webhook_id,
        watch_id=row.watch_id,
        type=EventType(row.type),
        article_id=row.article_id,
        job_id=row.job_id,
        state=state,
        attempts=row.attempts,
        created_at=instant(row.created_at),
        next_at=instant(row.next_at) if state is DeliveryState.PENDING else None,
        expires_at=instant(row.expires_at),
        attempted_at=_instant(row.attempted_at),
        finished_at=_instant(row.finished_at),
        status=row.status,
        error=row.error,
        body=row.body,
    )


def _instant(at: int | None) -> datetime | None:
    return None if at is None else instant(at)
