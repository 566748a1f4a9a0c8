"""API keys: a list, and creating and revoking keys. A new key is shown once."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Path
from pydantic import ValidationError
from starlette.responses import Response

from services.access import keys as store
from services.api.problems import FieldError
from services.api.schemas.keys import NewKey
from services.caller import Scope
from services.console.error_pages import PageRoute
from services.console.forms import TextField, first_error
from services.console.page_context import AdminForm, AdminPage, PageContext
from services.console.wording import SCOPES
from services.errors import InvalidInput
from services.use_cases import keys

router = APIRouter(route_class=PageRoute, include_in_schema=False)

KeyId = Annotated[str, Path(pattern="^[0-9a-f]{12}$", max_length=12)]
_DAY_S: Final = 86_400
_LIFETIMES: Final = {
    "": "never",
    "1": "after 1 day",
    "30": "after 30 days",
    "90": "after 90 days",
    "365": "after 1 year",
}


@router.get("/keys")
def list_keys(context: AdminPage) -> Response:
    """Show all keys, valid ones before revoked and expired ones."""
    return _show_list(context)


@router.post("/keys")
def create_key(
    context: AdminForm,
    name: TextField = "",
    scopes: Annotated[list[str] | None, Form()] = None,
    feeds: TextField = "",
    days: TextField = "",
) -> Response:
    """Create a key.

    The answer is a page and not a redirect, because it is the only place that shows the key.
    """
    form = {"name": name, "scopes": scopes or [], "feeds": feeds, "days": days if days in _LIFETIMES else ""}
    values: dict[str, Any] = {
        "name": name,
        "scopes": scopes or [],
        "feeds": re.split(r"[\s,]+", feeds.strip()) if feeds.strip() else "*",
    }
    if form["days"]:
        values["expires_s"] = int(days) * _DAY_S
    try:
        new = NewKey.model_validate(values)
        key, token = keys.create(
            context.services.use_case_context,
            name=new.name,
            scopes=new.scopes,
            feeds=None if new.feeds == "*" else new.feeds,
            caller=context.visitor.caller,
            expires_s=new.expires_s,
        )
    except (ValidationError, InvalidInput) as error:
        first = first_error(error)
        field = first.field.partition(".")[0]
        return _show_list(context, 422, form, FieldError(field=field, reason=first.reason))
    return _show_list(context, 201, created={"name": key.name, "token": token})


@router.post("/keys/{key_id}/revoke")
def revoke_key(key_id: KeyId, context: AdminForm) -> Response:
    """Revoke a key, which also ends its sessions."""
    key = keys.revoke(context.services.use_case_context, key_id, context.visitor.caller)
    return context.redirect("/keys", notice=f"The key {key.name} ({key.id}) was revoked.")


def _show_list(
    context: PageContext,
    status: int = 200,
    form: dict[str, Any] | None = None,
    error: FieldError | None = None,
    created: dict[str, str] | None = None,
) -> Response:
    records = store.list_keys(context.services.database)
    return context.render(
        "keys.html",
        status,
        keys=sorted(records, key=lambda key: not _is_valid(key)),
        is_valid=_is_valid,
        form=form or {"name": "", "scopes": [Scope.READ.value], "feeds": "", "days": ""},
        error=error,
        created=created,
        lifetimes=_LIFETIMES,
        scopes=SCOPES,
    )


def _is_valid(key: store.Key) -> bool:
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > datetime.now(UTC))
