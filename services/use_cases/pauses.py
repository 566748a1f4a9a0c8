"""Pause and resume a feed, or all intake."""

from __future__ import annotations

from services.caller import Caller
from services.feeds import pauses
from services.use_cases.context import UseCaseContext


def pause(context: UseCaseContext, feed: str, reason: str, caller: Caller) -> None:
    """Pause a feed, or all intake if ``feed`` is `ALL_FEEDS`. A second pause replaces the reason."""
    pauses.pause(context.database, feed, reason, caller)


def resume(context: UseCaseContext, feed: str, caller: Caller) -> None:
    """End a pause and have the feed's queued jobs dispatched. Raises `NotFound` if there is no pause."""
    pauses.resume(context.database, feed, caller)
    context.nudge_dispatcher()
