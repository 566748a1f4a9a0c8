"""The article: its annotated text, with lists of its positions, attributions and entities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.api.problems import ProblemError
from services.api.schemas.jobs import withdrawal_detail
from services.console.error_pages import PageRoute
from services.console.page_context import ReaderPage
from services.console.text_annotations import annotated_paragraphs
from services.contracts import Attribution, Entity, EntityType, Position, Result, Stance, merge_positions
from services.jobs import queries, result_queries
from services.jobs.result_queries import StoredResult

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_TYPE_ORDER: Final = (EntityType.PERSON, EntityType.ORGANIZATION, EntityType.NORP, EntityType.LOCATION)


@dataclass(frozen=True, slots=True)
class AttributionCard:
    """A card of the list of attributions. ``source_text`` is empty if there is no source."""

    attribution: Attribution
    speaker: Entity | None
    source_text: str
    content_text: str


@dataclass(frozen=True, slots=True)
class PositionCard:
    """A card of the list of positions, with its stances and their evidence.

    ``holder`` is None for the article's own voice; ``target_entity`` is None if the target is a topic.
    """

    position: Position
    holder: Entity | None
    target: str
    target_entity: Entity | None
    evidence: list[tuple[Stance, str]]


@router.get("/jobs/{job_id}/article")
def show_article(job_id: UUID, context: ReaderPage) -> Response:
    """Show the article of a job; a page that waits while the job is not done; 410 if the article was withdrawn."""
    stored = result_queries.result(context.services.database, job_id, context.visitor.feeds)
    job = queries.job(context.services.database, job_id, context.visitor.feeds) if stored is None else stored.job
    if job.withdrawn:
        raise ProblemError(410, "withdrawn", withdrawal_detail(job))
    if stored is not None:
        return context.render("article.html", **_values(stored))
    if not job.done:
        return context.render("waiting.html", job=job)
    return context.redirect(f"/jobs/{job_id}")


@router.get("/jobs/{job_id}/waiting")
def show_progress(job_id: UUID, context: ReaderPage) -> Response:
    """Return the state of a job as a fragment; once the job is done, the browser is redirected to the article."""
    job = queries.job(context.services.database, job_id, context.visitor.feeds)
    response = context.render("_waiting.html", job=job)
    if job.done:
        response.headers["HX-Redirect"] = f"/jobs/{job_id}/article"
    return response


def _values(stored: StoredResult) -> dict[str, Any]:
    """Return the values of the template. If the text begins with the title, its first paragraph is the headline."""
    result = Result.model_validate_json(stored.document)
    entities = {entity.id: entity for entity in result.entities}
    positions = result.positions or merge_positions(result.stances)  # older results have no positions
    paragraphs = annotated_paragraphs(result)
    begins_with_title = bool(stored.job.title) and result.text.startswith(stored.job.title or "")
    return {
        "job": stored.job,
        "result": result,
        "headline": paragraphs[0] if begins_with_title and paragraphs else None,
        "paragraphs": paragraphs[1:] if begins_with_title else paragraphs,
        "attributions": [attribution_card(result, attribution, entities) for attribution in result.attributions],
        "positions": [position_card(result, position, entities) for position in positions],
        "entities": sorted(result.entities, key=_sort_key),
    }


def attribution_card(result: Result, attribution: Attribution, entities: dict[str, Entity]) -> AttributionCard:
    """Return an attribution with the texts of its spans."""
    source = attribution.source
    return AttributionCard(
        attribution=attribution,
        speaker=entities.get(source.entity) if source is not None and source.entity else None,
        source_text=result.text[source.start : source.end] if source is not None else "",
        content_text=" … ".join(result.text[part.start : part.end] for part in attribution.content),
    )


def position_card(result: Result, position: Position, entities: dict[str, Entity]) -> PositionCard:
    """Return a position with its names and the texts of its evidence."""
    target = position.target
    target_entity = entities.get(target.entity) if target.entity else None
    stances = [stance for stance in result.stances if stance.id in position.stances]
    return PositionCard(
        position=position,
        holder=entities.get(position.holder) if position.holder else None,
        target=target_entity.name if target_entity else (target.topic or target.entity or ""),
        target_entity=target_entity,
        evidence=[(stance, result.text[stance.evidence.start : stance.evidence.end]) for stance in stances],
    )


def _sort_key(entity: Entity) -> tuple[int, int]:
    """Sort by type, then by the number of mentions, most first."""
    rank = _TYPE_ORDER.index(entity.type) if entity.type in _TYPE_ORDER else len(_TYPE_ORDER)
    return rank, -len(entity.mentions)
