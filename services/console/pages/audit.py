"""The record: what administrators did, to what, and when."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BeforeValidator, StringConstraints
from starlette.responses import Response

from services.access import keys
from services.api.problems import ProblemError
from services.audit import log
from services.console.error_pages import PageRoute
from services.console.forms import blank_is_none
from services.console.page_context import Oversee
from services.contracts import Text, cursors

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_PAGE: Final = 50
_PLACES: Final = {
    "job": "/jobs/",
    "feed": "/feeds/",
    "topic": "/topics/",
}  # where the subject of an act can be looked at

Wanted = Annotated[
    Annotated[Text, StringConstraints(strip_whitespace=True, max_length=255)] | None, BeforeValidator(blank_is_none)
]


@router.get("/audit")
def list_acts(
    context: Oversee,
    action: Wanted = None,
    actor: Wanted = None,
    subject: Wanted = None,
    cursor: Annotated[str | None, Query(max_length=200), BeforeValidator(blank_is_none)] = None,
) -> Response:
    """Acts, newest first, of one kind, of somebody, to something."""
    try:
        before = cursors.decode_id(cursor) if cursor else None
    except ValueError as error:
        raise ProblemError(422, "invalid", f"cursor: {error}") from error
    database = context.services.database
    found = log.entries(database, action=action, actor=actor, subject=subject, before=before, limit=_PAGE + 1)
    more = cursors.encode(str(found[_PAGE - 1].id)) if len(found) > _PAGE else ""
    chosen = {name: value for name, value in (("action", action), ("actor", actor), ("subject", subject)) if value}
    names = {f"key:{key.id}": key.name for key in keys.list_keys(database)}
    values = {"entries": found[:_PAGE], "more": more, "chosen": chosen, "first": before is None}
    return context.show("audit.html", **values, names=names, place=place)


def place(entry: log.AuditEntry) -> str:
    """Where the subject of an act can be looked at; empty where nowhere."""
    prefix = _PLACES.get(entry.action.partition(".")[0], "")
    return prefix + entry.subject if prefix else ""
