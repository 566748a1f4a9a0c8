"""``/v1/jobs/{id}/result`` and ``/v1/results``: result documents, by job and as a list to follow."""

from __future__ import annotations

from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response

from services.api.dependencies import Reader, Services
from services.api.long_poll import POLL_AFTER
from services.api.negotiation import TABLES, AcceptHeader, Format, json_response, negotiate_format, stream_items
from services.api.openapi import ETAG
from services.api.pagination import CursorText, decode_cursor
from services.api.problems import ProblemError, problem_responses
from services.api.result_exports import (
    CONTENT,
    FormatParameter,
    OffsetParameter,
    OffsetUnit,
    ResultFormat,
    negotiate,
    represent,
)
from services.api.result_list import ResultQuery, all_items, wait_for_page
from services.api.result_streams import EventStream
from services.api.schemas.jobs import result_href, withdrawal_detail
from services.api.schemas.results import ResultItem, ResultPage, ResultRow, result_row
from services.contracts import FeedName, JobState, Result, cursors
from services.jobs import queries, result_queries
from services.jobs.queries import JobRecord

router = APIRouter(prefix="/v1", tags=["results"])

_PAGE_SIZE: Final = 50  # items of a JSON page if the client does not say


@router.get(
    "/jobs/{job_id:id}/result",
    response_model=Result,
    responses={
        200: {"headers": ETAG, "content": CONTENT},
        304: {"description": "not modified", "headers": ETAG},
        **problem_responses(404, 409, 410, 422, 501, 503),
    },
)
def get_result(
    job_id: UUID,
    services: Services,
    caller: Reader,
    if_none_match: Annotated[str | None, Header(max_length=1000)] = None,
    format: FormatParameter = None,  # noqa: A002 -- the name of the parameter
    offsets: OffsetParameter = OffsetUnit.CODE_POINTS,
    accept: AcceptHeader = None,
) -> Response:
    """Return the result of a job.

    409: the job is not done (with Retry-After), or ended without a result (with the reason). 410: the result was
    withdrawn, erased or removed for its age. If a newer analysis of the article has replaced the result, a ``Link``
    with ``rel="successor-version"`` leads to the new one.
    """
    form = negotiate(format, accept, offsets)
    stored = result_queries.result(services.database, job_id, caller.feeds)
    record = queries.job(services.database, job_id, caller.feeds) if stored is None else stored.job
    if record.withdrawn:
        raise ProblemError(410, "withdrawn", withdrawal_detail(record))
    if stored is None:
        raise _missing_result(record)
    variant = "" if form is ResultFormat.JSON and offsets is OffsetUnit.CODE_POINTS else f"-{form}-{offsets}"
    etag = f'"{stored.etag}{variant}"'
    # A client may keep the result, but has to revalidate it, as it may be withdrawn.
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Accept"}
    if stored.superseded_by is not None:
        headers["Link"] = f'<{result_href(stored.superseded_by)}>; rel="successor-version"'
    cached_etags = [tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")]
    if etag in cached_etags or "*" in cached_etags:
        return Response(status_code=304, headers=headers)
    content, media_type = represent(stored.document, form, offsets)
    return Response(content, media_type=media_type, headers=headers)


def _missing_result(record: JobRecord) -> ProblemError:
    """Return why a job has no result."""
    if record.state is JobState.SUCCEEDED:
        detail = "the result is no longer kept (settings retention.results_days and retention.superseded_days)"
        return ProblemError(410, "result_pruned", detail)
    if not record.done:
        return ProblemError(409, "not_done", f"the job is {record.state}", headers=POLL_AFTER)
    reason = record.reason_detail or "no reason was stored"
    return ProblemError(409, f"job_{record.state}", f"the job is {record.state}: {reason} ({record.reason_code})")


@router.get(
    "/results",
    response_model=ResultPage,
    responses=problem_responses(406, 422, 501, 503) | {200: {"content": TABLES}},
)
async def list_results(
    services: Services,
    caller: Reader,
    after: Annotated[CursorText | None, Query(description="`after` of the previous page; none for the first")] = None,
    feed: FeedName | None = None,
    embed: Annotated[Literal["result"] | None, Query(description="result: items contain the whole result")] = None,
    limit: Annotated[
        int | None,
        Query(ge=1, le=1_000_000, description="items: by default 50 in JSON, and the allowed maximum in other formats"),
    ] = None,
    prefer: Annotated[
        str | None,
        Header(alias="Prefer", max_length=200, description="wait=N: if there is nothing yet, answer when there is"),
    ] = None,
    accept: AcceptHeader = None,
) -> Response:
    """List results after a cursor, oldest first, for a client that follows them, and tombstones among them.

    A tombstone (``kind`` is ``withdrawn`` or ``erased``) says that the results of an article no longer hold. A JSON
    page with ``Prefer: wait=N`` waits up to N seconds for its first item. NDJSON, CSV and Parquet have all items up to
    the limit, each with its ``cursor``; only NDJSON embeds results.
    """
    media_type = negotiate_format(accept)
    settings = services.settings.api
    query = ResultQuery(decode_cursor(cursors.decode_result, after, "after"), feed, embed is not None, caller)
    if media_type is Format.JSON:
        size = min(limit or _PAGE_SIZE, settings.page_limit)
        wait_s = services.long_poll.granted_wait_s(prefer)
        page = await wait_for_page(services, query, size, wait_s)
        response = json_response(page)
        if wait_s:
            response.headers["Preference-Applied"] = f"wait={wait_s:g}"
        return response
    items = all_items(services, query, min(limit or settings.export_limit, settings.export_limit), settings.page_limit)
    if media_type is Format.NDJSON:
        return stream_items(media_type, ResultItem, items)
    return stream_items(media_type, ResultRow, map(result_row, items))


@router.get(
    "/results/stream",
    response_class=Response,
    responses={
        200: {"description": "server-sent events", "content": {"text/event-stream": {"schema": {"type": "string"}}}},
        **problem_responses(422, 429, 503),
    },
)
async def stream_results(
    request: Request,
    services: Services,
    caller: Reader,
    after: Annotated[CursorText | None, Query(description="the cursor to begin behind; none for all results")] = None,
    feed: FeedName | None = None,
    embed: Annotated[Literal["result"] | None, Query(description="result: items contain the whole result")] = None,
    last_event_id: Annotated[
        CursorText | None, Header(description="sent by a client that connects again; counts instead of `after`")
    ] = None,
) -> Response:
    """Send results and tombstones as they are stored: server-sent events, each with its cursor as its ID.

    An event is named like its item's ``kind`` (``result``, ``withdrawn``, ``erased``) or ``warning``. A client that
    connects again with the ID of the last event misses none and gets none twice.
    """
    cursor = decode_cursor(cursors.decode_result, last_event_id or after, "Last-Event-ID" if last_event_id else "after")
    query = ResultQuery(cursor, feed, embed is not None, caller)
    return EventStream(services, query, request.headers.get("authorization"))
