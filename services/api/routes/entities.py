"""``GET /v1/entities``: who is spoken of, for a box that completes names."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import StringConstraints

from services.api.dependencies import Reader, Services
from services.api.pagination import Limit, decode_cursor, fetch_page
from services.api.problems import invalid_field, problem_responses
from services.api.schemas.entities import EntityPage, entity_item
from services.contracts import EntityType, FeedName, cursors
from services.results import entities
from services.results.entities import EntityKey, EntityQuery
from services.results.filters import NameText

router = APIRouter(prefix="/v1", tags=["search"])


class Part(StrEnum):
    """The part that an entity has in statements and stances."""

    SPEAKER = "speaker"
    HOLDER = "holder"
    TARGET = "target"


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
    after = _place(cursor)
    page = fetch_page(
        lambda size: entities.find(services.database, query, after, size),
        min(limit, services.settings.api.page_limit),
        lambda entity: cursors.encode_name(entity.id.key, entity.id.type),
    )
    return EntityPage(items=[entity_item(entity) for entity in page.items], next=page.next)


def _place(cursor: str | None) -> EntityKey | None:
    key = decode_cursor(cursors.decode_name, cursor)
    if key is None:
        return None
    try:
        return EntityKey(key[0], EntityType(key[1]))
    except ValueError as error:
        raise invalid_field("cursor", "is not a cursor issued by this service") from error
