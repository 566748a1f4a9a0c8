"""``/v1/pauses``, ``/v1/pause`` and ``/v1/feeds/{feed}/pause``: pause and resume intake."""

from __future__ import annotations

from fastapi import APIRouter

from services.api.dependencies import Admin, Services
from services.api.problems import problem_responses
from services.api.schemas.pauses import PauseList, PauseRequest, pause_list
from services.contracts import FeedName
from services.feeds import pauses as pause_store
from services.use_cases import pauses

router = APIRouter(prefix="/v1", tags=["administration"])


@router.get("/pauses", responses=problem_responses(503))
def list_pauses(services: Services, _caller: Admin) -> PauseList:
    """List current pauses."""
    return pause_list(pause_store.list_pauses(services.database))


@router.put("/pause", responses=problem_responses(400, 415, 422, 503))
def pause_all(request: PauseRequest, services: Services, caller: Admin) -> PauseList:
    """Refuse every push (503) until intake is resumed; queued jobs are still processed.

    It takes effect in every API process within a second.
    """
    pauses.pause(services.use_case_context, None, request.reason, caller)
    return pause_list(pause_store.list_pauses(services.database))


@router.delete("/pause", status_code=204, responses=problem_responses(404, 503))
def resume_all(services: Services, caller: Admin) -> None:
    """Accept pushes again."""
    pauses.resume(services.use_case_context, None, caller)


@router.put("/feeds/{feed}/pause", responses=problem_responses(400, 415, 422, 503))
def pause_feed(feed: FeedName, request: PauseRequest, services: Services, caller: Admin) -> PauseList:
    """Refuse the feed's pushes (503) and hold its queued jobs until it is resumed."""
    pauses.pause(services.use_case_context, feed, request.reason, caller)
    return pause_list(pause_store.list_pauses(services.database))


@router.delete("/feeds/{feed}/pause", status_code=204, responses=problem_responses(404, 422, 503))
def resume_feed(feed: FeedName, services: Services, caller: Admin) -> None:
    """Accept the feed's pushes again and process its queued jobs."""
    pauses.resume(services.use_case_context, feed, caller)
