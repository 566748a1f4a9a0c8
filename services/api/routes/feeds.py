"""``/v1/feeds``: registered feeds and their settings."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from services.api.dependencies import Admin, Reader, Services
from services.api.problems import problem_responses
from services.api.schemas.feeds import FeedList, FeedSettings, FeedView, NewFeed, feed_view
from services.contracts import FeedName
from services.feeds import store
from services.use_cases import feeds

router = APIRouter(prefix="/v1", tags=["administration"])

Name = Annotated[FeedName, Path()]


@router.get("/feeds", responses=problem_responses(503))
def list_feeds(services: Services, caller: Reader) -> FeedList:
    """List the feeds that the key sees."""
    return FeedList(items=[feed_view(feed) for feed in store.list_feeds(services.database, caller.feeds)])


@router.post("/feeds", status_code=201, responses=problem_responses(400, 409, 415, 422, 503))
def add_feed(new: NewFeed, services: Services, caller: Admin) -> FeedView:
    """Register a feed before its first push. Without this, a feed is registered by its first push."""
    settings = new.model_dump(exclude={"name"}, exclude_unset=True)
    return feed_view(feeds.add(services.use_case_context, new.name, settings, caller))


@router.get("/feeds/{name}", responses=problem_responses(404, 422, 503))
def show_feed(name: Name, services: Services, caller: Reader) -> FeedView:
    """Return one feed."""
    return feed_view(store.show(services.database, name, caller.feeds))


@router.patch("/feeds/{name}", responses=problem_responses(400, 404, 415, 422, 503))
def set_feed(name: Name, changes: FeedSettings, services: Services, caller: Admin) -> FeedView:
    """Change settings of a feed: at once in this process, within ``feeds.cache_s`` seconds in every other."""
    settings = changes.model_dump(exclude_unset=True)
    return feed_view(feeds.change(services.use_case_context, name, settings, caller))
