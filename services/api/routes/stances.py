"""``GET /v1/stances`` and ``/v1/stances/timeline``: stances across articles, and their number over time."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.api.dependencies import Reader, Services
from services.api.negotiation import TABLES, AcceptHeader, Format, json_response, negotiate_format, stream_items
from services.api.problems import problem_responses
from services.api.schemas.search import StancePage, Timeline
from services.api.schemas.search_filters import StanceFilters, TimelineFilters
from services.api.search_responses import STANCES, search_response, timeline_buckets
from services.results.timeline import Bucket

router = APIRouter(prefix="/v1", tags=["search"])


@router.get(
    "/stances",
    response_model=StancePage,
    responses=problem_responses(406, 422, 501, 503) | {200: {"content": TABLES}},
)
def list_stances(
    services: Services, caller: Reader, filters: Annotated[StanceFilters, Query()], accept: AcceptHeader = None
) -> Response:
    """List who is for or against whom or what, newest first."""
    return search_response(services, caller, accept, filters, STANCES)


@router.get(
    "/stances/timeline",
    response_model=Timeline,
    responses=problem_responses(406, 422, 501, 503) | {200: {"content": TABLES}},
)
def show_timeline(
    services: Services, caller: Reader, filters: Annotated[TimelineFilters, Query()], accept: AcceptHeader = None
) -> Response:
    """Count support and opposition over time, and the articles. ``from`` and ``to`` are widened to whole buckets."""
    media_type = negotiate_format(accept)
    buckets = timeline_buckets(services, caller, filters)
    if media_type is Format.JSON:
        return json_response(Timeline(items=buckets))
    return stream_items(media_type, Bucket, buckets)
