"""``GET /v1/entities``: who is spoken of, for a box that completes names."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import StringConstraints

from services.api.dependencies import Reader, Services
from services.api.entity_search import Part, entity_page
from services.api.pagination import Limit
from services.api.problems import problem_responses
from services.api.schemas.entities import EntityPage
from services.contracts import EntityType, FeedName
from services.results.entities import EntityQuery
from services.results.filters import NameText

router = APIRouter(prefix="/v1", tags=["search"])

# A name of 200 characters of any script.
NameCursor = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]*$", max_length=1200)]


@router.get("/entities", responses=problem_responses(422, 503))
def list_entities(
    services: Services,
    caller: Reader,
    q: Annotated[NameText | None, Query(description="the beginning of each word of the name, such as `norv`")] = None,
    type: EntityType | None = None,  # noqa: A002 -- the name of the field that it selects by
    role: Annotated[Part | None, Query(description="only those with this part in a statement or stance")] = None,
    feed: FeedName | None = None,
    cursor: Annotated[NameCursor | None, Query(description="`next` of the previous page")] = None,
    limit: Limit = 20,
) -> EntityPage:
    """List who and what is named in articles, the most named first; with `q`, the whole name first."""
    feeds = caller.feeds if feed is None else frozenset({feed} if caller.feeds is None or feed in caller.feeds else ())
    query = EntityQuery(q, type, role, feeds)
    page = entity_page(services.database, query, cursor, min(limit, services.settings.api.page_limit))
    return EntityPage(items=page.items, next=page.next)
