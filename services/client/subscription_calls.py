"""The calls about webhooks and watches, for both clients."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from . import subscription_operations as operations
from .filters import StanceFilters
from .operations import AsyncSender, Id, Sender
from .pages import AsyncItems, Items
from .subscriptions import Delivery, Redelivery, Watch, Webhook


class SubscriptionCalls:
    """Webhooks, which the service calls, and watches, which say what is looked for."""

    def create_webhook(
        self: Sender,
        url: str,
        *,
        events: Iterable[str] | None = None,
        feeds: Iterable[str] | None = None,
        description: str = "",
    ) -> Webhook:
        """Register a receiver. The answer has its ``secret``, for `verify_webhook`, which is not shown again.

        ``events`` are the types that it is sent, by default all; none if only watches use it. ``feeds`` are by default
        all that the key sees. Raises `Conflict` if the key has too many webhooks.
        """
        return self.send(operations.create_webhook(url, events=events, feeds=feeds, description=description))

    def webhooks(self: Sender, *, limit: int | None = None) -> Items[Webhook]:
        """Return the webhooks of the key, newest first; for an admin key all."""
        return Items(self.send, operations.list_webhooks(), cursor=None, limit=limit)

    def webhook(self: Sender, webhook_id: Id) -> Webhook:
        """Return a webhook as it is now."""
        return self.send(operations.get_webhook(webhook_id))

    def change_webhook(
        self: Sender,
        webhook_id: Id,
        *,
        url: str | None = None,
        description: str | None = None,
        events: Iterable[str] | None = None,
        enabled: bool | None = None,
    ) -> Webhook:
        """Change a webhook, disable it or enable it again; what is None stays as it is."""
        return self.send(
            operations.change_webhook(webhook_id, url=url, description=description, events=events, enabled=enabled)
        )

    def rotate_webhook(self: Sender, webhook_id: Id, *, overlap_s: float | None = None) -> Webhook:
        """Give a webhook a new secret, which the answer has. The old one is valid for ``overlap_s`` more seconds."""
        return self.send(operations.rotate_webhook(webhook_id, overlap_s=overlap_s))

    def test_webhook(self: Sender, webhook_id: Id) -> Delivery:
        """Have a message of the type ``webhook.test`` sent. Raises `Conflict` if the webhook is disabled."""
        return self.send(operations.test_webhook(webhook_id))

    def delete_webhook(self: Sender, webhook_id: Id) -> None:
        """Delete a webhook with its watches and deliveries."""
        self.send(operations.delete_webhook(webhook_id))

    def deliveries(
        self: Sender, webhook_id: Id, *, state: str | None = None, event: str | None = None, limit: int | None = None
    ) -> Items[Delivery]:
        """Return the deliveries to a webhook, newest first. ``event`` is the type of their events."""
        return Items(
            self.send, operations.list_deliveries(webhook_id, state=state, event=event), cursor=None, limit=limit
        )

    def delivery(self: Sender, webhook_id: Id, delivery_id: Id) -> Delivery:
        """Return a delivery with the body of its message."""
        return self.send(operations.get_delivery(webhook_id, delivery_id))

    def redeliver(self: Sender, webhook_id: Id, delivery_id: Id) -> Delivery:
        """Send a delivery again under its ID, or a pending one at once. Raises `Conflict` for a withdrawn article."""
        return self.send(operations.redeliver(webhook_id, delivery_id))

    def redeliver_failed(
        self: Sender, webhook_id: Id, *, since: datetime | str | None = None, limit: int | None = None
    ) -> Redelivery:
        """Send the failed deliveries since a time again, oldest first; without ``limit`` up to a thousand."""
        return self.send(operations.redeliver_failed(webhook_id, since=since, limit=limit))

    def create_watch(
        self: Sender, webhook_id: Id, name: str, filters: StanceFilters, *, kind: str = "stances"
    ) -> Watch:
        """Have what a search matches in new results sent to a webhook, once for each story.

        ``kind`` is ``stances`` or ``attributions``; ``filters`` are those of that search. Raises `Conflict` if the
        webhook has too many watches.
        """
        return self.send(operations.create_watch(webhook_id, name, filters, kind=kind))

    def watches(self: Sender, *, webhook_id: Id | None = None, limit: int | None = None) -> Items[Watch]:
        """Return the watches of the key's webhooks, newest first; for an admin key all."""
        return Items(self.send, operations.list_watches(webhook_id=webhook_id), cursor=None, limit=limit)

    def watch(self: Sender, watch_id: Id) -> Watch:
        """Return a watch as it is now."""
        return self.send(operations.get_watch(watch_id))

    def change_watch(
        self: Sender,
        watch_id: Id,
        *,
        name: str | None = None,
        filters: StanceFilters | None = None,
        paused: bool | None = None,
    ) -> Watch:
        """Change a watch, pause it or let it go on; what is None stays. ``filters`` replace all earlier ones."""
        return self.send(operations.change_watch(watch_id, name=name, filters=filters, paused=paused))

    def delete_watch(self: Sender, watch_id: Id) -> None:
        """Delete a watch. Matches up to now are still sent."""
        self.send(operations.delete_watch(watch_id))


