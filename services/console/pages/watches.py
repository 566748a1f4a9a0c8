"""Watches: a list with a form, and the page of one watch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.api.problems import FieldError
from services.api.schemas.watches import NewWatch, WatchChange
from services.console.error_pages import PageRoute
from services.console.forms import first_error
from services.console.page_context import PageContext, ReaderForm, ReaderPage
from services.contracts.event import WatchKind
from services.errors import Conflict, InvalidInput, NotFound
from services.results.filters import Filters, form_fields
from services.topics import store as topic_store
from services.use_cases import watches
from services.webhooks import store as webhook_store
from services.webhooks import watches as store
from services.webhooks.watches import WatchFilters

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_MAX_LISTED: Final = 1_000
_FIELDS: Final = {WatchKind.STANCES: form_fields(WatchFilters), WatchKind.ATTRIBUTIONS: form_fields(Filters)}


async def _posted(request: Request) -> dict[str, str]:
    """Return the fields of a posted form that are not blank."""
    posted = await request.form()
    return {name: value.strip() for name, value in posted.items() if isinstance(value, str) and value.strip()}


Posted = Annotated[dict[str, str], Depends(_posted)]


@router.get("/watches")
def list_watches(context: ReaderPage, request: Request) -> Response:
    """Show the watches of the visitor's webhooks, and a form that may be filled in by a search."""
    return _show_list(context, dict(request.query_params))


@router.post("/watches")
def create_watch(context: ReaderForm, posted: Posted) -> Response:
    """Create a watch."""
    kind = _kind(posted)
    values = {"webhook_id": posted.get("webhook_id", ""), "name": posted.get("name", ""), "kind": kind}
    try:
        new = NewWatch.model_validate(values | {"filters": _filters(kind, posted)})
        watch = watches.create(
            context.services.use_case_context,
            new.webhook_id,
            name=new.name,
            kind=new.kind,
            filters=new.filters,
            caller=context.visitor.caller,
        )
    except (ValidationError, InvalidInput, Conflict) as error:
        return _show_list(context, posted, 422, _field_error(error))
    except NotFound as error:
        return _show_list(context, posted, 422, FieldError(field="webhook_id", reason=error.detail))
    return context.redirect("/watches", notice=f"The watch {watch.name} looks at every new result from now on.")


@router.get("/watches/{watch_id}")
def show_watch(watch_id: UUID, context: ReaderPage) -> Response:
    """Show a watch with a form for its name and filters."""
    return _show_one(context, watch_id)


@router.post("/watches/{watch_id}")
def change_watch(watch_id: UUID, context: ReaderForm, posted: Posted) -> Response:
    """Change the name and the filters of a watch."""
    watch = store.get(context.services.database, watch_id, context.visitor.caller)
    shown = {field.name for field in _FIELDS[watch.kind]}
    kept = {name: value for name, value in watch.filters.items() if name not in shown}  # set over the API
    values = {"name": posted.get("name", ""), "filters": kept | _filters(watch.kind, posted)}
    try:
        change = WatchChange.model_validate(values)
        watches.change(
            context.services.use_case_context,
            watch_id,
            name=change.name,
            filters=change.filters,
            caller=context.visitor.caller,
        )
    except (ValidationError, InvalidInput) as error:
        return _show_one(context, watch_id, 422, posted, _field_error(error))
    return context.redirect(f"/watches/{watch_id}", notice="The watch was changed.")


@router.post("/watches/{watch_id}/pause")
def pause_watch(watch_id: UUID, context: ReaderForm) -> Response:
    """Pause a watch."""
    watches.change(context.services.use_case_context, watch_id, paused=True, caller=context.visitor.caller)
    return context.redirect(f"/watches/{watch_id}", notice="The watch is paused.")


@router.post("/watches/{watch_id}/resume")
def resume_watch(watch_id: UUID, context: ReaderForm) -> Response:
    """Let a paused watch go on."""
    watches.change(context.services.use_case_context, watch_id, paused=False, caller=context.visitor.caller)
    return context.redirect(f"/watches/{watch_id}", notice="The watch looks at new results again.")


@router.post("/watches/{watch_id}/delete")
def delete_watch(watch_id: UUID, context: ReaderForm) -> Response:
    """Delete a watch."""
    watches.remove(context.services.use_case_context, watch_id, context.visitor.caller)
    return context.redirect("/watches", notice="The watch was deleted.")


def _kind(values: Mapping[str, str]) -> WatchKind:
    return WatchKind.ATTRIBUTIONS if values.get("kind") == WatchKind.ATTRIBUTIONS else WatchKind.STANCES


def _filters(kind: WatchKind, posted: Mapping[str, str]) -> dict[str, str]:
    """Return the values of the fields that the form of this kind has."""
    return {field.name: posted[field.name] for field in _FIELDS[kind] if posted.get(field.name)}


def _field_error(error: ValidationError | InvalidInput | Conflict) -> FieldError:
    first = first_error(error)
    return FieldError(field=first.field.removeprefix("filters."), reason=first.reason)


def _choices(context: PageContext) -> dict[str, Any]:
    return {"topics": topic_store.list_topics(context.services.database, retired=False, limit=_MAX_LISTED)}


def _show_list(
    context: PageContext, form: Mapping[str, str], status: int = 200, error: FieldError | None = None
) -> Response:
    database, caller = context.services.database, context.visitor.caller
    kind = _kind(form)
    webhooks = webhook_store.list_webhooks(database, caller, limit=_MAX_LISTED)
    return context.render(
        "watches.html",
        status,
        watches=store.list_watches(database, caller, limit=_MAX_LISTED),
        webhooks={webhook.id: webhook for webhook in webhooks},
        kind=kind,
        kinds=list(WatchKind),
        fields=_FIELDS[kind],
        form=form,
        is_open=error is not None or bool(form),
        error=error,
        **_choices(context),
    )


def _show_one(
    context: PageContext,
    watch_id: UUID,
    status: int = 200,
    form: Mapping[str, str] | None = None,
    error: FieldError | None = None,
) -> Response:
    database, caller = context.services.database, context.visitor.caller
    watch = store.get(database, watch_id, caller)
    return context.render(
        "watch.html",
        status,
        watch=watch,
        webhook=webhook_store.get(database, watch.webhook_id, caller),
        fields=_FIELDS[watch.kind],
        form={"name": watch.name, **_as_entered(watch.filters)} if form is None else form,
        error=error,
        **_choices(context),
    )


def _as_entered(filters: Mapping[str, Any]) -> dict[str, str]:
    """Return stored filters as the form shows them: a time at midnight is a date."""
    return {name: str(value).removesuffix("T00:00:00Z") for name, value in filters.items()}
