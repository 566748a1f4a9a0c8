"""Actions of administrators on jobs: retry, drop and reprioritise one, and all actions on many at once."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from services.api.dependencies import Admin, ApiServices, Services
from services.api.openapi import JOB_LINKS
from services.api.problems import problem_responses
from services.api.schemas.job_actions import BulkOutcome, JobSelection, JobSelectionWithPriority, NewPriority
from services.api.schemas.jobs import job_view
from services.caller import Caller
from services.contracts import JobView
from services.jobs import queries
from services.jobs.bulk_actions import BulkAction, Selection
from services.use_cases import jobs

router = APIRouter(prefix="/v1")


@router.post(
    "/jobs/{job_id:id}:retry",
    tags=["jobs"],
    responses={200: {"links": JOB_LINKS}, **problem_responses(404, 409, 410, 422, 503)},
)
def retry_job(job_id: UUID, services: Services, caller: Admin) -> JobView:
    """Queue a failed or dead job again."""
    jobs.retry(services.use_case_context, job_id, caller)
    return job_view(queries.job(services.database, job_id))


@router.post("/jobs/{job_id:id}:drop", tags=["jobs"], responses=problem_responses(404, 409, 410, 422, 503))
def drop_job(job_id: UUID, services: Services, caller: Admin) -> JobView:
    """Give up a failed or dead job for good."""
    jobs.drop(services.use_case_context, job_id, caller)
    return job_view(queries.job(services.database, job_id))


@router.post("/jobs:retry", tags=["administration"], responses=problem_responses(400, 415, 422, 503))
def retry_jobs(selection: JobSelection, services: Services, caller: Admin) -> BulkOutcome:
    """Queue failed or dead jobs again, with all their attempts."""
    return _apply(BulkAction.RETRY, selection, services, caller)


@router.post("/jobs:drop", tags=["administration"], responses=problem_responses(400, 415, 422, 503))
def drop_jobs(selection: JobSelection, services: Services, caller: Admin) -> BulkOutcome:
    """Give up failed or dead jobs for good."""
    return _apply(BulkAction.DROP, selection, services, caller)


@router.post("/jobs:cancel", tags=["administration"], responses=problem_responses(400, 415, 422, 503))
def cancel_jobs(selection: JobSelection, services: Services, caller: Admin) -> BulkOutcome:
    """Cancel queued or running jobs."""
    return _apply(BulkAction.CANCEL, selection, services, caller)


@router.post("/jobs:reprioritise", tags=["administration"], responses=problem_responses(400, 415, 422, 503))
def reprioritise_jobs(selection: JobSelectionWithPriority, services: Services, caller: Admin) -> BulkOutcome:
    """Change the priority of queued jobs within their feeds."""
    return _apply(BulkAction.REPRIORITISE, selection, services, caller, selection.priority)


@router.post(
    "/jobs/{job_id:id}:reprioritise",
    tags=["administration"],
    responses=problem_responses(400, 404, 409, 410, 415, 422, 503),
)
def reprioritise_job(job_id: UUID, new: NewPriority, services: Services, caller: Admin) -> JobView:
    """Change the priority of a queued job within its feed."""
    jobs.reprioritise(services.use_case_context, job_id, new.priority, caller)
    return job_view(queries.job(services.database, job_id))


def _apply(
    action: BulkAction, request: JobSelection, services: ApiServices, caller: Caller, priority: int = 0
) -> BulkOutcome:
    context, selection = services.use_case_context, Selection(request.state, request.feed, request.reason)
    if request.dry_run:
        return BulkOutcome(matched=jobs.count_selected(context, action, selection))
    outcome = jobs.apply_bulk_action(context, action, selection, caller, priority=priority, limit=request.limit)
    return BulkOutcome(changed=outcome.changed, refused=dict(outcome.refused), more=outcome.more)
