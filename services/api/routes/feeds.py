"""``/v1/feeds`` and ``/v1/audit``: what administrators keep of feeds, and what they did."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from services.api.dependencies import Services
from services.api.middleware.authentication import Admin, Reader
from services.api.problems import FieldError, ProblemError, responses
from services.audit import log
from services.audit.log import AuditEntry
from services.contracts import FeedName, Text, cursors
from services.contracts.base import number, one_line
from services.feeds import store
from services.feeds.store import SLOWEST, Feed

router = APIRouter(prefix="/v1", tags=["administration"])

Name = Annotated[FeedName, Path()]
_LARGEST = 2**31 - 1


class FeedSettings(BaseModel):
    """What can be set of a feed. A limit that is null is the service's own; in a change, what is not named stays."""

    model_config = ConfigDict(extra="forbid")

    description: Annotated[Text, StringConstraints(max_length=1000), AfterValidator(one_line)] = ""
    # Strict: a `false` that became 0 would close the feed.
    queued_limit: (
        Annotated[
            int, Field(ge=0, le=_LARGEST, description="queued articles; 0 takes none in"), BeforeValidator(number)
        ]
        | None
    ) = None
    rate_per_s: (
        Annotated[float, Field(strict=True, ge=SLOWEST, le=1e6, description="articles a second, at most")] | None
    ) = None


class NewFeed(FeedSettings):
    """A feed to be made known."""

    name: FeedName


class FeedView(BaseModel):
    """A feed as it is known."""

    name: str
    description: str
    queued_limit: int | None
    rate_per_s: float | None
    paused_at: AwareDatetime | None
    created_at: AwareDatetime
    created_by: str


class FeedList(BaseModel):
    """The feeds that the caller sees, by name."""

    items: list[FeedView]


class EntryView(BaseModel):
    """One administrative act."""

    id: UUID
    at: AwareDatetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


class AuditPage(BaseModel):
    """Acts, newest first; ``next`` is null on the last page."""

    items: list[EntryView]
    next: str | None


@router.get("/feeds", responses=responses(503))
def list_feeds(services: Services, caller: Reader) -> FeedList:
    """The feeds that the key sees."""
    return FeedList(items=[feed_view(feed) for feed in store.list_feeds(services.database, caller.feeds)])


@router.post("/feeds", status_code=201, responses=responses(400, 409, 415, 422, 503))
def add_feed(wanted: NewFeed, services: Services, caller: Admin) -> FeedView:
    """Make a feed known before it pushes; one that pushes first is made known by that."""
    feed = store.add(services.database, wanted.name, wanted.model_dump(exclude={"name"}, exclude_unset=True), caller)
    services.feeds.forget()
    return feed_view(feed)


@router.get("/feeds/{name}", responses=responses(404, 422, 503))
def show_feed(name: Name, services: Services, caller: Reader) -> FeedView:
    """One feed."""
    return feed_view(store.show(services.database, name, caller.feeds))


@router.patch("/feeds/{name}", responses=responses(400, 404, 415, 422, 503))
def set_feed(name: Name, wanted: FeedSettings, services: Services, caller: Admin) -> FeedView:
    """Change what is named of a feed: at once in this process, within ``access.cache_s`` seconds in every other."""
    feed = store.change(services.database, name, wanted.model_dump(exclude_unset=True), caller)
    services.feeds.forget()
    return feed_view(feed)


@router.get("/audit", responses=responses(422, 503))
def list_audit(
    services: Services,
    _caller: Admin,
    actor: Annotated[Text, StringConstraints(max_length=100)] | None = None,
    action: Annotated[Text, StringConstraints(max_length=63)] | None = None,
    subject: Annotated[Text, StringConstraints(max_length=255)] | None = None,
    cursor: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]*$", max_length=100)] | None = None,
    limit: Annotated[
        int, Query(ge=1, le=10_000, description="items a page; the setting `api.page_limit` is the most")
    ] = 50,
) -> AuditPage:
    """Administrative acts, newest first."""
    try:
        before = cursors.decode_id(cursor) if cursor else None
    except ValueError as error:
        wrong = FieldError(field="cursor", reason=str(error))
        raise ProblemError(422, "invalid", f"cursor: {error}", errors=[wrong]) from error
    size = min(limit, services.settings.api.page_limit)
    found = log.entries(services.database, actor=actor, action=action, subject=subject, before=before, limit=size + 1)
    more = cursors.encode(str(found[size - 1].id)) if len(found) > size else None
    return AuditPage(items=[entry_view(entry) for entry in found[:size]], next=more)


def feed_view(feed: Feed) -> FeedView:
    """A feed as the API shows it."""
    return FeedView.model_validate({name: getattr(feed, name) for name in FeedView.model_fields})


def entry_view(entry: AuditEntry) -> EntryView:
    """An act as the API shows it."""
    return EntryView.model_validate({name: getattr(entry, name) for name in EntryView.model_fields})
