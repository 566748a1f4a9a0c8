"""Where the articles of a feed come from."""

from __future__ import annotations

from datetime import datetime

from .documents import Model


class FeedSource(Model):
    """A source of a feed: an address that is fetched, or a sender that pushes to ``push_url``.

    ``kind`` is ``poll``, ``websub``, ``signed`` or ``superdesk``. ``every_s`` is the interval of polls in seconds, None
    for the service's default. ``failures`` counts those in a row, and ``error`` is the latest. ``secret``, with which
    the sender signs, is there only in the answer that creates the source.
    """

    id: str
    feed: str
    kind: str
    state: str
    url: str | None
    push_url: str | None
    every_s: int | None
    pages: bool
    failures: int
    error: str | None
    hub: str | None
    topic: str | None
    lease_until: datetime | None
    next_at: datetime | None
    checked_at: datetime | None
    pushed_at: datetime | None
    created_at: datetime
    created_by: str
    secret: str | None = None
