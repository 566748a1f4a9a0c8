"""The search for entities, for the route and for the console's pages."""

from __future__ import annotations

from enum import StrEnum

from services.api.pagination import Page, decode_cursor, fetch_page
from services.api.problems import invalid_field
from services.api.schemas.entities import EntityItem, entity_item
from services.contracts import EntityType, cursors
from services.database.engine import Database
from services.results import entities
from services.results.entities import EntityKey, EntityQuery


class Part(StrEnum):
    """The part that an entity has in statements and stances."""

    SPEAKER = "speaker"
    HOLDER = "holder"
    TARGET = "target"


def entity_page(database: Database, query: EntityQuery, cursor: str | None, size: int) -> Page[EntityItem]:
    """Return a page of entities. Raises `InvalidInput` for the text, and it or `ProblemError` (422) for the cursor."""
    after = _place(cursor)
    page = fetch_page(
        lambda limit: entities.find(database, query, after, limit),
        size,
        lambda entity: cursors.encode_name(entity.id.key, entity.id.type),
    )
    return Page([entity_item(entity) for entity in page.items], page.next)


def _place(cursor: str | None) -> EntityKey | None:
    key = decode_cursor(cursors.decode_name, cursor)
    if key is None:
        return None
    try:
        return EntityKey(key[0], EntityType(key[1]))
    except ValueError as error:
        raise invalid_field("cursor", "is not a cursor issued by this service") from error
