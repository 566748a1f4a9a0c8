"""``/v1/jobs``: get, list and cancel jobs."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import StringConstraints
from starlette.concurrency import run_in_threadpool

from services.api.dependencies import Pusher, Reader, Services
from services.api.long_poll import POLL_AFTER, PreferHeader
from services.api.pagination import Cursor, Limit, decode_cursor, fetch_page
from services.api.problems import problem_responses
from services.api.schemas.jobs import JobPage, job_view
from services.contracts import FeedName, JobState, JobView, Text, cursors
from services.jobs import queries
from services.use_cases import jobs

router = APIRouter(prefix="/v1", tags=["jobs"])


@router.get("/jobs/{job_id:id}", responses=problem_responses(404, 410, 422, 503))
async def get_job(
    job_id: UUID, services: Services, caller: Reader, response: Response, prefer: PreferHeader = None
) -> JobView:
    """Return one job. ``Prefer: wait=N`` answers as soon as it is done, or after N seconds."""
    record = await run_in_threadpool(queries.job, services.database, job_id, caller.feeds)
    wait_s = services.long_poll.granted_wait_s(prefer)
    if wait_s and not record.done and await services.long_poll.wait(job_id, wait_s):
        record = await run_in_threadpool(queries.job, services.database, job_id)
    if wait_s:
        response.headers["Preference-Applied"] = f"wait={wait_s:g}"
    if not record.done:
        response.headers.update(POLL_AFTER)
    return job_view(record)


@router.get("/jobs", responses=problem_responses(422, 503))
def list_jobs(
    services: Services,
    caller: Reader,
    feed: FeedName | None = None,
    guid: Annotated[Text, StringConstraints(max_length=500)] | None = None,
    state: JobState | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> JobPage:
    """List jobs by feed, guid and state, newest first."""
    before = decode_cursor(cursors.decode_id, cursor)
    page = fetch_page(
        lambda size: queries.list_jobs(
            services.database, feed=feed, guid=guid, state=state, before=before, limit=size, visible=caller.feeds
        ),
        min(limit, services.settings.api.page_limit),
        lambda record: cursors.encode(str(record.id)),
    )
    return JobPage(items=[job_view(record) for record in page.items], next=page.next)


@router.delete("/jobs/{job_id:id}", responses=problem_responses(404, 409, 410, 422, 503))
def cancel_job(job_id: UUID, services: Services, caller: Pusher) -> JobView:
    """Cancel a job that is not final. If a worker is analysing its article, the result is not stored."""
    jobs.cancel(services.use_case_context, job_id, caller)
    return job_view(queries.job(services.database, job_id))
