"""What the routes of one API process share, and how they get it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from services.access.key_cache import KeyCache
from services.access.rate_limiter import RateLimiter
from services.api.long_poll import LongPoll
from services.database.engine import Database
from services.dispatch.dispatcher import Dispatcher, DispatchThread
from services.feeds.store import FeedCache
from services.ingest.admission import AdmissionControl
from services.metrics import ApiMetrics
from services.settings import Settings


@dataclass(frozen=True, slots=True)
class ApiServices:
    """The parts of one API process."""

    settings: Settings
    database: Database
    keyring: KeyCache
    feeds: FeedCache
    feed_rates: RateLimiter
    dispatcher: Dispatcher
    dispatch: DispatchThread
    gate: AdmissionControl
    waiter: LongPoll
    metrics: ApiMetrics


def _context(request: Request) -> ApiServices:
    context = request.app.state.context
    assert isinstance(context, ApiServices)  # noqa: S101 -- put there by create_app
    return context


Services = Annotated[ApiServices, Depends(_context)]
