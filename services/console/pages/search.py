"""Who said what, and where they stand, asked across articles; and how that changes over time, beside how much was read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.api.problems import FieldError, ProblemError, field_errors
from services.api.routes.search import Paged, StanceFilters, TimelineFilters, page_of, timeline_of
from services.api.schemas.search import found_attribution, found_stance
from services.console.charts import diverging_bars, nice_ceiling
from services.console.error_pages import PageRoute
from services.console.page_context import PageContext, Visit
from services.contracts import Act, StanceLabel
from services.results import search
from services.results.timeline import Bucket, Width
from services.topics import store

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_PAGE: Final = 25
_TOPICS: Final = 1_000
_BACK: Final = {Width.DAY: timedelta(days=30), Width.WEEK: timedelta(weeks=26), Width.MONTH: timedelta(days=730)}
_SHARED: Final = ("text", "feed", "from", "to")
_ASKED: Final = {
    "stances": ("holder", "target", "topic", "stance", *_SHARED),
    "statements": ("speaker", "act", *_SHARED),
}
_KINDS: Final = {
    "stances": (StanceFilters, search.find_stances, found_stance),
    "statements": (Paged, search.find_attributions, found_attribution),
}


@router.get("/said")
def stances(context: Visit, request: Request) -> Response:
    """Who is for or against whom or what, and since when."""
    return _page(context, request, "stances")


@router.get("/said/statements")
def statements(context: Visit, request: Request) -> Response:
    """Who said what."""
    return _page(context, request, "statements")


def _page(context: PageContext, request: Request, kind: Literal["stances", "statements"]) -> Response:
    given = {name: value.strip() for name, value in request.query_params.items() if value.strip()}
    asked = {name: given[name] for name in _ASKED[kind] if name in given}
    width, cursor = given.get("bucket", Width.WEEK), given.get("cursor")
    values: dict[str, Any] = {"kind": kind, "asked": asked, "width": width, "widths": list(Width), "acts": list(Act)}
    values |= {
        "sides": list(StanceLabel),
        "first": cursor is None,
        "wrong": None,
        "found": [],
        "more": "",
        "timeline": None,
    }
    values["topics"] = store.list_topics(context.services.database, retired=None, limit=_TOPICS)
    values["tabs"] = {name: {field: asked[field] for field in _ASKED[name] if field in asked} for name in _ASKED}
    filters, find, shaped = _KINDS[kind]
    try:
        question = filters.model_validate({**asked, **({"cursor": cursor} if cursor else {})})
        found, onward = page_of(context.services, context.visitor.caller, question, find, shaped, _PAGE)
        values |= {"found": found, "more": urlencode(asked | {"cursor": onward}) if onward else ""}
        if kind == "stances" and cursor is None:
            values["timeline"] = _timeline(context, asked, width)
    except ValidationError as error:
        return context.show("said.html", 422, **values | {"wrong": field_errors(error.errors())[0]})
    except ProblemError as error:
        whole = FieldError(field="", reason=error.problem.detail)
        return context.show(
            "said.html", error.problem.status, **values | {"wrong": next(iter(error.problem.errors), whole)}
        )
    return context.show("said.html", **values)


def _timeline(context: PageContext, asked: dict[str, str], width: str) -> dict[str, Any] | None:
    """The chart of a question, None where there is nothing to draw."""
    question = TimelineFilters.model_validate({**asked, "bucket": width})
    if question.since is None:
        end = question.until or datetime.now(UTC)
        question = question.model_copy(update={"since": end - _BACK[question.bucket]})
    buckets = timeline_of(context.services, context.visitor.caller, question)
    if not any(bucket.support or bucket.oppose for bucket in buckets):
        return None
    return drawn(buckets)


def drawn(buckets: list[Bucket]) -> dict[str, Any]:
    """Support upwards and opposition downwards from one axis, in stances a thousand articles."""
    rates = [(bucket.support_rate or 0.0, bucket.oppose_rate or 0.0) for bucket in buckets]
    top = nice_ceiling(max(max(pair) for pair in rates))
    return {"buckets": buckets, "bars": diverging_bars(rates, top=top), "top": top}
