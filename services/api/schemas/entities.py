"""Entities across articles."""

from __future__ import annotations

from pydantic import BaseModel, Field

from services.contracts import EntityType
from services.results.entities import NamedEntity


class EntityItem(BaseModel):
    """An entity as far as it can be recognised across articles: by its name and type.

    ``name`` is a value for ``speaker``, ``holder`` and ``target`` of searches.
    """

    name: str = Field(description="as one of its articles writes it")
    type: EntityType
    articles: int = Field(description="articles that name it")
    as_speaker: int = Field(description="attributions of which it is the speaker")
    as_holder: int = Field(description="stances that it holds")
    as_target: int = Field(description="stances towards it")


class EntityPage(BaseModel):
    """Entities: those of the whole name first, and then the most named; ``next`` is null on the last page."""

    items: list[EntityItem]
    next: str | None


def entity_item(entity: NamedEntity) -> EntityItem:
    """Return an entity as the API shows it."""
    return EntityItem(
        name=entity.name,
        type=entity.id.type,
        articles=entity.articles,
        as_speaker=entity.attributions,
        as_holder=entity.held,
        as_target=entity.targeted,
    )
