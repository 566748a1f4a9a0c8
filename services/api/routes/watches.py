"""``/v1/watches``: searches that run on every new result and send their matches to a webhook."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.api.dependencies import Reader, Services
from services.api.pagination import Cursor, Limit, decode_cursor, fetch_page
from services.api.problems import problem_responses
from services.api.schemas.watches import NewWatch, WatchChange, WatchPage, WatchView
from services.contracts import cursors
from services.use_cases import watches
from services.webhooks import watches as store

router = APIRouter(prefix="/v1/watches", tags=["webhooks"])


@router.post("", status_code=201, responses=problem_responses(400, 404, 409, 413, 415, 422, 503))
def create_watch(new: NewWatch, services: Services, caller: Reader, response: Response) -> WatchView:
    """Create a watch. Each item of a new result that its filters select is sent to its webhook, once for each story.

    404: there is no such webhook. 409: it has too many watches.
    """
    watch = watches.create(
        services.use_case_context, new.webhook_id, name=new.name, kind=new.kind, filters=new.filters, caller=caller
    )
    response.headers["Location"] = f"/v1/watches/{watch.id}"
    return WatchView.of(watch)


@router.get("", responses=problem_responses(422, 503))
def list_watches(
    services: Services,
    caller: Reader,
    webhook_id: Annotated[UUID | None, Query(description="only those of this webhook")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> WatchPage:
    """List the watches of this key's webhooks; for an administrator all, newest first."""
    before = decode_cursor(cursors.decode_id, cursor)
    page = fetch_page(
        lambda size: store.list_watches(services.database, caller, webhook_id=webhook_id, before=before, limit=size),
        min(limit, services.settings.api.page_limit),
        lambda watch: cursors.encode(str(watch.id)),
    )
    return WatchPage(items=[WatchView.of(watch) for watch in page.items], next=page.next)


@router.get("/{watch_id}", responses=problem_responses(404, 422, 503))
def get_watch(watch_id: UUID, services: Services, caller: Reader) -> WatchView:
    """Return one watch."""
    return WatchView.of(store.get(services.database, watch_id, caller))


@router.patch("/{watch_id}", responses=problem_responses(400, 404, 413, 415, 422, 503))
def change_watch(watch_id: UUID, change: WatchChange, services: Services, caller: Reader) -> WatchView:
    """Change the name or filters of a watch, pause it, or let it go on. Results stored meanwhile are not looked at."""
    watch = watches.change(
        services.use_case_context,
        watch_id,
        name=change.name,
        filters=change.filters,
        paused=change.paused,
        caller=caller,
    )
    return WatchView.of(watch)


@router.delete("/{watch_id}", status_code=204, responses=problem_responses(404, 422, 503))
def delete_watch(watch_id: UUID, services: Services, caller: Reader) -> None:
    """Delete a watch. Matches that it has already found are still sent."""
    watches.remove(services.use_case_context, watch_id, caller)
