"""Create, change, rotate, test and delete webhooks, and send their deliveries again."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from services.caller import Caller
from services.contracts import ledger_time
from services.contracts.event import EventType
from services.errors import InvalidInput
from services.outbound.addresses import AddressGuard
from services.use_cases.context import UseCaseContext
from services.webhooks import deliveries, store
from services.webhooks.records import Delivery, Webhook


def create(
    context: UseCaseContext,
    *,
    url: str,
    description: str,
    events: Collection[EventType],
    feeds: Collection[str] | None,
    caller: Caller,
) -> tuple[Webhook, str]:
    """Create a webhook and return it with its secret, which is shown once.

    ``feeds`` is None for every feed that the caller sees. Raises `InvalidInput` for an address or feed that is not
    allowed, and `Conflict` if the key has too many webhooks.
    """
    _check_url(context, url)
    unseen = sorted(feed for feed in feeds or () if not caller.sees(feed))
    if unseen:
        raise InvalidInput("feeds", f"the key does not see {', '.join(unseen)}")
    return store.create(
        context.database,
        url=url,
        description=description,
        events=events,
        feeds=caller.feeds if feeds is None else feeds,
        limit=context.settings.webhooks.per_key,
        by=caller,
    )


def change(
    context: UseCaseContext,
    webhook_id: UUID,
    *,
    url: str | None = None,
    description: str | None = None,
    events: Collection[EventType] | None = None,
    enabled: bool | None = None,
    caller: Caller,
) -> Webhook:
    """Change the given properties of a webhook. Raises `InvalidInput` for the address, and `NotFound`."""
    if url is not None:
        _check_url(context, url)
    return store.change(
        context.database, webhook_id, url=url, description=description, events=events, enabled=enabled, by=caller
    )


def rotate(
    context: UseCaseContext, webhook_id: UUID, caller: Caller, overlap_s: float | None = None
) -> tuple[Webhook, str]:
    """Give a webhook a new secret and return it. Raises `NotFound`.

    The old one stays valid for ``overlap_s`` seconds, by default ``webhooks.overlap_s``.
    """
    overlap = context.settings.webhooks.overlap_s if overlap_s is None else overlap_s
    return store.rotate(context.database, webhook_id, overlap, caller)


def remove(context: UseCaseContext, webhook_id: UUID, caller: Caller) -> None:
    """Delete a webhook with its watches and deliveries. Raises `NotFound`."""
    store.remove(context.database, webhook_id, caller)


def test(context: UseCaseContext, webhook_id: UUID, caller: Caller) -> Delivery:
    """Queue a test message. Raises `NotFound`, and `Conflict` if the webhook is disabled."""
    return deliveries.add_test(context.database, webhook_id, context.settings.webhooks.retry_s, caller)


def redeliver(context: UseCaseContext, webhook_id: UUID, delivery_id: UUID, caller: Caller) -> Delivery:
    """Send a delivery again under its ID. Raises `NotFound`, and `Conflict` if its article was withdrawn."""
    retry_s = context.settings.webhooks.retry_s
    return deliveries.redeliver(context.database, webhook_id, delivery_id, retry_s, caller)


def redeliver_failed(
    context: UseCaseContext, webhook_id: UUID, caller: Caller, *, since: datetime | None = None, limit: int
) -> tuple[int, bool]:
    """Send failed deliveries again; return their number, and whether ``limit`` left some out. Raises `NotFound`."""
    retry_s = context.settings.webhooks.retry_s
    start = None if since is None else ledger_time(since)
    return deliveries.redeliver_failed(context.database, webhook_id, start, limit, retry_s, caller)


def _check_url(context: UseCaseContext, url: str) -> None:
    """Refuse an address that no delivery could go to, as far as it shows without a question to a name server."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidInput("url", f"is not an address: {error}") from error
    schemes = ("https", "http") if context.settings.webhooks.plain_http else ("https",)
    if parts.scheme not in schemes:
        allowed = " or ".join(f"{scheme}://" for scheme in schemes)
        raise InvalidInput("url", f"has to begin with {allowed} (setting webhooks.plain_http)")
    if not host or not url.isprintable() or " " in url:
        raise InvalidInput("url", "is not an address with a host")
    if parts.username is not None or parts.fragment:
        raise InvalidInput("url", "must not contain a user, a password or a fragment")
    try:
        answers = socket.getaddrinfo(host, port or 443, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return  # a name, which is resolved and checked when a message is sent
    guard = AddressGuard(context.settings.outbound.allow_networks)
    if not all(guard.allows(ipaddress.ip_address(str(answer[4][0]).partition("%")[0])) for answer in answers):
        raise InvalidInput("url", "is not a public address; `outbound.allow_networks` allows others")
