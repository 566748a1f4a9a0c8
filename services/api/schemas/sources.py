"""Sources of feeds and what they pushed: requests for new ones, and both as the API shows them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from services.contracts import Text
from services.contracts.base import require_number
from services.feeds.activity import FeedFormatSeen
from services.feeds.refusals import Refusal
from services.sources.records import Source, SourceKind, SourceState

_Interval = Annotated[
    int,
    Field(gt=0, le=2**31 - 1, description="seconds between two polls; null is the service's default"),
    BeforeValidator(require_number),
]


class NewSource(BaseModel):
    """A source to add to a feed. ``secret`` may be given for pushes; without it one is made."""

    model_config = ConfigDict(extra="forbid")

    kind: SourceKind
    url: Annotated[Text, StringConstraints(strip_whitespace=True, max_length=2000)] | None = None
    secret: Annotated[str, Field(max_length=200)] | None = None
    every_s: _Interval | None = None
    pages: Annotated[bool, Field(strict=True, description="read the pages that entries link to")] = False


class SourceChange(BaseModel):
    """Changes of a source; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    every_s: _Interval | None = None
    pages: Annotated[bool, Field(strict=True)] = False
    paused: Annotated[bool, Field(strict=True)] = False


class SourceView(BaseModel):
    """A source without its secret. ``push_url`` is where its sender pushes to; null for one that is fetched."""

    id: str
    feed: str
    kind: SourceKind
    state: SourceState
    url: str | None
    push_url: str | None
    every_s: int | None
    pages: bool
    failures: int
    error: str | None
    hub: str | None
    topic: str | None
    lease_until: AwareDatetime | None
    next_at: AwareDatetime | None
    checked_at: AwareDatetime | None
    pushed_at: AwareDatetime | None
    created_at: AwareDatetime
    created_by: str


class CreatedSource(SourceView):
    """A new source: the only response that has ``secret``, which its sender signs with."""

    secret: str | None


class SourceList(BaseModel):
    """The sources of a feed in the order in which they were added."""

    items: list[SourceView]


class FormatView(BaseModel):
    """A format that a feed has pushed, since figures are kept: its documents, and when the last one came."""

    format: str
    documents: int
    last_at: AwareDatetime


class RefusalView(BaseModel):
    """Refusals of a feed that are the same. ``document_href`` leads to the document, if it was kept."""

    id: UUID
    source: str | None
    format: str
    code: str
    detail: str
    number: int
    first_at: AwareDatetime
    last_at: AwareDatetime
    size: int | None
    document_href: str | None


class Activity(BaseModel):
    """The formats that a feed pushed, and its latest refusals."""

    formats: list[FormatView]
    refusals: list[RefusalView]


class Cleared(BaseModel):
    """The number of refusals that were removed."""

    refusals: int


def push_url(source: Source, public_url: str) -> str | None:
    """Return where the sender of a source pushes to: below ``api.public_url``, or a path if that is not set."""
    return None if source.kind.is_fetched or source.push_path is None else f"{public_url}{source.push_path}"


def source_view(source: Source, public_url: str) -> SourceView:
    """Return a source as the API shows it."""
    names = SourceView.model_fields.keys() - {"push_url"}
    values = {name: getattr(source, name) for name in names}
    return SourceView.model_validate(values | {"push_url": push_url(source, public_url)})


def refusal_view(refusal: Refusal) -> RefusalView:
    """Return a refusal as the API shows it."""
    names = RefusalView.model_fields.keys() - {"document_href"}
    href = None if refusal.size is None else f"/v1/feeds/{refusal.feed}/refusals/{refusal.id}/document"
    return RefusalView.model_validate({name: getattr(refusal, name) for name in names} | {"document_href": href})


def format_view(seen: FeedFormatSeen) -> FormatView:
    """Return a format as the API shows it."""
    return FormatView(format=seen.format, documents=seen.documents, last_at=seen.last_at)
