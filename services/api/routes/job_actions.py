"""Acts on many jobs over HTTP, and on the place of one in the queue."""

from __future__ import annotations

from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, BeforeValidator, Field, StrictBool, StringConstraints, model_validator

from services.api.dependencies import ApiServices, Services
from services.api.middleware.authentication import Admin
from services.api.problems import FieldError, ProblemError, responses
from services.api.schemas.jobs import job_view
from services.caller import Caller
from services.contracts import Contract, FeedName, JobState, JobView
from services.contracts.base import number
from services.jobs import actions, bulk_actions, queries
from services.jobs.bulk_actions import BulkAction, Selection

router = APIRouter(prefix="/v1", tags=["administration"])

Priority = Annotated[
    int,
    Field(ge=-100, le=100, description="higher goes first within its feed; 0 is the default"),
    BeforeValidator(number),
]


class Chosen(Contract):
    """Which jobs. At least one of state, feed and reason has to be named; ``dry_run`` counts them and changes nothing."""

    state: JobState | None = None
    feed: FeedName | None = None
    reason: Annotated[str, StringConstraints(pattern="^[a-z0-9_.-]{1,100}$", max_length=100)] | None = None
    dry_run: StrictBool = False
    limit: Annotated[int, Field(ge=1, le=5000, description="jobs a call, at most"), BeforeValidator(number)] = 1000

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.state is None and self.feed is None and self.reason is None:
            raise ValueError("name a state, a feed or a reason")
        return self


class Moved(Chosen):
    """Which jobs, and where in their feed's queue."""

    priority: Priority


class Place(Contract):
    """Where in its feed's queue."""

    priority: Priority


class Changed(BaseModel):
    """How many jobs matched (in a dry run), how many changed, why others did not, by code, and whether there are more."""

    matched: int | None = None
    changed: int = 0
    refused: dict[str, int] = {}
    more: bool = False


@router.post("/jobs:retry", responses=responses(400, 415, 422, 503))
def retry_jobs(chosen: Chosen, services: Services, caller: Admin) -> Changed:
    """Queue failed or dead jobs again, with all their attempts."""
    return _act(BulkAction.RETRY, chosen, services, caller)


@router.post("/jobs:drop", responses=responses(400, 415, 422, 503))
def drop_jobs(chosen: Chosen, services: Services, caller: Admin) -> Changed:
    """Give up failed or dead jobs for good."""
    return _act(BulkAction.DROP, chosen, services, caller)


@router.post("/jobs:cancel", responses=responses(400, 415, 422, 503))
def cancel_jobs(chosen: Chosen, services: Services, caller: Admin) -> Changed:
    """Cancel queued or running jobs."""
    return _act(BulkAction.CANCEL, chosen, services, caller)


@router.post("/jobs:reprioritise", responses=responses(400, 415, 422, 503))
def reprioritise_jobs(chosen: Moved, services: Services, caller: Admin) -> Changed:
    """Move queued jobs forward or back within their feeds."""
    return _act(BulkAction.REPRIORITISE, chosen, services, caller, chosen.priority)


@router.post("/jobs/{job_id:id}:reprioritise", responses=responses(400, 404, 409, 410, 415, 422, 503))
def reprioritise_job(job_id: UUID, wanted: Place, services: Services, caller: Admin) -> JobView:
    """Move a queued job forward or back within its feed."""
    actions.reprioritise(services.database, job_id, wanted.priority, by=caller)
    return job_view(queries.job(services.database, job_id))


def _act(act: BulkAction, chosen: Chosen, services: ApiServices, caller: Caller, priority: int = 0) -> Changed:
    selection = Selection(chosen.state, chosen.feed, chosen.reason)
    try:
        if chosen.dry_run:
            return Changed(matched=bulk_actions.count(services.database, act, selection))
        done = bulk_actions.apply(services.database, act, selection, caller, priority=priority, limit=chosen.limit)
    except ValueError as error:
        raise ProblemError(
            422, "invalid", f"state: {error}", errors=[FieldError(field="state", reason=str(error))]
        ) from error
    services.dispatch.nudge()
    return Changed(changed=done.changed, refused=dict(done.refused), more=done.more)