class AsyncSubscriptionCalls:
    """Webhooks, which the service calls, and watches, which say what is looked for."""

    async def create_webhook(
        self: AsyncSender,
        url: str,
        *,
        events: Iterable[str] | None = None,
        feeds: Iterable[str] | None = None,
        description: str = "",
    ) -> Webhook:
        """Register a receiver. The answer has its ``secret``, for `verify_webhook`, which is not shown again.

        ``events`` are the types that it is sent, by default all; none if only watches use it. ``feeds`` are by default
        all that the key sees. Raises `Conflict` if the key has too many webhooks.
        """
        return await self.send(operations.create_webhook(url, events=events, feeds=feeds, description=description))

    def webhooks(self: AsyncSender, *, limit: int | None = None) -> AsyncItems[Webhook]:
        """Return the webhooks of the key, newest first; for an admin key all."""
        return AsyncItems(self.send, operations.list_webhooks(), cursor=None, limit=limit)

    async def webhook(self: AsyncSender, webhook_id: Id) -> Webhook:
        """Return a webhook as it is now."""
        return await self.send(operations.get_webhook(webhook_id))

    async def change_webhook(
        self: AsyncSender,
        webhook_id: Id,
        *,
        url: str | None = None,
        description: str | None = None,
        events: Iterable[str] | None = None,
        enabled: bool | None = None,
    ) -> Webhook:
        """Change a webhook, disable it or enable it again; what is None stays as it is."""
        return await self.send(
            operations.change_webhook(webhook_id, url=url, description=description, events=events, enabled=enabled)
        )

    async def rotate_webhook(self: AsyncSender, webhook_id: Id, *, overlap_s: float | None = None) -> Webhook:
        """Give a webhook a new secret, which the answer has. The old one is valid for ``overlap_s`` more seconds."""
        return await self.send(operations.rotate_webhook(webhook_id, overlap_s=overlap_s))

    async def test_webhook(self: AsyncSender, webhook_id: Id) -> Delivery:
        """Have a message of the type ``webhook.test`` sent. Raises `Conflict` if the webhook is disabled."""
        return await self.send(operations.test_webhook(webhook_id))

    async def delete_webhook(self: AsyncSender, webhook_id: Id) -> None:
        """Delete a webhook with its watches and deliveries."""
        await self.send(operations.delete_webhook(webhook_id))

    def deliveries(
        self: AsyncSender,
        webhook_id: Id,
        *,
        state: str | None = None,
        event: str | None = None,
        limit: int | None = None,
    ) -> AsyncItems[Delivery]:
        """Return the deliveries to a webhook, newest first. ``event`` is the type of their events."""
        return AsyncItems(
            self.send, operations.list_deliveries(webhook_id, state=state, event=event), cursor=None, limit=limit
        )

    async def delivery(self: AsyncSender, webhook_id: Id, delivery_id: Id) -> Delivery:
        """Return a delivery with the body of its message."""
        return await self.send(operations.get_delivery(webhook_id, delivery_id))

    async def redeliver(self: AsyncSender, webhook_id: Id, delivery_id: Id) -> Delivery:
        """Send a delivery again under its ID, or a pending one at once. Raises `Conflict` for a withdrawn article."""
        return await self.send(operations.redeliver(webhook_id, delivery_id))

    async def redeliver_failed(
        self: AsyncSender, webhook_id: Id, *, since: datetime | str | None = None, limit: int | None = None
    ) -> Redelivery:
        """Send the failed deliveries since a time again, oldest first; without ``limit`` up to a thousand."""
        return await self.send(operations.redeliver_failed(webhook_id, since=since, limit=limit))

    async def create_watch(
        self: AsyncSender, webhook_id: Id, name: str, filters: StanceFilters, *, kind: str = "stances"
    ) -> Watch:
        """Have what a search matches in new results sent to a webhook, once for each story.

        ``kind`` is ``stances`` or ``attributions``; ``filters`` are those of that search. Raises `Conflict` if the
        webhook has too many watches.
        """
        return await self.send(operations.create_watch(webhook_id, name, filters, kind=kind))

    def watches(self: AsyncSender, *, webhook_id: Id | None = None, limit: int | None = None) -> AsyncItems[Watch]:
        """Return the watches of the key's webhooks, newest first; for an admin key all."""
        return AsyncItems(self.send, operations.list_watches(webhook_id=webhook_id), cursor=None, limit=limit)

    async def watch(self: AsyncSender, watch_id: Id) -> Watch:
        """Return a watch as it is now."""
        return await self.send(operations.get_watch(watch_id))

    async def change_watch(
        self: AsyncSender,
        watch_id: Id,
        *,
        name: str | None = None,
        filters: StanceFilters | None = None,
        paused: bool | None = None,
    ) -> Watch:
        """Change a watch, pause it or let it go on; what is None stays. ``filters`` replace all earlier ones."""
        return await self.send(operations.change_watch(watch_id, name=name, filters=filters, paused=paused))

    async def delete_watch(self: AsyncSender, watch_id: Id) -> None:
        """Delete a watch. Matches up to now are still sent."""
        await self.send(operations.delete_watch(watch_id))
