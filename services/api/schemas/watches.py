"""Watches: requests, and how the API shows them."""

from __future__ import annotations

from typing import Annotated, Any, Self
from urllib.parse import urlencode
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    model_validator,
)

from services.contracts import Text
from services.contracts.base import NOT_BLANK, not_blank, one_line
from services.contracts.event import WatchKind
from services.webhooks.records import Watch
from services.webhooks.watches import WatchFilters

Name = Annotated[
    Text,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(not_blank),
    AfterValidator(one_line),
    NOT_BLANK,
]


class NewWatch(BaseModel):
    """A watch to create. ``filters`` are the parameters of ``GET /v1/stances``, or of ``GET /v1/attributions``."""

    model_config = ConfigDict(extra="forbid")

    webhook_id: UUID = Field(description="the webhook that is sent the matches")
    name: Name
    kind: WatchKind = WatchKind.STANCES
    filters: WatchFilters


class WatchChange(BaseModel):
    """Changes of a watch; what is left out stays. ``filters`` replace all earlier ones."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    filters: WatchFilters | None = None
    paused: StrictBool | None = None

    @model_validator(mode="after")
    def _require_a_change(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("give name, filters or paused")
        return self


class WatchView(BaseModel):
    """A watch. ``search`` is the search for everything that it would have matched until now."""

    id: UUID
    webhook_id: UUID
    name: str
    kind: WatchKind
    filters: dict[str, Any]
    search: str
    created_at: AwareDatetime
    created_by: str
    paused_at: AwareDatetime | None
    matches: int = Field(description="how many were sent or are to be sent")
    matched_at: AwareDatetime | None

    @classmethod
    def of(cls, watch: Watch) -> Self:
        """Return a watch as the API shows it."""
        fields = {name: getattr(watch, name) for name in cls.model_fields if name not in {"search", "filters"}}
        filters = dict(watch.filters)
        return cls(**fields, filters=filters, search=f"/v1/{watch.kind}?{urlencode(filters)}")


class WatchPage(BaseModel):
    """Watches, newest first; ``next`` is null on the last page."""

    items: list[WatchView]
    next: str | None
