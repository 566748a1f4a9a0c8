"""The requests about webhooks and watches."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from . import pages
from .filters import StanceFilters
from .operations import Id, Operation, json_request, named_filters, nothing, reader, segment
from .pages import Listing
from .subscriptions import Delivery, Redelivery, Watch, Webhook

_WEBHOOKS = "/v1/webhooks"
_WATCHES = "/v1/watches"


def create_webhook(
    url: str, *, events: Iterable[str] | None, feeds: Iterable[str] | None, description: str
) -> Operation[Webhook]:
    """Register a receiver."""
    body = {"url": url, "description": description, "events": _listed(events), "feeds": _listed(feeds)}
    return json_request("POST", _WEBHOOKS, reader(Webhook), body)


def list_webhooks() -> Listing[Webhook]:
    """Return the webhooks."""
    return pages.listing(_WEBHOOKS, Webhook)


def get_webhook(webhook_id: Id) -> Operation[Webhook]:
    """Return a webhook."""
    return Operation(method="GET", path=_webhook(webhook_id), read=reader(Webhook))


def change_webhook(
    webhook_id: Id, *, url: str | None, description: str | None, events: Iterable[str] | None, enabled: bool | None
) -> Operation[Webhook]:
    """Change a webhook."""
    body = {"url": url, "description": description, "events": _listed(events), "enabled": enabled}
    return json_request("PATCH", _webhook(webhook_id), reader(Webhook), body)


def rotate_webhook(webhook_id: Id, *, overlap_s: float | None) -> Operation[Webhook]:
    """Give a webhook a new secret."""
    return json_request("POST", f"{_webhook(webhook_id)}:rotate", reader(Webhook), {"overlap_s": overlap_s})


def test_webhook(webhook_id: Id) -> Operation[Delivery]:
    """Send a test message."""
    return Operation(method="POST", path=f"{_webhook(webhook_id)}:test", read=reader(Delivery))


def delete_webhook(webhook_id: Id) -> Operation[None]:
    """Delete a webhook."""
    return Operation(method="DELETE", path=_webhook(webhook_id), read=nothing)


def list_deliveries(webhook_id: Id, *, state: str | None, event: str | None) -> Listing[Delivery]:
    """Return the deliveries to a webhook."""
    return pages.listing(f"{_webhook(webhook_id)}/deliveries", Delivery, state=state, type=event)


def get_delivery(webhook_id: Id, delivery_id: Id) -> Operation[Delivery]:
    """Return a delivery."""
    return Operation(method="GET", path=_delivery(webhook_id, delivery_id), read=reader(Delivery))


def redeliver(webhook_id: Id, delivery_id: Id) -> Operation[Delivery]:
    """Send a delivery again."""
    return Operation(method="POST", path=f"{_delivery(webhook_id, delivery_id)}:redeliver", read=reader(Delivery))


def redeliver_failed(webhook_id: Id, *, since: datetime | str | None, limit: int | None) -> Operation[Redelivery]:
    """Send failed deliveries again."""
    path = f"{_webhook(webhook_id)}/deliveries:redeliver"
    return json_request("POST", path, reader(Redelivery), {"since": since, "limit": limit})


def create_watch(webhook_id: Id, name: str, filters: StanceFilters, *, kind: str) -> Operation[Watch]:
    """Create a watch."""
    body = {"webhook_id": webhook_id, "name": name, "kind": kind, "filters": named_filters(filters)}
    return json_request("POST", _WATCHES, reader(Watch), body)


def list_watches(*, webhook_id: Id | None) -> Listing[Watch]:
    """Return the watches."""
    return pages.listing(_WATCHES, Watch, webhook_id=webhook_id)


def get_watch(watch_id: Id) -> Operation[Watch]:
    """Return a watch."""
    return Operation(method="GET", path=_watch(watch_id), read=reader(Watch))


def change_watch(
    watch_id: Id, *, name: str | None, filters: StanceFilters | None, paused: bool | None
) -> Operation[Watch]:
    """Change a watch."""
    body = {"name": name, "filters": None if filters is None else named_filters(filters), "paused": paused}
    return json_request("PATCH", _watch(watch_id), reader(Watch), body)


def delete_watch(watch_id: Id) -> Operation[None]:
    """Delete a watch."""
    return Operation(method="DELETE", path=_watch(watch_id), read=nothing)


def _webhook(webhook_id: Id) -> str:
    return f"{_WEBHOOKS}/{segment(webhook_id)}"


def _delivery(webhook_id: Id, delivery_id: Id) -> str:
    return f"{_webhook(webhook_id)}/deliveries/{segment(delivery_id)}"


def _watch(watch_id: Id) -> str:
    return f"{_WATCHES}/{segment(watch_id)}"


def _listed(values: Iterable[str] | None) -> list[str] | None:
    return None if values is None else list(values)
