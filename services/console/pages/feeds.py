"""Feeds: which there are, what waits of each, the limits that an operator gives them, and pauses of one or of all."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Form
from pydantic import ValidationError
from starlette.responses import Response

from services.api.problems import FieldError, field_errors
from services.api.routes.feeds import FeedSettings, NewFeed, add_feed, set_feed
from services.api.routes.pauses import PauseRequest, pause_all, pause_feed, resume_all, resume_feed
from services.console.error_pages import PageRoute
from services.console.page_context import Act, PageContext, Visit
from services.contracts import FeedName
from services.database.counters import CounterName
from services.errors import Conflict
from services.feeds import pauses, store
from services.jobs import snapshot

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Field = Annotated[str, Form()]
_NUMBERS: Final = frozenset({"queued_limit", "rate_per_s"})
_REASON: Final = 500
_NONE: Final = {"description": "", "queued_limit": None, "rate_per_s": None}


@router.get("/feeds")
def list_feeds(context: Visit) -> Response:
    """The feeds that the visitor sees."""
    return _all(context)


@router.post("/feeds")
def add(
    context: Act, name: Field = "", description: Field = "", queued_limit: Field = "", rate_per_s: Field = ""
) -> Response:
    """Make a feed known before it pushes."""
    form = _given(name=name, description=description, queued_limit=queued_limit, rate_per_s=rate_per_s)
    try:
        add_feed(NewFeed.model_validate(form), context.services, context.visitor.caller)
    except ValidationError as error:
        return _all(context, 422, form, field_errors(error.errors())[0])
    except Conflict as error:
        return _all(context, 409, form, FieldError(field="name", reason=error.detail))
    return context.go("/feeds", notice=f"The feed {form['name']} is known now.")


@router.get("/feeds/{name}")
def show(name: FeedName, context: Visit) -> Response:
    """One feed, with a form for its limits."""
    return _one(context, name)


@router.post("/feeds/{name}")
def change(
    name: FeedName, context: Act, description: Field = "", queued_limit: Field = "", rate_per_s: Field = ""
) -> Response:
    """Give a feed other limits; a field that is left empty stands for the service's own limit."""
    form = _given(description=description, queued_limit=queued_limit, rate_per_s=rate_per_s)
    try:
        wanted = FeedSettings.model_validate(_NONE | form)
    except ValidationError as error:
        return _one(context, name, 422, form, field_errors(error.errors())[0])
    set_feed(name, wanted, context.services, context.visitor.caller)
    return context.go("/feeds", notice=f"The feed {name} was changed.")


@router.post("/feeds/{name}/pause")
def pause(name: FeedName, context: Act, reason: Field = "") -> Response:
    """Refuse the feed's pushes and let its queued jobs wait."""
    pause_feed(name, _why(reason), context.services, context.visitor.caller)
    return context.go(f"/feeds/{name}", notice=f"The feed {name} is paused.")


@router.post("/feeds/{name}/resume")
def resume(name: FeedName, context: Act) -> Response:
    """Take the feed's articles in again, and go on with those that wait."""
    resume_feed(name, context.services, context.visitor.caller)
    return context.go(f"/feeds/{name}", notice=f"The feed {name} goes on.")


@router.post("/intake/pause")
def pause_intake(context: Act, reason: Field = "") -> Response:
    """Refuse every push; what is queued is worked off."""
    pause_all(_why(reason), context.services, context.visitor.caller)
    return context.go("/feeds", notice="Intake is paused: every push is refused, what is queued is worked off.")


@router.post("/intake/resume")
def resume_intake(context: Act) -> Response:
    """Take articles in again."""
    resume_all(context.services, context.visitor.caller)
    return context.go("/feeds", notice="Articles are taken in again.")


def _why(reason: str) -> PauseRequest:
    """What those who push are told; a reason that is too long is cut, for it is on its way to people."""
    given = " ".join("".join(filter(str.isprintable, reason)).split())[:_REASON]
    return PauseRequest(reason=given) if given else PauseRequest()


def _given(**fields: str) -> dict[str, str | float]:
    """What was filled in; a number as one, for in JSON, which the API reads, text is none."""
    filled = {name: value.strip() for name, value in fields.items() if value.strip()}
    return {name: _number(value) if name in _NUMBERS else value for name, value in filled.items()}


def _number(value: str) -> str | float:
    for read in (int, float):
        with contextlib.suppress(ValueError):
            return read(value)
    return value


def _all(
    context: PageContext, status: int = 200, form: Mapping[str, object] | None = None, wrong: FieldError | None = None
) -> Response:
    now = snapshot.take_snapshot(context.services.database)
    listed = store.list_feeds(context.services.database, context.visitor.feeds)
    taken_in = {label: int(value) for (total, label), value in now.counters.items() if total is CounterName.ACCEPTED}
    values = {
        "feeds": listed,
        "waiting": now.queued_by_feed,
        "taken_in": taken_in,
        "limits": context.services.settings.limits,
    }
    values |= {"pause": pauses.intake(context.services.database)}
    return context.show("feeds.html", status, **values, form=form or {}, wrong=wrong)


def _one(
    context: PageContext,
    name: str,
    status: int = 200,
    form: Mapping[str, object] | None = None,
    wrong: FieldError | None = None,
) -> Response:
    feed = store.show(context.services.database, name, context.visitor.feeds)
    stored = {field: getattr(feed, field) for field in _NONE}
    shown = {
        field: f"{value:g}" if isinstance(value, float) else value
        for field, value in stored.items()
        if value is not None
    }
    return context.show("feed.html", status, feed=feed, form=shown if form is None else form, wrong=wrong)
