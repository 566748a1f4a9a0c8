"""Keys: who may do what; made, shown once, revoked."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Path
from pydantic import ValidationError
from starlette.responses import Response

from services.access import keys
from services.api.problems import FieldError, ProblemError, field_errors
from services.api.routes.keys import MadeKey, NewKey, make_key
from services.caller import Scope
from services.console.error_pages import PageRoute
from services.console.page_context import Act, Oversee, PageContext
from services.console.wording import SCOPES

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Field = Annotated[str, Form()]
KeyId = Annotated[str, Path(pattern="^[0-9a-f]{12}$", max_length=12)]
_DAY_S: Final = 86_400
_LASTS: Final = {"": "until it is revoked", "1": "a day", "30": "30 days", "90": "90 days", "365": "a year"}


@router.get("/keys")
def list_keys(context: Oversee) -> Response:
    """All keys: those that work first, then revoked and expired ones."""
    return _all(context)


@router.post("/keys")
def make(
    context: Act,
    name: Field = "",
    scopes: Annotated[list[str] | None, Form()] = None,
    feeds: Field = "",
    days: Field = "",
) -> Response:
    """Make a key. Its secret is on this answer and nowhere else, so the answer is a page and leads nowhere."""
    form = {"name": name, "scopes": scopes or [], "feeds": feeds, "days": days if days in _LASTS else ""}
    named = re.split(r"[\s,]+", feeds.strip()) if feeds.strip() else "*"
    wanted: dict[str, Any] = {"name": name, "scopes": scopes or [], "feeds": named}
    if form["days"]:
        wanted["expires_s"] = int(days) * _DAY_S
    try:
        made = make_key(NewKey.model_validate(wanted), context.services, context.visitor.caller, Response())
    except (ValidationError, ProblemError) as error:
        return _all(context, 422, form, _wrong(error))
    return _all(context, 201, made=made)


@router.post("/keys/{key_id}/revoke")
def revoke(key_id: KeyId, context: Act) -> Response:
    """End a key, and the sessions that were begun with it."""
    key = keys.revoke(context.services.database, key_id, context.visitor.caller)
    context.services.keyring.forget(key_id)
    return context.go("/keys", notice=f"The key {key.name} ({key.id}) works no more.")


def _wrong(error: ValidationError | ProblemError) -> FieldError:
    wrong = field_errors(error.errors())[0] if isinstance(error, ValidationError) else error.problem.errors[0]
    return FieldError(field=wrong.field.partition(".")[0], reason=wrong.reason)


def _all(
    context: PageContext,
    status: int = 200,
    form: dict[str, Any] | None = None,
    wrong: FieldError | None = None,
    made: MadeKey | None = None,
) -> Response:
    listed = keys.list_keys(context.services.database)
    shown = form or {"name": "", "scopes": [Scope.READ.value], "feeds": "", "days": ""}
    values = {"keys": sorted(listed, key=lambda key: not _works(key)), "works": _works, "form": shown, "wrong": wrong}
    return context.show("keys.html", status, **values, made=made, lasts=_LASTS, scopes=SCOPES)


def _works(key: keys.Key) -> bool:
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > datetime.now(UTC))
