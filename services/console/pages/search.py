"""Search: stances and statements across all articles, and a timeline of stances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.api.problems import FieldError, ProblemError
from services.api.schemas.search_filters import PagedFilters, StanceFilters
from services.api.search_responses import ATTRIBUTIONS, STANCES, SearchKind, search_page
from services.console.error_pages import PageRoute
from services.console.forms import first_error
from services.console.page_context import PageContext, ReaderPage
from services.console.stance_timeline import stance_timeline
from services.errors import InvalidInput
from services.results.filters import form_fields
from services.results.timeline import Width
from services.topics import store

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Kind = Literal["stances", "statements"]

_PAGE_SIZE: Final = 25
_MAX_TOPICS: Final = 1_000
_SEARCHES: Final[Mapping[Kind, tuple[type[PagedFilters], SearchKind[Any]]]] = {
    "stances": (StanceFilters, STANCES),
    "statements": (PagedFilters, ATTRIBUTIONS),
}
_FIELDS: Final = {kind: form_fields(model) for kind, (model, _) in _SEARCHES.items()}


@router.get("/said")
def search_stances(context: ReaderPage, request: Request) -> Response:
    """Show a page of stances and their timeline."""
    return _show_results(context, request, "stances")


@router.get("/said/statements")
def search_statements(context: ReaderPage, request: Request) -> Response:
    """Show a page of statements."""
    return _show_results(context, request, "statements")


def _show_results(context: PageContext, request: Request, kind: Kind) -> Response:
    """Show a page of results. Invalid filters are kept in the form and shown with their error."""
    parameters = {name: value.strip() for name, value in request.query_params.items() if value.strip()}
    filters = _select(kind, parameters)
    width, cursor = parameters.get("bucket", Width.WEEK), parameters.get("cursor")
    values: dict[str, Any] = {
        "kind": kind,
        "filters": filters,
        "fields": _FIELDS[kind],
        "kind_filters": {other: _select(other, filters) for other in _FIELDS},
        "topics": store.list_topics(context.services.database, retired=None, limit=_MAX_TOPICS),
        "width": width,
        "widths": list(Width),
        "is_first_page": cursor is None,
        "items": [],
        "next_query": "",
        "timeline": None,
        "error": None,
    }
    status = 200
    try:
        values |= _results(context, kind, filters, cursor)
        if kind == "stances" and cursor is None:
            values["timeline"] = stance_timeline(context, filters, width)
    except (ValidationError, InvalidInput) as error:
        status, values["error"] = 422, first_error(error)
    except ProblemError as error:
        without_field = FieldError(field="", reason=error.problem.detail)
        status, values["error"] = error.problem.status, next(iter(error.problem.errors), without_field)
    return context.render("search.html", status, **values)


def _select(kind: Kind, parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters that the form of a kind of item has."""
    return {field.name: parameters[field.name] for field in _FIELDS[kind] if field.name in parameters}


def _results(context: PageContext, kind: Kind, filters: dict[str, str], cursor: str | None) -> dict[str, Any]:
    """Return the items of a page, and the query string of the next page; empty on the last page."""
    model, search = _SEARCHES[kind]
    validated = model.model_validate(filters | ({"cursor": cursor} if cursor else {}))
    page = search_page(context.services.database, context.visitor.caller, validated, search, _PAGE_SIZE)
    return {"items": page.items, "next_query": urlencode(filters | {"cursor": page.next}) if page.next else ""}
