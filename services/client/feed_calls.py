"""The calls about feeds and their sources, for both clients."""

from __future__ import annotations

from . import operations
from .models import Feed
from .operations import AsyncSender, Sender
from .sources import FeedSource


class FeedCalls:
    """Feeds, and where their articles come from."""

    def feeds(self: Sender) -> tuple[Feed, ...]:
        """Return the registered feeds that the key sees."""
        return self.send(operations.list_feeds())

    def sources(self: Sender, feed: str) -> tuple[FeedSource, ...]:
        """Return the sources of a feed in the order in which they were added."""
        return self.send(operations.list_sources(feed))

    def create_source(
        self: Sender,
        feed: str,
        kind: str,
        *,
        url: str | None = None,
        secret: str | None = None,
        every_s: int | None = None,
        pages: bool = False,
    ) -> FeedSource:
        """Add a source to a feed, which is registered by that. Needs an admin key.

        ``kind`` is ``poll`` or ``websub``, with the ``url`` to fetch, or ``signed`` or ``superdesk``, whose sender
        pushes to ``push_url`` and signs with ``secret``, which is not shown again. ``every_s`` is the interval of polls
        in seconds; ``pages`` reads the pages that entries link to.
        """
        return self.send(
            operations.create_source(feed, kind=kind, url=url, secret=secret, every_s=every_s, pages=pages)
        )

    def delete_source(self: Sender, feed: str, source_id: str) -> FeedSource | None:
        """Remove a source. Needs an admin key. A subscription is returned: it is removed once its hub has ended it."""
        return self.send(operations.delete_source(feed, source_id))


class AsyncFeedCalls:
    """Feeds, and where their articles come from."""

    async def feeds(self: AsyncSender) -> tuple[Feed, ...]:
        """Return the registered feeds that the key sees."""
        return await self.send(operations.list_feeds())

    async def sources(self: AsyncSender, feed: str) -> tuple[FeedSource, ...]:
        """Return the sources of a feed in the order in which they were added."""
        return await self.send(operations.list_sources(feed))

    async def create_source(
        self: AsyncSender,
        feed: str,
        kind: str,
        *,
        url: str | None = None,
        secret: str | None = None,
        every_s: int | None = None,
        pages: bool = False,
    ) -> FeedSource:
        """Add a source to a feed, which is registered by that. Needs an admin key.

        ``kind`` is ``poll`` or ``websub``, with the ``url`` to fetch, or ``signed`` or ``superdesk``, whose sender
        pushes to ``push_url`` and signs with ``secret``, which is not shown again. ``every_s`` is the interval of polls
        in seconds; ``pages`` reads the pages that entries link to.
        """
        return await self.send(
            operations.create_source(feed, kind=kind, url=url, secret=secret, every_s=every_s, pages=pages)
        )

    async def delete_source(self: AsyncSender, feed: str, source_id: str) -> FeedSource | None:
        """Remove a source. Needs an admin key. A subscription is returned: it is removed once its hub has ended it."""
        return await self.send(operations.delete_source(feed, source_id))
