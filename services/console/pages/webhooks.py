"""Webhooks: a list, the page of one with its deliveries, and all that its owner does with it."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form
from pydantic import ValidationError
from starlette.responses import Response

from services.api.pagination import CursorText, decode_cursor, fetch_page
from services.api.problems import FieldError
from services.api.schemas.webhooks import NewWebhook, WebhookChange
from services.console.error_pages import PageRoute
from services.console.forms import TextField, first_error
from services.console.page_context import PageContext, ReaderForm, ReaderPage
from services.contracts import cursors
from services.contracts.event import CHOSEN_EVENTS
from services.errors import Conflict, InvalidInput
from services.use_cases import webhooks
from services.webhooks import deliveries, store, watches
from services.webhooks.records import DeliveryState

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_MAX_LISTED: Final = 500
_PAGE_SIZE: Final = 25
_REDELIVERED: Final = 1_000

EventList = Annotated[list[str] | None, Form()]


@router.get("/webhooks")
def list_webhooks(context: ReaderPage) -> Response:
    """Show the webhooks of the visitor's key, for administrators all."""
    return _show_list(context)


@router.post("/webhooks")
def create_webhook(
    context: ReaderForm, url: TextField = "", description: TextField = "", events: EventList = None
) -> Response:
    """Create a webhook. The answer is a page and not a redirect, because it is the only one that shows the secret."""
    form: dict[str, Any] = {"url": url.strip(), "description": description, "events": events or []}
    try:
        new = NewWebhook.model_validate(form)
        webhook, secret = webhooks.create(
            context.services.use_case_context,
            url=new.url,
            description=new.description,
            events=new.events,
            feeds=None,
            caller=context.visitor.caller,
        )
    except (ValidationError, InvalidInput, Conflict) as error:
        return _show_list(context, 422, form, first_error(error, conflict_field="url"))
    return _show_one(context, webhook.id, 201, secret=secret)


@router.get("/webhooks/{webhook_id}")
def show_webhook(
    webhook_id: UUID, context: ReaderPage, state: DeliveryState | None = None, cursor: CursorText | None = None
) -> Response:
    """Show a webhook with its deliveries, newest first."""
    return _show_one(context, webhook_id, state=state, cursor=cursor)


@router.post("/webhooks/{webhook_id}")
def change_webhook(
    webhook_id: UUID, context: ReaderForm, url: TextField = "", description: TextField = "", events: EventList = None
) -> Response:
    """Change the address, the description and the events of a webhook."""
    form: dict[str, Any] = {"url": url.strip(), "description": description, "events": events or []}
    try:
        change = WebhookChange.model_validate(form)
        webhooks.change(
            context.services.use_case_context,
            webhook_id,
            url=change.url,
            description=change.description,
            events=change.events,
            caller=context.visitor.caller,
        )
    except (ValidationError, InvalidInput) as error:
        return _show_one(context, webhook_id, 422, form=form, error=first_error(error))
    return context.redirect(f"/webhooks/{webhook_id}", notice="The webhook was changed.")


@router.post("/webhooks/{webhook_id}/test")
def send_test(webhook_id: UUID, context: ReaderForm) -> Response:
    """Queue a test message."""
    try:
        webhooks.test(context.services.use_case_context, webhook_id, context.visitor.caller)
    except Conflict as error:
        return context.redirect(f"/webhooks/{webhook_id}", notice=f"No test was sent: {error.detail}.")
    return context.redirect(f"/webhooks/{webhook_id}", notice="A test message is on its way; load the page again.")


@router.post("/webhooks/{webhook_id}/rotate")
def rotate_secret(webhook_id: UUID, context: ReaderForm) -> Response:
    """Give the webhook a new secret, and show it on the page that answers."""
    _, secret = webhooks.rotate(context.services.use_case_context, webhook_id, context.visitor.caller)
    return _show_one(context, webhook_id, secret=secret)


