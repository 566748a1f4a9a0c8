"""Pause and resume a feed, or all intake."""

from __future__ import annotations

from services.caller import Caller
from services.database.tables import ALL_FEEDS
from services.feeds import pauses
from services.use_cases.context import UseCaseContext


def pause(context: UseCaseContext, feed: str | None, reason: str, caller: Caller) -> None:
    """Pause a feed, or all intake if ``feed`` is None. A second pause replaces the reason."""
    pauses.pause(context.database, feed or ALL_FEEDS, reason, caller)


def resume(context: UseCaseContext, feed: str | None, caller: Caller) -> None:
    """End the pause of a feed or of all intake, and dispatch the waiting jobs. Raises `NotFound` without a pause."""
    pauses.resume(context.database, feed or ALL_FEEDS, caller)
    context.nudge_dispatcher()
