"""``GET /v1/audit``: the log of administrative actions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import StringConstraints

from services.api.dependencies import Admin, Services
from services.api.pagination import Cursor, Limit, decode_cursor, fetch_page
from services.api.problems import problem_responses
from services.api.schemas.audit import AuditPage, audit_entry_view
from services.audit import log
from services.contracts import Text, cursors

router = APIRouter(prefix="/v1", tags=["administration"])


@router.get("/audit", responses=problem_responses(422, 503))
def list_audit(
    services: Services,
    _caller: Admin,
    actor: Annotated[Text, StringConstraints(max_length=100)] | None = None,
    action: Annotated[Text, StringConstraints(max_length=63)] | None = None,
    subject: Annotated[Text, StringConstraints(max_length=255)] | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> AuditPage:
    """List administrative actions, newest first."""
    before = decode_cursor(cursors.decode_id, cursor)
    page = fetch_page(
        lambda size: log.entries(
            services.database, actor=actor, action=action, subject=subject, before=before, limit=size
        ),
        min(limit, services.settings.api.page_limit),
        lambda entry: cursors.encode(str(entry.id)),
    )
    return AuditPage(items=[audit_entry_view(entry) for entry in page.items], next=page.next)
