"""The sources of a feed, and what of it was refused: the forms of the feed's page."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Path
from pydantic import ValidationError
from starlette.responses import Response

from services.api.problems import FieldError
from services.api.schemas.sources import NewSource, push_url
from services.console.error_pages import PageRoute
from services.console.forms import TextField, first_error
from services.console.page_context import AdminForm, ReaderPage
from services.console.pages.feeds import show_feed_page
from services.contracts import FeedName
from services.errors import Conflict, InvalidInput
from services.feeds import refusals
from services.feeds import store as feed_store
from services.use_cases import sources

router = APIRouter(route_class=PageRoute, include_in_schema=False)

SourceId = Annotated[str, Path(pattern="^[0-9a-f]{12}$", max_length=12)]
_FORM_FIELDS: Final = frozenset({"kind", "url", "every_s"})


@router.post("/feeds/{name}/sources")
def add_source(
    name: FeedName,
    context: AdminForm,
    kind: TextField = "",
    url: TextField = "",
    every_s: TextField = "",
    pages: Annotated[Literal["yes"] | None, Form()] = None,
) -> Response:
    """Add a source. The answer to a source with a secret is a page, the only one that shows the secret."""
    form = {"kind": kind, "url": url.strip(), "every_s": every_s.strip(), "pages": pages is not None}
    values: dict[str, Any] = {"kind": kind, "pages": pages is not None}
    values |= {"url": url.strip()} if url.strip() else {}
    values |= {"every_s": int(every_s) if every_s.strip().isdecimal() else every_s} if every_s.strip() else {}
    feed_store.show(context.services.database, name)
    try:
        new = NewSource.model_validate(values)
        source, secret = sources.add(
            context.services.use_case_context,
            name,
            new.kind,
            context.visitor.caller,
            url=new.url,
            every_s=new.every_s,
            pages=new.pages,
        )
    except (ValidationError, InvalidInput, Conflict) as error:
        first = first_error(error)
        shown = first if first.field in _FORM_FIELDS else FieldError(field="kind", reason=first.reason)
        status = 409 if isinstance(error, Conflict) else 422
        return show_feed_page(context, name, status, source_form=form, source_error=shown)
    if secret is None:
        return context.redirect(f"/feeds/{name}", notice="The source was added.")
    public_url = context.services.settings.api.public_url
    return show_feed_page(context, name, 201, created={"secret": secret, "push_url": push_url(source, public_url)})


@router.post("/feeds/{name}/sources/{source_id}/{action}")
def act_on_source(
    name: FeedName,
    source_id: SourceId,
    action: Literal["fetch", "pause", "resume", "remove"],
    context: AdminForm,
) -> Response:
    """Fetch a source now, pause it, end its pause, or remove it."""
    use_cases, caller = context.services.use_case_context, context.visitor.caller
    if action == "remove":
        left = sources.remove(use_cases, name, source_id, caller)
        notice = "The source was removed." if left is None else "The source is removed once the hub has ended it."
    elif action == "fetch":
        sources.check_soon(use_cases, name, source_id)
        notice = "The source is fetched next."
    else:
        sources.change(use_cases, name, source_id, {"paused": action == "pause"}, caller)
        notice = f"The source was {'paused' if action == 'pause' else 'resumed'}."
    return context.redirect(f"/feeds/{name}", notice=notice)


@router.get("/feeds/{name}/refusals/{refusal_id}")
def download_refused(name: FeedName, refusal_id: UUID, context: ReaderPage) -> Response:
    """Return a document that was kept with its refusal, as a download."""
    feed_store.show(context.services.database, name, context.visitor.feeds)
    document = refusals.document_of(context.services.database, name, refusal_id)
    headers = {"Content-Disposition": f'attachment; filename="{refusal_id}"'}
    return Response(document.content, media_type="application/octet-stream", headers=headers)


@router.post("/feeds/{name}/refusals/clear")
def clear_refusals(name: FeedName, context: AdminForm) -> Response:
    """Remove the refusals of a feed and the documents that were kept."""
    number = refusals.clear(context.services.database, name, context.visitor.caller)
    return context.redirect(f"/feeds/{name}", notice=f"{number} refusals were cleared.")
