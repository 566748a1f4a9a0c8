"""Webhooks, which the service calls, and watches, which say what is looked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from .documents import Model


class Webhook(Model):
    """A receiver of events. ``secret`` is there only in the answers that create or rotate it.

    ``events`` are the types that it is sent; ``feeds`` those whose events it is sent, or ``*`` for all that its key
    sees. ``failing_since`` is the time of the first failure since the last success; ``rotating_until`` is when the old
    secret ends.
    """

    id: UUID
    url: str
    description: str
    events: tuple[str, ...]
    feeds: tuple[str, ...] | str
    created_at: datetime
    created_by: str
    rotating_until: datetime | None
    disabled_at: datetime | None
    disabled_reason: str | None
    failing_since: datetime | None
    delivered_at: datetime | None
    secret: str | None = None


class Watch(Model):
    """A search whose matches in new results are sent to a webhook.

    ``search`` is the address of the same search among all stored results.
    """

    id: UUID
    webhook_id: UUID
    name: str
    kind: str
    filters: dict[str, Any]
    search: str
    created_at: datetime
    created_by: str
    paused_at: datetime | None
    matches: int
    matched_at: datetime | None


class Delivery(Model):
    """The delivery of an event to a webhook. ``id`` is the header ``webhook-id``, the same in all attempts.

    ``state`` is ``pending``, ``delivered``, ``failed`` or ``canceled``. ``status`` and ``error`` are those of the last
    attempt. ``body`` is the message; lists of deliveries leave it out.
    """

    id: UUID
    type: str
    state: str
    attempts: int
    watch_id: UUID | None
    job_id: UUID | None
    article_id: UUID | None
    created_at: datetime
    next_at: datetime | None
    expires_at: datetime
    attempted_at: datetime | None
    finished_at: datetime | None
    status: int | None
    error: str | None
    body: dict[str, Any] | None = None


class Redelivery(Model):
    """The number of deliveries that are sent again; ``more`` says that the limit left some out."""

    changed: int
    more: bool
