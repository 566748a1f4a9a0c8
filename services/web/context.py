"""What the routes of one API process share, and how they get it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from services.access.feeds import FeedBook
from services.access.keyring import Keyring
from services.access.rates import Rates
from services.broker.dispatch import Dispatcher, DispatchThread
from services.ingest.gate import Gate
from services.metrics import ApiMetrics
from services.results.database import Database
from services.settings import Settings
from services.web.waiting import Waiter


@dataclass(frozen=True, slots=True)
class Context:
    """The parts of one API process."""

    settings: Settings
    database: Database
    keyring: Keyring
    feeds: FeedBook
    feed_rates: Rates
    dispatcher: Dispatcher
    dispatch: DispatchThread
    gate: Gate
    waiter: Waiter
    metrics: ApiMetrics


def _context(request: Request) -> Context:
    context = request.app.state.context
    assert isinstance(context, Context)  # noqa: S101 -- put there by create_app
    return context


Here = Annotated[Context, Depends(_context)]
