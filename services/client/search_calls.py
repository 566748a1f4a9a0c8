"""The calls that search, for both clients."""

from __future__ import annotations

from typing import Unpack

from . import operations, pages
from .filters import AttributionFilters, StanceFilters, TimelineFilters
from .models import Topic
from .operations import AsyncSender, Id, Sender
from .pages import AsyncItems, Items
from .searches import AttributionItem, EntityItem, StanceItem, StoryCopy, Timeline


class SearchCalls:
    """Searches for statements, stances, names and copies."""

    def attributions(
        self: Sender, *, cursor: str | None = None, limit: int | None = None, **filters: Unpack[AttributionFilters]
    ) -> Items[AttributionItem]:
        """Return who said what, newest first; ``limit`` is the number of items in all."""
        listing = pages.listing("/v1/attributions", AttributionItem, **filters)
        return Items(self.send, listing, cursor=cursor, limit=limit)

    def stances(
        self: Sender, *, cursor: str | None = None, limit: int | None = None, **filters: Unpack[StanceFilters]
    ) -> Items[StanceItem]:
        """Return who is for or against whom or what, newest first."""
        listing = pages.listing("/v1/stances", StanceItem, **filters)
        return Items(self.send, listing, cursor=cursor, limit=limit)

    def timeline(self: Sender, **filters: Unpack[TimelineFilters]) -> Timeline:
        """Count support and opposition over time, beside the number of articles."""
        return self.send(operations.timeline(dict(filters)))

    def entities(
        self: Sender,
        beginning: str | None = None,
        *,
        type: str | None = None,  # noqa: A002 -- the name of the field
        role: str | None = None,
        feed: str | None = None,
        limit: int | None = None,
    ) -> Items[EntityItem]:
        """Return the names in articles, the most frequent first.

        ``beginning`` is that of each word of the name ("norv"). ``role`` is ``speaker``, ``holder`` or ``target``.
        """
        listing = pages.listing("/v1/entities", EntityItem, q=beginning, type=type, role=role, feed=feed)
        return Items(self.send, listing, cursor=None, limit=limit)

    def story(self: Sender, story_id: Id, *, limit: int | None = None) -> Items[StoryCopy]:
        """Return the copies of a story in the feeds that the key sees, in the order in which they arrived."""
        return Items(self.send, pages.copies(story_id), cursor=None, limit=limit)

    def topics(self: Sender, *, state: str | None = None, limit: int | None = None) -> Items[Topic]:
        """Return the registered topics."""
        return Items(self.send, pages.listing("/v1/topics", Topic, state=state), cursor=None, limit=limit)


class AsyncSearchCalls:
    """Searches for statements, stances, names and copies."""

    def attributions(
        self: AsyncSender, *, cursor: str | None = None, limit: int | None = None, **filters: Unpack[AttributionFilters]
    ) -> AsyncItems[AttributionItem]:
        """Return who said what, newest first; ``limit`` is the number of items in all."""
        listing = pages.listing("/v1/attributions", AttributionItem, **filters)
        return AsyncItems(self.send, listing, cursor=cursor, limit=limit)

    def stances(
        self: AsyncSender, *, cursor: str | None = None, limit: int | None = None, **filters: Unpack[StanceFilters]
    ) -> AsyncItems[StanceItem]:
        """Return who is for or against whom or what, newest first."""
        listing = pages.listing("/v1/stances", StanceItem, **filters)
        return AsyncItems(self.send, listing, cursor=cursor, limit=limit)

    async def timeline(self: AsyncSender, **filters: Unpack[TimelineFilters]) -> Timeline:
        """Count support and opposition over time, beside the number of articles."""
        return await self.send(operations.timeline(dict(filters)))

    def entities(
        self: AsyncSender,
        beginning: str | None = None,
        *,
        type: str | None = None,  # noqa: A002 -- the name of the field
        role: str | None = None,
        feed: str | None = None,
        limit: int | None = None,
    ) -> AsyncItems[EntityItem]:
        """Return the names in articles, the most frequent first.

        ``beginning`` is that of each word of the name ("norv"). ``role`` is ``speaker``, ``holder`` or ``target``.
        """
        listing = pages.listing("/v1/entities", EntityItem, q=beginning, type=type, role=role, feed=feed)
        return AsyncItems(self.send, listing, cursor=None, limit=limit)

    def story(self: AsyncSender, story_id: Id, *, limit: int | None = None) -> AsyncItems[StoryCopy]:
        """Return the copies of a story in the feeds that the key sees, in the order in which they arrived."""
        return AsyncItems(self.send, pages.copies(story_id), cursor=None, limit=limit)

    def topics(self: AsyncSender, *, state: str | None = None, limit: int | None = None) -> AsyncItems[Topic]:
        """Return the registered topics."""
        return AsyncItems(self.send, pages.listing("/v1/topics", Topic, state=state), cursor=None, limit=limit)
