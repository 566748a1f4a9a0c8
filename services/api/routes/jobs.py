"""What clients fetch: jobs, results by job, and lists of both for a client that is not the feed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, StringConstraints
from starlette.concurrency import run_in_threadpool

from services.api.dependencies import Services
from services.api.long_poll import PreferHeader
from services.api.middleware.authentication import Admin, Pusher, Reader
from services.api.openapi import ETAG, JOB_LINKS
from services.api.problems import FieldError, ProblemError, responses
from services.api.schemas.jobs import job_view, result_href
from services.contracts import FeedName, JobState, JobView, Result, Text, Warned, cursors
from services.jobs import actions, queries
from services.jobs.queries import JobRecord, StoredResult
from services.maintenance import retention_progress

router = APIRouter(prefix="/v1")

_RETRY_AFTER = {"Retry-After": "1"}
T = TypeVar("T")


class JobPage(BaseModel):
    """Jobs, newest first; ``next`` is null on the last page."""

    items: list[JobView]
    next: str | None


class ResultItem(BaseModel):
    """A result in a list: what it is of, and where to fetch it (or the whole of it, where asked for)."""

    job_id: UUID
    article_id: UUID
    feed: str
    guid: str | None
    version: str
    revision: int
    title: str | None
    stored_at: datetime
    attributions: int
    stances: int
    href: str
    etag: str
    result: dict[str, Any] | None = None


class ResultPage(BaseModel):
    """Results in the order in which they were stored. ``after`` continues from here, now or later, and misses none.

    A reader who was away for longer than results are kept is told so by the warning ``results_pruned``, once.
    """

    items: list[ResultItem]
    after: str
    warnings: list[Warned] = []


Cursor = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]*$", max_length=100)]
Limit = Annotated[int, Query(ge=1, le=10_000, description="items a page; the setting `api.page_limit` is the most")]


@router.get("/jobs/{job_id:id}", tags=["jobs"], responses=responses(404, 410, 422, 503))
async def get_job(
    job_id: UUID, services: Services, caller: Reader, response: Response, prefer: PreferHeader = None
) -> JobView:
    """One job. ``Prefer: wait=N`` answers as soon as it is done, or after N seconds."""
    record = await run_in_threadpool(queries.job, services.database, job_id, caller.feeds)
    seconds = services.waiter.granted(prefer)
    if seconds and not record.done and await services.waiter.wait(job_id, seconds):
        record = await run_in_threadpool(queries.job, services.database, job_id)
    if seconds:
        response.headers["Preference-Applied"] = f"wait={seconds:g}"
    if not record.done:
        response.headers.update(_RETRY_AFTER)
    return job_view(record)


@router.get("/jobs", tags=["jobs"], responses=responses(422, 503))
def list_jobs(
    services: Services,
    caller: Reader,
    feed: FeedName | None = None,
    guid: Annotated[Text, StringConstraints(max_length=500)] | None = None,
    state: JobState | None = None,
    cursor: Annotated[Cursor | None, Query(description="the `next` of the page before")] = None,
    limit: Limit = 50,
) -> JobPage:
    """Jobs, newest first, by feed, guid and state."""
    before = _cursor(cursors.decode_id, "cursor", cursor) if cursor else None
    size = min(limit, services.settings.api.page_limit)
    found = queries.list_jobs(
        services.database, feed=feed, guid=guid, state=state, before=before, limit=size + 1, visible=caller.feeds
    )
    more = cursors.encode(str(found[size - 1].id)) if len(found) > size else None
    return JobPage(items=[job_view(record) for record in found[:size]], next=more)


@router.delete("/jobs/{job_id:id}", tags=["jobs"], responses=responses(404, 409, 410, 422, 503))
def cancel_job(job_id: UUID, services: Services, caller: Pusher) -> JobView:
    """Cancel a job that is not final; what a worker finds meanwhile is not stored."""
    actions.cancel(services.database, job_id, caller)
    return job_view(queries.job(services.database, job_id))


@router.post(
    "/jobs/{job_id:id}:retry",
    tags=["jobs"],
    responses={200: {"links": JOB_LINKS}, **responses(404, 409, 410, 422, 503)},
)
def retry_job(job_id: UUID, services: Services, caller: Admin) -> JobView:
    """Queue a failed or dead job again."""
    actions.retry(services.database, job_id, caller)
    services.dispatch.nudge()
    return job_view(queries.job(services.database, job_id))


@router.post("/jobs/{job_id:id}:drop", tags=["jobs"], responses=responses(404, 409, 410, 422, 503))
def drop_job(job_id: UUID, services: Services, caller: Admin) -> JobView:
    """Give up a failed or dead job for good."""
    actions.drop(services.database, job_id, caller)
    return job_view(queries.job(services.database, job_id))


@router.post(
    "/articles/{article_id:id}:withdraw", tags=["articles"], status_code=204, responses=responses(404, 410, 422, 503)
)
def withdraw_article(article_id: UUID, services: Services, caller: Pusher) -> None:
    """Withdraw an article: its results answer 410 from now on, its open jobs are canceled."""
    actions.withdraw(services.database, article_id, caller)


@router.get(
    "/jobs/{job_id:id}/result",
    tags=["results"],
    response_model=Result,
    responses={
        200: {"headers": ETAG},
        304: {"description": "not modified", "headers": ETAG},
        **responses(404, 409, 410, 422, 503),
    },
)
def get_result(
    job_id: UUID,
    services: Services,
    caller: Reader,
    if_none_match: Annotated[str | None, Header(max_length=1000)] = None,
) -> Response:
    """The result of a job. 409: not done yet (with Retry-After), or ended without a result (with the reason). 410: gone.

    Where a newer analysis of the article has replaced it, a ``Link`` with ``rel="successor-version"`` names that one.
    """
    stored = queries.result(services.database, job_id, caller.feeds)
    record = queries.job(services.database, job_id, caller.feeds) if stored is None else stored.job
    if record.withdrawn:
        raise ProblemError(410, "withdrawn", "the article was withdrawn")
    if stored is None and record.state is JobState.SUCCEEDED:
        detail = "the result is no longer kept (settings retention.results_days and retention.superseded_days)"
        raise ProblemError(410, "result_pruned", detail)
    if stored is None:
        raise _no_result(record)
    etag = f'"{stored.etag}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}  # keep it, and ask whether it was withdrawn
    if stored.superseded_by is not None:
        headers["Link"] = f'<{result_href(stored.superseded_by)}>; rel="successor-version"'
    known = [tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")]
    if etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(stored.document, media_type="application/json", headers=headers)


def _no_result(record: JobRecord) -> ProblemError:
    if not record.done:
        return ProblemError(409, "not_done", f"the job is {record.state}", headers=_RETRY_AFTER)
    reason = record.reason_detail or "no reason was kept"
    return ProblemError(409, f"job_{record.state}", f"the job is {record.state}: {reason} ({record.reason_code})")


@router.get("/results", tags=["results"], responses=responses(422, 503))
def list_results(
    services: Services,
    caller: Reader,
    after: Annotated[Cursor | None, Query(description="the `after` of the page before; none for the first")] = None,
    feed: FeedName | None = None,
    embed: Annotated[Literal["result"] | None, Query(description="result: each item carries its whole result")] = None,
    limit: Limit = 50,
) -> ResultPage:
    """Results since a cursor, oldest first, for a client that follows along."""
    since = _cursor(cursors.decode_sequence, "after", after) if after else 0
    size = min(limit, services.settings.api.page_limit)
    found = queries.list_results(services.database, after=since, feed=feed, limit=size, visible=caller.feeds)
    gone = retention_progress.missed(services.database, since, feed, caller.feeds) if after else None
    last = found[-1].sequence if found else since
    if gone is not None:
        last = max(last, gone.until)
    items = [_item(one, whole=embed is not None) for one in found]
    return ResultPage(items=items, after=cursors.encode(str(last)), warnings=[gone.warning] if gone else [])


def _item(stored: StoredResult, *, whole: bool) -> ResultItem:
    job = stored.job
    return ResultItem(
        job_id=job.id,
        article_id=job.article_id,
        feed=job.feed,
        guid=job.guid,
        version=job.version,
        revision=job.revision,
        title=job.title,
        stored_at=stored.stored_at,
        attributions=stored.attributions,
        stances=stored.stances,
        href=result_href(job.id),
        etag=stored.etag,
        result=json.loads(stored.document) if whole else None,
    )


def _cursor(decode: Callable[[str], T], name: str, cursor: str) -> T:
    try:
        return decode(cursor)
    except ValueError as error:
        wrong = FieldError(field=name, reason=str(error))
        raise ProblemError(422, "invalid", f"{name}: {error}", errors=[wrong]) from error
