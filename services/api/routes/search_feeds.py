"""``/v1/attributions.atom`` and ``/v1/stances.atom``: searches that a feed reader subscribes to."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field, SecretStr

from services.api import atom
from services.api.dependencies import ApiServices, Reader, Services
from services.api.problems import problem_responses
from services.api.schemas.search import AttributionItem, StanceItem
from services.api.schemas.search_filters import PagedFilters, StanceFilters
from services.api.search_responses import ATTRIBUTIONS, STANCES, SearchKind, search_page
from services.caller import Caller

router = APIRouter(prefix="/v1", tags=["search"])

_ENTRIES: Final = 50  # of a feed if the reader does not say
_PLAIN_XML: Final = "text/xml"  # for clients that know no other name of XML
_ATOM: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {media_type: {"schema": {"type": "string"}} for media_type in (_PLAIN_XML, atom.MEDIA_TYPE)}}
}


Item = TypeVar("Item", AttributionItem, StanceItem)


class _QueryKey(BaseModel):
    key: SecretStr | None = Field(
        None, description="a key, if `access.query_keys` is set, for feed readers that send no headers"
    )


class AttributionFeedFilters(_QueryKey, PagedFilters):
    """Filters of attributions, and a key."""


class StanceFeedFilters(_QueryKey, StanceFilters):
    """Filters of stances, and a key."""


@router.get("/attributions.atom", response_class=Response, responses=_ATOM | problem_responses(422, 503))
def follow_attributions(
    request: Request, services: Services, caller: Reader, filters: Annotated[AttributionFeedFilters, Query()]
) -> Response:
    """Return the latest attributions of a search as an Atom feed."""
    return _feed(request, services, caller, filters, ATTRIBUTIONS, "Statements")


@router.get("/stances.atom", response_class=Response, responses=_ATOM | problem_responses(422, 503))
def follow_stances(
    request: Request, services: Services, caller: Reader, filters: Annotated[StanceFeedFilters, Query()]
) -> Response:
    """Return the latest stances of a search as an Atom feed."""
    return _feed(request, services, caller, filters, STANCES, "Stances")


def _feed(
    request: Request,
    services: ApiServices,
    caller: Caller,
    filters: PagedFilters,
    kind: SearchKind[Item],
    name: str,
) -> Response:
    size = min(filters.limit or _ENTRIES, services.settings.api.page_limit)
    page = search_page(services.database, caller, filters, kind, size)
    asked: dict[str, str] = {
        key: value for key, value in request.query_params.items() if key not in {"key", "cursor", "limit"}
    }
    title = " · ".join([f"Stancewire: {name}", *(f"{key} {value}" for key, value in asked.items())])
    url = request.url.remove_query_params(["key", "cursor", "limit"])
    public = services.settings.api.public_url
    address = f"{public}{url.path}{'?' if url.query else ''}{url.query}" if public else str(url)
    accepted = request.headers.get("accept", "")
    media_type = _PLAIN_XML if _PLAIN_XML in accepted and atom.MEDIA_TYPE not in accepted else atom.MEDIA_TYPE
    return Response(atom.atom_feed(title, address, page.items), media_type=media_type, headers={"Vary": "Accept"})
