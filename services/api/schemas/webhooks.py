"""Webhooks and their deliveries: requests, and how the API shows them."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    model_validator,
)

from services.contracts import FeedName, Text
from services.contracts.base import Address, in_utc, one_line, reject_bare_number, require_number
from services.contracts.event import CHOSEN_EVENTS, Event, EventType
from services.webhooks.records import Delivery, DeliveryState, DisabledReason, Webhook

ChosenEvent = Literal[EventType.RESULT_READY, EventType.RESULT_WITHDRAWN, EventType.JOB_FAILED, EventType.JOB_DEAD]
Events = Annotated[
    set[ChosenEvent],
    Field(description="types of events to be sent; none if only watches use the webhook"),
]
Description = Annotated[
    Text,
    StringConstraints(strip_whitespace=True, max_length=200),
    AfterValidator(one_line),
    Field(description="for people"),
]
Url = Annotated[Address, Field(description="address of the receiver, `https://…`; redirects are not followed")]


class NewWebhook(BaseModel):
    """A webhook to create. ``feeds`` are those whose events it is sent, by default all that the key sees."""

    model_config = ConfigDict(extra="forbid")

    url: Url
    description: Description = ""
    events: Events = set(CHOSEN_EVENTS)
    feeds: Annotated[set[FeedName], Field(min_length=1, max_length=1000)] | None = None


class WebhookChange(BaseModel):
    """Changes of a webhook; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    url: Url | None = None
    description: Description | None = None
    events: Events | None = None
    enabled: StrictBool | None = None

    @model_validator(mode="after")
    def _require_a_change(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("give url, description, events or enabled")
        return self


class Rotation(BaseModel):
    """How long the old secret stays valid beside the new one."""

    model_config = ConfigDict(extra="forbid")

    overlap_s: (
        Annotated[
            float,
            Field(ge=0, le=30 * 86_400, description="seconds; by default `webhooks.overlap_s`"),
            BeforeValidator(require_number),
        ]
        | None
    ) = None


class FailedSelection(BaseModel):
    """Which failed deliveries to send again, oldest first."""

    model_config = ConfigDict(extra="forbid")

    since: Annotated[AwareDatetime, BeforeValidator(reject_bare_number), AfterValidator(in_utc)] | None = Field(
        None, description="made at this time or later"
    )
    limit: Annotated[int, Field(ge=1, le=5000), BeforeValidator(require_number)] = 1000


class WebhookView(BaseModel):
    """A webhook without its secret.

    ``failing_since`` is the time of the first failure since the last success. ``rotating_until`` is when the old secret
    ends.
    """

    id: UUID
    url: str
    description: str
    events: list[EventType]
    feeds: list[str] | Literal["*"]
    created_at: AwareDatetime
    created_by: str
    rotating_until: AwareDatetime | None
    disabled_at: AwareDatetime | None
    disabled_reason: DisabledReason | None
    failing_since: AwareDatetime | None
    delivered_at: AwareDatetime | None

    @classmethod
    def of(cls, webhook: Webhook) -> Self:
        """Return a webhook as the API shows it."""
        return cls(**view_fields(webhook))


class WebhookWithSecret(WebhookView):
    """A webhook with its new secret, which only this response has."""

    secret: str

    @classmethod
    def with_secret(cls, webhook: Webhook, secret: str) -> Self:
        """Return a webhook with the secret that it was just given."""
        return cls(**view_fields(webhook), secret=secret)


class WebhookPage(BaseModel):
    """Webhooks, newest first; ``next`` is null on the last page."""

    items: list[WebhookView]
    next: str | None


class DeliverySummary(BaseModel):
    """A delivery. ``id`` is the header ``webhook-id``, the same in all attempts; ``error`` is that of the last one."""

    id: UUID
    type: EventType
    state: DeliveryState
    attempts: int
    watch_id: UUID | None
    job_id: UUID | None
    article_id: UUID | None
    created_at: AwareDatetime
    next_at: AwareDatetime | None = Field(description="when a pending one is sent next")
    expires_at: AwareDatetime = Field(description="when it is given up")
    attempted_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    status: int | None = Field(description="of the receiver's last answer")
    error: str | None

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        """Return a delivery as the API lists it."""
        return cls(**{name: getattr(delivery, name) for name in cls.model_fields})


class DeliveryView(DeliverySummary):
    """A delivery with the body of its message."""

    body: Event

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        """Return a delivery as the API shows it."""
        fields: dict[str, Any] = {name: getattr(delivery, name) for name in DeliverySummary.model_fields}
        return cls(**fields, body=Event.model_validate(json.loads(delivery.body)))


class DeliveryPage(BaseModel):
    """Deliveries, newest first; ``next`` is null on the last page."""

    items: list[DeliverySummary]
    next: str | None


class Redelivery(BaseModel):
    """The number of deliveries that are sent again; ``more`` tells that ``limit`` left some out."""

    changed: int
    more: bool


def view_fields(webhook: Webhook) -> dict[str, Any]:
    """Return the fields of `WebhookView`."""
    fields = {name: getattr(webhook, name) for name in WebhookView.model_fields}
    feeds = "*" if webhook.feeds is None else sorted(webhook.feeds)
    return fields | {"events": sorted(webhook.events), "feeds": feeds}
