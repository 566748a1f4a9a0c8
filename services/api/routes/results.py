"""``/v1/jobs/{id}/result`` and ``/v1/results``: result documents, by job and as a list to follow."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response

from services.api.dependencies import Reader, Services
from services.api.long_poll import POLL_AFTER
from services.api.openapi import ETAG
from services.api.pagination import CursorText, Limit, decode_cursor
from services.api.problems import ProblemError, problem_responses
from services.api.schemas.jobs import result_href, withdrawal_detail
from services.api.schemas.results import ResultPage, result_item
from services.contracts import FeedName, JobState, Result, cursors
from services.contracts.cursors import ResultCursor
from services.jobs import queries
from services.jobs.queries import JobRecord
from services.maintenance import retention_progress
from services.results import epochs

router = APIRouter(prefix="/v1", tags=["results"])


@router.get(
    "/jobs/{job_id:id}/result",
    response_model=Result,
    responses={
        200: {"headers": ETAG},
        304: {"description": "not modified", "headers": ETAG},
        **problem_responses(404, 409, 410, 422, 503),
    },
)
def get_result(
    job_id: UUID,
    services: Services,
    caller: Reader,
    if_none_match: Annotated[str | None, Header(max_length=1000)] = None,
) -> Response:
    """Return the result of a job.

    409: the job is not done (with Retry-After), or ended without a result (with the reason). 410: the result was
    withdrawn, erased or removed for its age. If a newer analysis of the article has replaced the result, a ``Link``
    with ``rel="successor-version"`` leads to the new one.
    """
    stored = queries.result(services.database, job_id, caller.feeds)
    record = queries.job(services.database, job_id, caller.feeds) if stored is None else stored.job
    if record.withdrawn:
        raise ProblemError(410, "withdrawn", withdrawal_detail(record))
    if stored is None:
        raise _missing_result(record)
    etag = f'"{stored.etag}"'
    # A client may keep the result, but has to revalidate it, as it may be withdrawn.
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if stored.superseded_by is not None:
        headers["Link"] = f'<{result_href(stored.superseded_by)}>; rel="successor-version"'
    cached_etags = [tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")]
    if etag in cached_etags or "*" in cached_etags:
        return Response(status_code=304, headers=headers)
    return Response(stored.document, media_type="application/json", headers=headers)


def _missing_result(record: JobRecord) -> ProblemError:
    """Return why a job has no result."""
    if record.state is JobState.SUCCEEDED:
        detail = "the result is no longer kept (settings retention.results_days and retention.superseded_days)"
        return ProblemError(410, "result_pruned", detail)
    if not record.done:
        return ProblemError(409, "not_done", f"the job is {record.state}", headers=POLL_AFTER)
    reason = record.reason_detail or "no reason was stored"
    return ProblemError(409, f"job_{record.state}", f"the job is {record.state}: {reason} ({record.reason_code})")


@router.get("/results", responses=problem_responses(422, 503))
def list_results(
    services: Services,
    caller: Reader,
    after: Annotated[CursorText | None, Query(description="`after` of the previous page; none for the first")] = None,
    feed: FeedName | None = None,
    embed: Annotated[Literal["result"] | None, Query(description="result: items contain the whole result")] = None,
    limit: Limit = 50,
) -> ResultPage:
    """List results after a cursor, oldest first, for a client that follows them, and tombstones among them.

    A tombstone (``kind`` is ``withdrawn`` or ``erased``) says that the results of an article no longer hold.
    """
    start = epochs.locate(services.database, decode_cursor(cursors.decode_result, after, "after"))
    since = start.sequence
    size = min(limit, services.settings.api.page_limit)
    results = queries.list_results(services.database, after=since, feed=feed, limit=size, visible=caller.feeds)
    pruned = retention_progress.removed_results(services.database, since, feed, caller.feeds) if after else None
    last = results[-1].sequence if results else since
    if pruned is not None:
        last = max(last, pruned.until)
    return ResultPage(
        items=[result_item(stored, embed=embed is not None) for stored in results],
        after=cursors.encode_result(ResultCursor(start.epoch, last)),
        warnings=[warning for warning in (start.warning, pruned and pruned.warning) if warning],
    )
