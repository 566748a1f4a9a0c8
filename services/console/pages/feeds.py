"""Feeds: a list with their backlogs, the page of one feed with its settings, and pauses of a feed or of all intake."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.responses import Response

from services.api.problems import FieldError
from services.api.schemas.feeds import FeedSettings, NewFeed
from services.api.schemas.pauses import PauseRequest
from services.console.error_pages import PageRoute
from services.console.forms import TextField, first_error
from services.console.page_context import AdminForm, PageContext, ReaderPage
from services.contracts import FeedName
from services.database.counters import CounterName
from services.errors import Conflict
from services.feeds import activity, refusals, store
from services.feeds import pauses as pause_store
from services.jobs import snapshot
from services.sources import store as source_store
from services.use_cases import feeds, pauses

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_NUMBERS: Final = frozenset({"queued_limit", "rate_per_s"})
_REFUSALS_SHOWN: Final = 50
_REASON_MAX: Final = 500  # characters
_DEFAULTS: Final = {"description": "", "queued_limit": None, "rate_per_s": None}


@router.get("/feeds")
def list_feeds(context: ReaderPage) -> Response:
    """Show the feeds that the visitor may see."""
    return _show_list(context)


@router.post("/feeds")
def add_feed(
    context: AdminForm,
    name: TextField = "",
    description: TextField = "",
    queued_limit: TextField = "",
    rate_per_s: TextField = "",
) -> Response:
    """Register a feed before it pushes."""
    form = _filled_fields(name=name, description=description, queued_limit=queued_limit, rate_per_s=rate_per_s)
    try:
        new = NewFeed.model_validate(form)
        settings = new.model_dump(exclude={"name"}, exclude_unset=True)
        feeds.add(context.services.use_case_context, new.name, settings, context.visitor.caller)
    except ValidationError as error:
        return _show_list(context, 422, form, first_error(error))
    except Conflict as error:
        return _show_list(context, 409, form, first_error(error))
    return context.redirect("/feeds", notice=f"The feed {new.name} was registered.")


@router.get("/feeds/{name}")
def show_feed(name: FeedName, context: ReaderPage) -> Response:
    """Show a feed, for administrators with a form for its settings."""
    return show_feed_page(context, name)


@router.post("/feeds/{name}")
def change_feed(
    name: FeedName,
    context: AdminForm,
    description: TextField = "",
    queued_limit: TextField = "",
    rate_per_s: TextField = "",
) -> Response:
    """Change the settings of a feed. An empty field removes the feed's own limit; the service's limit then applies."""
    form = _filled_fields(description=description, queued_limit=queued_limit, rate_per_s=rate_per_s)
    try:
        settings = FeedSettings.model_validate(_DEFAULTS | form).model_dump(exclude_unset=True)
    except ValidationError as error:
        return show_feed_page(context, name, 422, form, first_error(error))
    feeds.change(context.services.use_case_context, name, settings, context.visitor.caller)
    return context.redirect("/feeds", notice=f"The feed {name} was changed.")


@router.post("/feeds/{name}/pause")
def pause_feed(name: FeedName, context: AdminForm, reason: TextField = "") -> Response:
    """Pause a feed: its pushes are refused and its queued jobs wait."""
    pauses.pause(context.services.use_case_context, name, _clean_reason(reason), context.visitor.caller)
    return context.redirect(f"/feeds/{name}", notice=f"The feed {name} was paused.")


@router.post("/feeds/{name}/resume")
def resume_feed(name: FeedName, context: AdminForm) -> Response:
    """End the pause of a feed."""
    pauses.resume(context.services.use_case_context, name, context.visitor.caller)
    return context.redirect(f"/feeds/{name}", notice=f"The feed {name} was resumed.")


@router.post("/intake/pause")
def pause_intake(context: AdminForm, reason: TextField = "") -> Response:
    """Pause all intake: every push is refused, and queued jobs are still analysed."""
    pauses.pause(context.services.use_case_context, None, _clean_reason(reason), context.visitor.caller)
    notice = "Intake is paused: every push is refused, and queued jobs are still analysed."
    return context.redirect("/feeds", notice=notice)


@router.post("/intake/resume")
def resume_intake(context: AdminForm) -> Response:
    """Accept articles again."""
    pauses.resume(context.services.use_case_context, None, context.visitor.caller)
    return context.redirect("/feeds", notice="Intake was resumed.")


def _clean_reason(reason: str) -> str:
    """Return a pause's reason in one printable line; a reason that is too long is cut instead of refused."""
    line = " ".join("".join(filter(str.isprintable, reason)).split())[:_REASON_MAX]
    return (PauseRequest(reason=line) if line else PauseRequest()).reason


def _filled_fields(**fields: str) -> dict[str, str | float]:
    """Return the fields that are not blank, with numbers converted: the schemas are strict, as for JSON."""
    filled = {name: value.strip() for name, value in fields.items() if value.strip()}
    return {name: _parse_number(value) if name in _NUMBERS else value for name, value in filled.items()}


def _parse_number(value: str) -> str | float:
    """Return an int or a float; other text unchanged, which the schema then refuses."""
    for parse in (int, float):
        with contextlib.suppress(ValueError):
            return parse(value)
    return value


def _show_list(
    context: PageContext, status: int = 200, form: Mapping[str, object] | None = None, error: FieldError | None = None
) -> Response:
    database = context.services.database
    ledger = snapshot.take_snapshot(database)
    accepted = {feed: int(count) for (name, feed), count in ledger.counters.items() if name is CounterName.ACCEPTED}
    return context.render(
        "feeds.html",
        status,
        feeds=store.list_feeds(database, context.visitor.feeds),
        queued=ledger.queued_by_feed,
        accepted=accepted,
        limits=context.services.settings.limits,
        sources=source_store.count_by_feed(database, context.visitor.feeds),
        last_pushes=activity.last_pushes(database),
        pause=pause_store.intake_pause(database),
        form=form or {},
        error=error,
    )


def show_feed_page(
    context: PageContext,
    name: str,
    status: int = 200,
    form: Mapping[str, object] | None = None,
    error: FieldError | None = None,
    **values: Any,
) -> Response:
    """Return the page of a feed; ``values`` are those of the form of its sources. Raises `NotFound`."""
    database, settings = context.services.database, context.services.settings
    feed = store.show(database, name, context.visitor.feeds)
    stored = {
        field: f"{value:g}" if isinstance(value, float) else value
        for field, value in ((field, getattr(feed, field)) for field in _DEFAULTS)
        if value is not None
    }
    own = {
        "sources": source_store.list_sources(database, name),
        "formats": activity.formats_of(database, name),
        "refusals": refusals.list_refusals(database, name, _REFUSALS_SHOWN),
        "fetches": settings.sources.fetch,
        "default_every_s": settings.sources.every_s,
        "source_form": {},
        "source_error": None,
        "created": None,
    }
    return context.render(
        "feed.html", status, feed=feed, form=stored if form is None else form, error=error, **(own | values)
    )
