"""``/v1/webhooks``: addresses that are sent events, their secrets, and their deliveries."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Query, Response

from services.api.dependencies import Reader, Services
from services.api.pagination import Cursor, Limit, decode_cursor, fetch_page
from services.api.problems import problem_responses
from services.api.schemas.webhooks import (
    DeliveryPage,
    DeliverySummary,
    DeliveryView,
    FailedSelection,
    NewWebhook,
    Redelivery,
    Rotation,
    WebhookChange,
    WebhookPage,
    WebhookView,
    WebhookWithSecret,
)
from services.contracts import cursors
from services.contracts.event import EventType
from services.use_cases import webhooks
from services.webhooks import deliveries, store
from services.webhooks.records import DeliveryState

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])


@router.post("", status_code=201, responses=problem_responses(400, 409, 413, 415, 422, 503))
def create_webhook(new: NewWebhook, services: Services, caller: Reader, response: Response) -> WebhookWithSecret:
    """Create a webhook. Only this response, and that of a rotation, contain a secret.

    409: the key has too many webhooks.
    """
    webhook, secret = webhooks.create(
        services.use_case_context,
        url=new.url,
        description=new.description,
        events=new.events,
        feeds=new.feeds,
        caller=caller,
    )
    response.headers["Location"] = f"/v1/webhooks/{webhook.id}"
    response.headers["Cache-Control"] = "no-store"
    return WebhookWithSecret.with_secret(webhook, secret)


@router.get("", responses=problem_responses(422, 503))
def list_webhooks(services: Services, caller: Reader, cursor: Cursor = None, limit: Limit = 50) -> WebhookPage:
    """List the webhooks of this key; for an administrator all, newest first."""
    before = decode_cursor(cursors.decode_id, cursor)
    page = fetch_page(
        lambda size: store.list_webhooks(services.database, caller, before=before, limit=size),
        min(limit, services.settings.api.page_limit),
        lambda webhook: cursors.encode(str(webhook.id)),
    )
    return WebhookPage(items=[WebhookView.of(webhook) for webhook in page.items], next=page.next)


@router.get("/{webhook_id:id}", responses=problem_responses(404, 422, 503))
def get_webhook(webhook_id: UUID, services: Services, caller: Reader) -> WebhookView:
    """Return one webhook."""
    return WebhookView.of(store.get(services.database, webhook_id, caller))


@router.patch("/{webhook_id:id}", responses=problem_responses(400, 404, 413, 415, 422, 503))
def change_webhook(webhook_id: UUID, change: WebhookChange, services: Services, caller: Reader) -> WebhookView:
    """Change a webhook, disable it, or enable it again.

    Events while it is disabled are not sent later: ``GET /v1/results`` has their results. One whose key has ended
    belongs to the key that enables it.
    """
    webhook = webhooks.change(
        services.use_case_context,
        webhook_id,
        url=change.url,
        description=change.description,
        events=change.events,
        enabled=change.enabled,
        caller=caller,
    )
    return WebhookView.of(webhook)


@router.delete("/{webhook_id:id}", status_code=204, responses=problem_responses(404, 422, 503))
def delete_webhook(webhook_id: UUID, services: Services, caller: Reader) -> None:
    """Delete a webhook with its watches and deliveries."""
    webhooks.remove(services.use_case_context, webhook_id, caller)


@router.post("/{webhook_id:id}:rotate", responses=problem_responses(400, 404, 413, 415, 422, 503))
def rotate_secret(
    webhook_id: UUID,
    services: Services,
    caller: Reader,
    response: Response,
    rotation: Annotated[Rotation | None, Body()] = None,
) -> WebhookWithSecret:
    """Give a webhook a new secret. For a while messages have a signature with each of the two."""
    overlap_s = None if rotation is None else rotation.overlap_s
    webhook, secret = webhooks.rotate(services.use_case_context, webhook_id, caller, overlap_s)
    response.headers["Cache-Control"] = "no-store"
    return WebhookWithSecret.with_secret(webhook, secret)


@router.post("/{webhook_id:id}:test", status_code=202, responses=problem_responses(404, 409, 422, 503))
def send_test(webhook_id: UUID, services: Services, caller: Reader) -> DeliveryView:
    """Send a message of the type `webhook.test`, as any other. 409: the webhook is disabled."""
    return DeliveryView.of(webhooks.test(services.use_case_context, webhook_id, caller))


@router.get("/{webhook_id:id}/deliveries", responses=problem_responses(404, 422, 503))
def list_deliveries(
    webhook_id: UUID,
    services: Services,
    caller: Reader,
    state: Annotated[DeliveryState | None, Query(description="only these")] = None,
    event: Annotated[EventType | None, Query(alias="type", description="only of this type")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> DeliveryPage:
    """List the deliveries of a webhook, newest first, as long as they are kept (``retention.deliveries_days``)."""
    before = decode_cursor(cursors.decode_id, cursor)
    page = fetch_page(
        lambda size: deliveries.list_deliveries(
            services.database, webhook_id, caller, state=state, event=event, before=before, limit=size
        ),
        min(limit, services.settings.api.page_limit),
        lambda delivery: cursors.encode(str(delivery.id)),
    )
    return DeliveryPage(items=[DeliverySummary.of(delivery) for delivery in page.items], next=page.next)


@router.post("/{webhook_id:id}/deliveries:redeliver", responses=problem_responses(400, 404, 413, 415, 422, 503))
def redeliver_failed(
    webhook_id: UUID,
    services: Services,
    caller: Reader,
    selection: Annotated[FailedSelection | None, Body()] = None,
) -> Redelivery:
    """Send the failed deliveries of a webhook again, each under its ID, repeated like new ones."""
    chosen = selection or FailedSelection()
    changed, more = webhooks.redeliver_failed(
        services.use_case_context, webhook_id, caller, since=chosen.since, limit=chosen.limit
    )
    return Redelivery(changed=changed, more=more)


@router.get("/{webhook_id:id}/deliveries/{delivery_id:id}", responses=problem_responses(404, 422, 503))
def get_delivery(webhook_id: UUID, delivery_id: UUID, services: Services, caller: Reader) -> DeliveryView:
    """Return one delivery with the body of its message."""
    return DeliveryView.of(deliveries.get(services.database, webhook_id, delivery_id, caller))


@router.post("/{webhook_id:id}/deliveries/{delivery_id:id}:redeliver", responses=problem_responses(404, 409, 422, 503))
def redeliver(webhook_id: UUID, delivery_id: UUID, services: Services, caller: Reader) -> DeliveryView:
    """Send a delivery again under its ID, or a pending one at once. 409: its article was withdrawn."""
    return DeliveryView.of(webhooks.redeliver(services.use_case_context, webhook_id, delivery_id, caller))
