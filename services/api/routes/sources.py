"""``/v1/feeds/{feed}/sources``: where the articles of a feed come from, and what of them was refused."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from services.api.dependencies import Admin, Reader, Services
from services.api.problems import problem_responses
from services.api.schemas.sources import (
    Activity,
    Cleared,
    CreatedSource,
    NewSource,
    SourceChange,
    SourceList,
    SourceView,
    format_view,
    refusal_view,
    source_view,
)
from services.contracts import FeedName
from services.feeds import activity, refusals
from services.feeds import store as feed_store
from services.sources import store
from services.use_cases import sources

router = APIRouter(prefix="/v1/feeds/{feed}", tags=["administration"])

Feed = Annotated[FeedName, Path()]
SourceId = Annotated[str, Path(pattern="^[0-9a-f]{12}$", max_length=12, description="the ID of a source")]


@router.get("/sources", responses=problem_responses(404, 422, 503))
def list_sources(feed: Feed, services: Services, caller: Reader) -> SourceList:
    """List the sources of a feed, with their states."""
    feed_store.show(services.database, feed, caller.feeds)
    public_url = services.settings.api.public_url
    return SourceList(items=[source_view(source, public_url) for source in store.list_sources(services.database, feed)])


@router.post("/sources", status_code=201, responses=problem_responses(400, 409, 415, 422, 503))
def add_source(feed: Feed, new: NewSource, services: Services, caller: Admin) -> CreatedSource:
    """Add a source to a feed, which is registered by that. The answer is the only one that has the secret."""
    source, secret = sources.add(
        services.use_case_context,
        feed,
        new.kind,
        caller,
        url=new.url,
        secret=new.secret,
        every_s=new.every_s,
        pages=new.pages,
    )
    view = source_view(source, services.settings.api.public_url)
    return CreatedSource(**view.model_dump(), secret=secret)


@router.get("/sources/{source_id:id}", responses=problem_responses(404, 422, 503))
def show_source(feed: Feed, source_id: SourceId, services: Services, caller: Reader) -> SourceView:
    """Return one source."""
    feed_store.show(services.database, feed, caller.feeds)
    return source_view(store.show(services.database, feed, source_id), services.settings.api.public_url)


@router.patch("/sources/{source_id:id}", responses=problem_responses(400, 404, 415, 422, 503))
def change_source(
    feed: Feed, source_id: SourceId, changes: SourceChange, services: Services, caller: Admin
) -> SourceView:
    """Change the interval of a source or how it is read, pause it, or end its pause."""
    settings = changes.model_dump(exclude_unset=True)
    source = sources.change(services.use_case_context, feed, source_id, settings, caller)
    return source_view(source, services.settings.api.public_url)


@router.post("/sources/{source_id:id}:fetch", responses=problem_responses(404, 409, 422, 503))
def fetch_source(feed: Feed, source_id: SourceId, services: Services, _caller: Admin) -> SourceView:
    """Have a source fetched now instead of when it is due."""
    source = sources.check_soon(services.use_case_context, feed, source_id)
    return source_view(source, services.settings.api.public_url)


@router.delete(
    "/sources/{source_id:id}",
    status_code=204,
    responses={
        202: {"model": SourceView, "description": "it is removed once the hub has ended the subscription"},
        **problem_responses(404, 422, 503),
    },
    response_model=None,
)
def remove_source(feed: Feed, source_id: SourceId, services: Services, caller: Admin) -> Response | None:
    """Remove a source. A subscription is ended at the hub first; removing it a second time does not wait for that."""
    source = sources.remove(services.use_case_context, feed, source_id, caller)
    if source is None:
        return None
    view = source_view(source, services.settings.api.public_url)
    return Response(view.model_dump_json(), 202, media_type="application/json")


@router.get("/activity", responses=problem_responses(404, 422, 503))
def show_activity(feed: Feed, services: Services, caller: Reader) -> Activity:
    """Return the formats that a feed has pushed, and what was refused with the reason, the latest first."""
    feed_store.show(services.database, feed, caller.feeds)
    limit = services.settings.sources.refusals
    return Activity(
        formats=[format_view(seen) for seen in activity.formats_of(services.database, feed)],
        refusals=[refusal_view(refusal) for refusal in refusals.list_refusals(services.database, feed, limit)],
    )


@router.get(
    "/refusals/{refusal_id:id}/document",
    response_class=Response,
    responses={
        200: {
            "description": "the document as it arrived",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        },
        **problem_responses(404, 422, 503),
    },
)
def download_refused(feed: Feed, refusal_id: UUID, services: Services, caller: Reader) -> Response:
    """Return a document that was kept with its refusal, as a download."""
    feed_store.show(services.database, feed, caller.feeds)
    document = refusals.document_of(services.database, feed, refusal_id)
    headers = {"Content-Disposition": f'attachment; filename="{refusal_id}"'}
    return Response(document.content, media_type="application/octet-stream", headers=headers)


@router.delete("/refusals", responses=problem_responses(422, 503))
def clear_refusals(feed: Feed, services: Services, caller: Admin) -> Cleared:
    """Remove the refusals of a feed and the documents that were kept with them."""
    return Cleared(refusals=refusals.clear(services.database, feed, caller))
