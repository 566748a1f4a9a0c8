"""Feeds: which there are, what waits of each, the limits that an operator gives them, and pauses of one or of all."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Form
from pydantic import ValidationError
from starlette.responses import Response

from services.access import feeds
from services.access.administration import FeedSettings, NewFeed, add_feed, set_feed
from services.console.answers import PageRoute
from services.console.desk import Act, Desk, Visit
from services.contracts import FeedName
from services.errors import Conflict
from services.keeping import pauses
from services.keeping.routes import PauseRequest, pause_all, pause_feed, resume_all, resume_feed
from services.results import observation
from services.results.totals import Total
from services.web.problems import FieldError, field_errors

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Field = Annotated[str, Form()]
_NUMBERS: Final = frozenset({"queued_limit", "rate_per_s"})
_REASON: Final = 500
_NONE: Final = {"description": "", "queued_limit": None, "rate_per_s": None}


@router.get("/feeds")
def list_feeds(desk: Visit) -> Response:
    """The feeds that the visitor sees."""
    return _all(desk)


@router.post("/feeds")
def add(desk: Act, name: Field = "", description: Field = "", queued_limit: Field = "", rate_per_s: Field = "") -> Response:
    """Make a feed known before it pushes."""
    form = _given(name=name, description=description, queued_limit=queued_limit, rate_per_s=rate_per_s)
    try:
        add_feed(NewFeed.model_validate(form), desk.here, desk.visitor.caller)
    except ValidationError as error:
        return _all(desk, 422, form, field_errors(error.errors())[0])
    except Conflict as error:
        return _all(desk, 409, form, FieldError(field="name", reason=error.detail))
    return desk.go("/feeds", notice=f"The feed {form['name']} is known now.")


@router.get("/feeds/{name}")
def show(name: FeedName, desk: Visit) -> Response:
    """One feed, with a form for its limits."""
    return _one(desk, name)


@router.post("/feeds/{name}")
def change(name: FeedName, desk: Act, description: Field = "", queued_limit: Field = "", rate_per_s: Field = "") -> Response:
    """Give a feed other limits; a field that is left empty stands for the service's own limit."""
    form = _given(description=description, queued_limit=queued_limit, rate_per_s=rate_per_s)
    try:
        wanted = FeedSettings.model_validate(_NONE | form)
    except ValidationError as error:
        return _one(desk, name, 422, form, field_errors(error.errors())[0])
    set_feed(name, wanted, desk.here, desk.visitor.caller)
    return desk.go("/feeds", notice=f"The feed {name} was changed.")


@router.post("/feeds/{name}/pause")
def pause(name: FeedName, desk: Act, reason: Field = "") -> Response:
    """Refuse the feed's pushes and let its queued jobs wait."""
    pause_feed(name, _why(reason), desk.here, desk.visitor.caller)
    return desk.go(f"/feeds/{name}", notice=f"The feed {name} is paused.")


@router.post("/feeds/{name}/resume")
def resume(name: FeedName, desk: Act) -> Response:
    """Take the feed's articles in again, and go on with those that wait."""
    resume_feed(name, desk.here, desk.visitor.caller)
    return desk.go(f"/feeds/{name}", notice=f"The feed {name} goes on.")


@router.post("/intake/pause")
def pause_intake(desk: Act, reason: Field = "") -> Response:
    """Refuse every push; what is queued is worked off."""
    pause_all(_why(reason), desk.here, desk.visitor.caller)
    return desk.go("/feeds", notice="Intake is paused: every push is refused, what is queued is worked off.")


@router.post("/intake/resume")
def resume_intake(desk: Act) -> Response:
    """Take articles in again."""
    resume_all(desk.here, desk.visitor.caller)
    return desk.go("/feeds", notice="Articles are taken in again.")


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


def _all(desk: Desk, status: int = 200, form: Mapping[str, object] | None = None, wrong: FieldError | None = None) -> Response:
    now = observation.observe(desk.here.database)
    listed = feeds.list_feeds(desk.here.database, desk.visitor.feeds)
    taken_in = {label: int(value) for (total, label), value in now.totals.items() if total is Total.ACCEPTED}
    values = {"feeds": listed, "waiting": now.queued_by_feed, "taken_in": taken_in, "limits": desk.here.settings.limits}
    values |= {"pause": pauses.intake(desk.here.database)}
    return desk.show("feeds.html", status, **values, form=form or {}, wrong=wrong)


def _one(
    desk: Desk, name: str, status: int = 200, form: Mapping[str, object] | None = None, wrong: FieldError | None = None
) -> Response:
    feed = feeds.show(desk.here.database, name, desk.visitor.feeds)
    stored = {field: getattr(feed, field) for field in _NONE}
    shown = {field: f"{value:g}" if isinstance(value, float) else value for field, value in stored.items() if value is not None}
    return desk.show("feed.html", status, feed=feed, form=shown if form is None else form, wrong=wrong)
