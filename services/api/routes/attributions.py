"""``GET /v1/attributions``: attributions across articles."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.api.dependencies import Reader, Services
from services.api.negotiation import TABLES, AcceptHeader
from services.api.problems import problem_responses
from services.api.schemas.search import AttributionPage
from services.api.schemas.search_filters import PagedFilters
from services.api.search_responses import ATTRIBUTIONS, search_response

router = APIRouter(prefix="/v1", tags=["search"])


@router.get(
    "/attributions",
    response_model=AttributionPage,
    responses=problem_responses(406, 422, 501, 503) | {200: {"content": TABLES}},
)
def list_attributions(
    services: Services, caller: Reader, filters: Annotated[PagedFilters, Query()], accept: AcceptHeader = None
) -> Response:
    """List who said what, newest first."""
    return search_response(services, caller, accept, filters, ATTRIBUTIONS)
