"""Pauses of feeds and of all intake."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from services.contracts import Contract
from services.contracts.base import Identifier
from services.feeds.pauses import Pause


class PauseRequest(Contract):
    """Why intake is paused; refused pushes, /readyz and the list of pauses show the reason."""

    reason: Identifier = "by an operator"


class PauseView(BaseModel):
    """A pause; ``feed`` is ``*`` for all intake."""

    feed: str
    reason: str
    since: datetime


class PauseList(BaseModel):
    """All pauses."""

    items: list[PauseView]


def pause_list(pauses: list[Pause]) -> PauseList:
    """Return pauses as the API shows them."""
    return PauseList(items=[PauseView(feed=pause.feed, reason=pause.reason, since=pause.since) for pause in pauses])
