"""The article: its text with sources, cues, contents and names marked, and beside it who said what and where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.api.problems import ProblemError
from services.console import text_annotations
from services.console.error_pages import PageRoute
from services.console.page_context import Visit
from services.contracts import Attribution, Entity, EntityType, Position, Result, Stance, merge_positions
from services.jobs import queries
from services.jobs.queries import StoredResult

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_NAMES_FIRST = (EntityType.PERSON, EntityType.ORGANIZATION, EntityType.NORP, EntityType.LOCATION)


@dataclass(frozen=True, slots=True)
class Statement:
    """An attribution as the list shows it."""

    attribution: Attribution
    speaker: Entity | None
    source_words: str  # as the text has them, empty where nobody is named
    cue_words: str
    said: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A position as the list shows it, with the stances behind it and the words that show them.

    ``holder`` None is the article's own voice.
    """

    position: Position
    holder: Entity | None
    target: str
    target_entity: Entity | None
    shown_by: list[tuple[Stance, str]]


@router.get("/jobs/{job_id}/article")
def article(job_id: UUID, context: Visit) -> Response:
    """The article of a job. While it is being analysed, a page that waits; 410 once it was withdrawn."""
    stored = queries.result(context.services.database, job_id, context.visitor.feeds)
    job = queries.job(context.services.database, job_id, context.visitor.feeds) if stored is None else stored.job
    if job.withdrawn:
        raise ProblemError(410, "withdrawn", "this article was withdrawn, and what was found in it is gone")
    if stored is not None:
        return context.show("article.html", **_values(stored))
    if not job.done:
        return context.show("waiting.html", job=job)
    return context.go(f"/jobs/{job_id}")


@router.get("/jobs/{job_id}/waiting")
def waiting(job_id: UUID, context: Visit) -> Response:
    """Where a job is; once it is done, the browser is sent on."""
    job = queries.job(context.services.database, job_id, context.visitor.feeds)
    response = context.show("_waiting.html", job=job)
    if job.done:
        response.headers["HX-Redirect"] = f"/jobs/{job_id}/article"
    return response


def _values(stored: StoredResult) -> dict[str, Any]:
    result = Result.model_validate_json(stored.document)
    entities = {entity.id: entity for entity in result.entities}
    positions = result.positions or merge_positions(result.stances)  # results of before there were positions have none
    paragraphs = text_annotations.paragraphs(result)
    headed = bool(stored.job.title) and result.text.startswith(stored.job.title or "")
    return {
        "job": stored.job,
        "result": result,
        "headline": paragraphs[0] if headed and paragraphs else None,
        "paragraphs": paragraphs[1:] if headed else paragraphs,
        "statements": [statement(result, one, entities) for one in result.attributions],
        "standings": [standing(result, one, entities) for one in positions],
        "names": sorted(result.entities, key=_order),
    }


def statement(result: Result, one: Attribution, entities: dict[str, Entity]) -> Statement:
    """An attribution with the words it points at."""
    return Statement(
        attribution=one,
        speaker=entities.get(one.source.entity) if one.source is not None and one.source.entity else None,
        source_words=result.text[one.source.start : one.source.end] if one.source is not None else "",
        cue_words=result.text[one.cue.start : one.cue.end] if one.cue is not None else "",
        said=" … ".join(result.text[part.start : part.end] for part in one.content),
    )


def standing(result: Result, one: Position, entities: dict[str, Entity]) -> Standing:
    """A position with the names and words it points at."""
    target = entities.get(one.target.entity) if one.target.entity else None
    behind = [stance for stance in result.stances if stance.id in one.stances]
    return Standing(
        position=one,
        holder=entities.get(one.holder) if one.holder else None,
        target=target.name if target else (one.target.topic or one.target.entity or ""),
        target_entity=target,
        shown_by=[(stance, result.text[stance.evidence.start : stance.evidence.end]) for stance in behind],
    )


def _order(entity: Entity) -> tuple[int, int]:
    place = _NAMES_FIRST.index(entity.type) if entity.type in _NAMES_FIRST else len(_NAMES_FIRST)
    return place, -len(entity.mentions)
