"""Entities: a list with a search by name, names for the boxes that complete them, and the page of one entity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.api.entity_search import Part, entity_page
from services.api.schemas.search import StanceItem
from services.api.schemas.search_filters import PagedFilters, StanceFilters
from services.api.search_responses import ATTRIBUTIONS, STANCES, search_page
from services.console.error_pages import PageRoute
from services.console.forms import BLANK_TO_NONE, first_error
from services.console.page_context import PageContext, ReaderPage
from services.console.stance_timeline import stance_timeline
from services.contracts import EntityType, MentionForm, Result, StanceLabel
from services.errors import InvalidInput, NotFound
from services.jobs import result_queries
from services.results import entities
from services.results.entities import EntityQuery
from services.results.filters import Match, NameText
from services.results.name_keys import keys_of_entity, normalise
from services.results.timeline import Width

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_PAGE_SIZE: Final = 50
_COMPLETIONS: Final = 10
_STATEMENTS: Final = 10
_STANCES_COUNTED: Final = 200  # the newest, from which the other sides are counted
_STANCES_SHOWN: Final = 5
_OTHERS_SHOWN: Final = 15
_ARTICLES_READ: Final = 10  # the newest, from which the names and roles are collected
_NAMES_SHOWN: Final = 12
_MENU_ENTRY: Final = {"path": "/said"}  # these pages belong to the search

NameBox = Annotated[NameText | None, BLANK_TO_NONE]


@dataclass(slots=True)
class Other:
    """The other side of an entity's stances, with their numbers.

    It is a name or a topic. Neither: the article's own voice.
    """

    name: str | None
    topic: str | None
    counts: Counter[StanceLabel] = field(default_factory=Counter)


@router.get("/entities")
def list_entities(
    context: ReaderPage,
    q: NameBox = None,
    type: Annotated[EntityType | None, BLANK_TO_NONE] = None,  # noqa: A002 -- the name of the field that it selects by
    role: Annotated[Part | None, BLANK_TO_NONE] = None,
    cursor: Annotated[str | None, Query(max_length=1200)] = None,
) -> Response:
    """Show a page of entities with their counts. A text that cannot be searched for is shown with its error."""
    status, error, items, following = 200, None, [], None
    try:
        query = EntityQuery(q, type, role, context.visitor.feeds)
        page = entity_page(context.services.database, query, cursor, _PAGE_SIZE)
        items, following = page.items, page.next
    except InvalidInput as invalid:
        status, error = 422, first_error(invalid)
    filters = {name: value for name, value in (("q", q), ("type", type), ("role", role)) if value}
    return context.render(
        "entities.html",
        status,
        items=items,
        next_cursor=following,
        is_first_page=not cursor,
        filters=filters,
        types=list(EntityType),
        roles=list(Part),
        error=error,
        **_MENU_ENTRY,
    )


@router.get("/said/names")
def complete_name(context: ReaderPage, request: Request, role: Part | None = None) -> Response:
    """Return names that begin as entered, as options of a list.

    The text is the parameter ``q``, or the one that is called like the role, as the box of that filter sends it.
    """
    text = request.query_params.get(role or "q", "").strip()[:200]
    items: Iterable[Any] = ()
    if normalise(text):
        query = EntityQuery(text, None, role, context.visitor.feeds)
        items = entity_page(context.services.database, query, None, _COMPLETIONS).items
    return context.render("_name_options.html", names=list(dict.fromkeys(item.name for item in items)))


@router.get("/entities/{name:path}")
def show_entity(name: NameText, context: ReaderPage, bucket: Width = Width.WEEK) -> Response:
    """Show what was said by an entity, whom it supports and opposes, and who supports and opposes it.

    As in searches, those of one name are one entity. Raises `NotFound` if nothing is known of the name.
    """
    key = normalise(name)
    if not key:
        raise NotFound("a name has a letter or a digit")
    counts = entities.counts_of(context.services.database, key, context.visitor.feeds)
    shown = counts[0].name if counts else name
    said = {"speaker": shown, "match": Match.EXACT}
    statements = search_page(
        context.services.database,
        context.visitor.caller,
        PagedFilters.model_validate(said),
        ATTRIBUTIONS,
        _STATEMENTS,
    )
    sides = {
        "held": _side(context, {"holder": shown, "match": Match.EXACT}, bucket, "target", _target),
        "towards": _side(context, {"target": shown, "match": Match.EXACT}, bucket, "holder", _holder),
    }
    items = [*statements.items, *(item for side in sides.values() for item in side["items"])]
    if not counts and not items:
        raise NotFound("no article that you may see names it")
    names, roles = _called(context, key, dict.fromkeys(item.job_id for item in items))
    return context.render(
        "entity.html",
        name=shown,
        counts=counts,
        names=names or [shown],
        roles=roles,
        statements=statements,
        statement_filters=said,
        sides=sides,
        width=bucket,
        widths=list(Width),
        **_MENU_ENTRY,
    )


def _side(
    context: PageContext,
    filters: dict[str, str],
    width: Width,
    other_filter: str,
    other_of: Callable[[StanceItem], tuple[str | None, str | None]],
) -> dict[str, Any]:
    """Return the stances that an entity holds, or those towards it: chart, others by number, and the newest."""
    validated = StanceFilters.model_validate(filters)
    page = search_page(context.services.database, context.visitor.caller, validated, STANCES, _STANCES_COUNTED)
    others = _count_others(map(other_of, page.items), [item.stance for item in page.items])
    return {
        "filters": filters,
        "other_filter": other_filter,
        "timeline": stance_timeline(context, filters, width) if page.items else None,
        "others": others[:_OTHERS_SHOWN],
        "further": len(others[_OTHERS_SHOWN:]),
        "counted": len(page.items),
        "are_all": page.next is None,
        "items": page.items[:_STANCES_SHOWN],
    }


def _target(item: StanceItem) -> tuple[str | None, str | None]:
    return item.target, item.topic


def _holder(item: StanceItem) -> tuple[str | None, str | None]:
    return item.holder, None


def _count_others(sides: Iterable[tuple[str | None, str | None]], stances: list[StanceLabel]) -> list[Other]:
    """Count support and opposition for each other side, the most frequent first. Spellings of a name are one."""
    others: dict[tuple[str, str | None], Other] = {}
    for (name, topic), stance in zip(sides, stances, strict=True):
        others.setdefault((normalise(name or ""), topic), Other(name, topic)).counts[stance] += 1
    return sorted(others.values(), key=lambda other: -other.counts.total())


def _called(context: PageContext, key: str, job_ids: Iterable[UUID]) -> tuple[list[str], list[str]]:
    """Return the names and roles that the first of these articles give to the entity, the most frequent first."""
    names: Counter[str] = Counter()
    roles: Counter[str] = Counter()
    for job_id in islice(job_ids, _ARTICLES_READ):
        stored = result_queries.result(context.services.database, job_id, context.visitor.feeds)
        if stored is None:  # erased meanwhile
            continue
        result = Result.model_validate_json(stored.document)
        for entity in result.entities:
            if key in keys_of_entity(entity, result.text):
                mentioned = (mention for mention in entity.mentions if mention.form is MentionForm.NAME)
                names.update(result.text[mention.start : mention.end] for mention in mentioned)
                roles.update(entity.roles)
    return [name for name, _ in names.most_common(_NAMES_SHOWN)], [role for role, _ in roles.most_common(_NAMES_SHOWN)]
