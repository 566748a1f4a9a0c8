"""Feeds: their settings as requests, and feeds as the API shows them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from services.contracts import FeedName, Text
from services.contracts.base import one_line, require_number
from services.feeds.store import SLOWEST, Feed

_QUEUED_LIMIT_MAX = 2**31 - 1


class FeedSettings(BaseModel):
    """The settings of a feed. A null limit is the service's default; a change leaves out what stays as it is."""

    model_config = ConfigDict(extra="forbid")

    description: Annotated[Text, StringConstraints(max_length=1000), AfterValidator(one_line)] = ""
    # Strict numbers: a `false` read as 0 would close the feed.
    queued_limit: (
        Annotated[
            int,
            Field(ge=0, le=_QUEUED_LIMIT_MAX, description="maximum number of queued articles; 0 accepts none"),
            BeforeValidator(require_number),
        ]
        | None
    ) = None
    rate_per_s: (
        Annotated[float, Field(strict=True, ge=SLOWEST, le=1e6, description="maximum articles per second")] | None
    ) = None


class NewFeed(FeedSettings):
    """A feed to register."""

    name: FeedName


class FeedView(BaseModel):
    """A registered feed."""

    name: str
    description: str
    queued_limit: int | None
    rate_per_s: float | None
    paused_at: AwareDatetime | None
    created_at: AwareDatetime
    created_by: str


class FeedList(BaseModel):
    """The feeds that the caller sees, by name."""

    items: list[FeedView]


def feed_view(feed: Feed) -> FeedView:
    """Return a feed as the API shows it."""
    return FeedView.model_validate({name: getattr(feed, name) for name in FeedView.model_fields})
