"""Entries of the audit log as the API shows them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel

from services.audit.log import AuditEntry


class AuditEntryView(BaseModel):
    """One administrative action."""

    id: UUID
    at: AwareDatetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


class AuditPage(BaseModel):
    """Entries, newest first; ``next`` is null on the last page."""

    items: list[AuditEntryView]
    next: str | None


def audit_entry_view(entry: AuditEntry) -> AuditEntryView:
    """Return an entry as the API shows it."""
    return AuditEntryView.model_validate({name: getattr(entry, name) for name in AuditEntryView.model_fields})