@router.post("/webhooks/{webhook_id}/enable")
def enable_webhook(webhook_id: UUID, context: ReaderForm) -> Response:
    """Enable a webhook again."""
    webhooks.change(context.services.use_case_context, webhook_id, enabled=True, caller=context.visitor.caller)
    return context.redirect(f"/webhooks/{webhook_id}", notice="The webhook is enabled.")


@router.post("/webhooks/{webhook_id}/disable")
def disable_webhook(webhook_id: UUID, context: ReaderForm) -> Response:
    """Disable a webhook."""
    webhooks.change(context.services.use_case_context, webhook_id, enabled=False, caller=context.visitor.caller)
    return context.redirect(f"/webhooks/{webhook_id}", notice="The webhook is disabled.")


@router.post("/webhooks/{webhook_id}/delete")
def delete_webhook(webhook_id: UUID, context: ReaderForm) -> Response:
    """Delete a webhook with its watches and deliveries."""
    webhooks.remove(context.services.use_case_context, webhook_id, context.visitor.caller)
    return context.redirect("/webhooks", notice="The webhook was deleted.")


@router.post("/webhooks/{webhook_id}/redeliver")
def redeliver_failed(webhook_id: UUID, context: ReaderForm) -> Response:
    """Send all deliveries again that were given up."""
    caller = context.visitor.caller
    number, more = webhooks.redeliver_failed(context.services.use_case_context, webhook_id, caller, limit=_REDELIVERED)
    rest = "; more are left" if more else ""
    return context.redirect(f"/webhooks/{webhook_id}", notice=f"Messages that are sent again: {number}{rest}.")


@router.post("/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver")
def redeliver(webhook_id: UUID, delivery_id: UUID, context: ReaderForm) -> Response:
    """Send one delivery again."""
    try:
        webhooks.redeliver(context.services.use_case_context, webhook_id, delivery_id, context.visitor.caller)
    except Conflict as error:
        return context.redirect(f"/webhooks/{webhook_id}", notice=f"Not sent again: {error.detail}.")
    return context.redirect(f"/webhooks/{webhook_id}", notice="The message is sent again.")


def _show_list(
    context: PageContext, status: int = 200, form: dict[str, Any] | None = None, error: FieldError | None = None
) -> Response:
    records = store.list_webhooks(context.services.database, context.visitor.caller, limit=_MAX_LISTED)
    return context.render(
        "webhooks.html",
        status,
        webhooks=sorted(records, key=lambda webhook: webhook.disabled_at is not None),
        form=form or {"events": list(CHOSEN_EVENTS)},
        error=error,
        events=CHOSEN_EVENTS,
    )


def _show_one(
    context: PageContext,
    webhook_id: UUID,
    status: int = 200,
    *,
    form: dict[str, Any] | None = None,
    error: FieldError | None = None,
    secret: str = "",
    state: DeliveryState | None = None,
    cursor: str | None = None,
) -> Response:
    database, caller = context.services.database, context.visitor.caller
    webhook = store.get(database, webhook_id, caller)
    before = decode_cursor(cursors.decode_id, cursor)
    page = fetch_page(
        lambda size: deliveries.list_deliveries(database, webhook_id, caller, state=state, before=before, limit=size),
        _PAGE_SIZE,
        lambda delivery: cursors.encode(str(delivery.id)),
    )
    chosen = {"state": state.value} if state else {}
    stored = {"url": webhook.url, "description": webhook.description, "events": webhook.events}
    return context.render(
        "webhook.html",
        status,
        webhook=webhook,
        watches=watches.list_watches(database, caller, webhook_id=webhook_id, limit=_MAX_LISTED),
        counts=deliveries.count_by_state(database, webhook_id, caller),
        deliveries=page.items,
        state=state,
        states=list(DeliveryState),
        is_first_page=cursor is None,
        next_query=urlencode(chosen | {"cursor": page.next}) if page.next else "",
        form=stored if form is None else form,
        error=error,
        events=CHOSEN_EVENTS,
        secret=secret,
    )
