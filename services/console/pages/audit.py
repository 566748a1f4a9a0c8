"""The audit log: which administrator did what, to what, and when."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import StringConstraints
from starlette.responses import Response

from services.access import keys
from services.api.pagination import decode_cursor, fetch_page
from services.audit import log
from services.console.error_pages import PageRoute
from services.console.forms import BLANK_TO_NONE
from services.console.page_context import AdminPage
from services.contracts import Text, cursors

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_PAGE_SIZE: Final = 50
# Pages of the subjects of actions, by the first part of the action's name.
_SUBJECT_PAGES: Final = {"job": "/jobs/", "feed": "/feeds/", "topic": "/topics/"}

Filter = Annotated[
    Annotated[Text, StringConstraints(strip_whitespace=True, max_length=255)] | None,
    BLANK_TO_NONE,
]


@router.get("/audit")
def list_entries(
    context: AdminPage,
    action: Filter = None,
    actor: Filter = None,
    subject: Filter = None,
    cursor: Annotated[str | None, Query(max_length=200), BLANK_TO_NONE] = None,
) -> Response:
    """Show a page of entries, newest first, filtered by action, actor and subject."""
    before = decode_cursor(cursors.decode_id, cursor)
    database = context.services.database
    page = fetch_page(
        lambda limit: log.entries(database, action=action, actor=actor, subject=subject, before=before, limit=limit),
        _PAGE_SIZE,
        lambda entry: cursors.encode(str(entry.id)),
    )
    filters = {name: value for name, value in (("action", action), ("actor", actor), ("subject", subject)) if value}
    return context.render(
        "audit.html",
        entries=page.items,
        next_cursor=page.next,
        is_first_page=before is None,
        filters=filters,
        key_names={f"key:{key.id}": key.name for key in keys.list_keys(database)},
        subject_page=subject_page,
    )


def subject_page(entry: log.AuditEntry) -> str:
    """Return the address of the page of an entry's subject; empty if it has no page."""
    prefix = _SUBJECT_PAGES.get(entry.action.partition(".")[0], "")
    return prefix + entry.subject if prefix else ""
