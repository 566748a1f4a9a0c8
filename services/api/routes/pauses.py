"""What administrators do over HTTP: pause and resume, erase."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from services.api.dependencies import Services
from services.api.middleware.authentication import Admin
from services.api.problems import responses
from services.contracts import Contract, FeedName
from services.contracts.base import Identifier
from services.database.tables import ALL_FEEDS
from services.feeds import pauses
from services.feeds.pauses import Pause
from services.maintenance import erasure

router = APIRouter(prefix="/v1", tags=["administration"])


class PauseRequest(Contract):
    """Why something is paused; refused pushes, /readyz and the list of pauses say it."""

    reason: Identifier = "by an operator"


class PauseView(BaseModel):
    """A pause; ``feed`` is ``*`` for all intake."""

    feed: str
    reason: str
    since: datetime


class PauseList(BaseModel):
    """All pauses."""

    items: list[PauseView]


class Erasure(BaseModel):
    """What was erased; ``log_emptied`` says whether SQLite's write-ahead log, too, holds nothing of it any more."""

    article_id: UUID
    jobs: int
    results: int
    log_emptied: bool


@router.get("/pauses", responses=responses(503))
def list_pauses(services: Services, _caller: Admin) -> PauseList:
    """What is paused now."""
    return PauseList(items=[_view(one) for one in pauses.paused(services.database)])


@router.put("/pause", responses=responses(400, 415, 422, 503))
def pause_all(wanted: PauseRequest, services: Services, caller: Admin) -> PauseList:
    """Refuse every push (503) until resumed; what is queued is worked off. Takes a second to reach every API process."""
    pauses.pause(services.database, ALL_FEEDS, wanted.reason, caller)
    return list_pauses(services, caller)


@router.delete("/pause", status_code=204, responses=responses(404, 503))
def resume_all(services: Services, caller: Admin) -> None:
    """Take articles in again."""
    pauses.resume(services.database, ALL_FEEDS, caller)


@router.put("/feeds/{feed}/pause", responses=responses(400, 415, 422, 503))
def pause_feed(feed: FeedName, wanted: PauseRequest, services: Services, caller: Admin) -> PauseList:
    """Refuse the feed's pushes (503) and let its queued jobs wait, until resumed."""
    pauses.pause(services.database, feed, wanted.reason, caller)
    return list_pauses(services, caller)


@router.delete("/feeds/{feed}/pause", status_code=204, responses=responses(404, 422, 503))
def resume_feed(feed: FeedName, services: Services, caller: Admin) -> None:
    """Take the feed's articles in again, and go on with those that are queued."""
    pauses.resume(services.database, feed, caller)
    services.dispatch.nudge()


@router.delete("/articles/{article_id:id}", tags=["articles"], responses=responses(404, 410, 422, 503))
def erase_article(article_id: UUID, services: Services, caller: Admin) -> Erasure:
    """Erase an article with its jobs and results, for good. Its ID and theirs answer 410 from now on."""
    done = erasure.erase(services.database, article_id, caller)
    return Erasure(article_id=article_id, jobs=done.jobs, results=done.results, log_emptied=done.clean)


def _view(one: Pause) -> PauseView:
    return PauseView(feed=one.feed, reason=one.reason, since=one.since)
