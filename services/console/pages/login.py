"""Log in with a key, log out again. The key itself is not kept, neither here nor in the cookie: only its ID."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import structlog
from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from services.caller import Scope
from services.console.error_pages import PageRoute
from services.console.page_context import COOKIE, Open, PageContext, Posted
from services.errors import Forbidden, Unauthenticated

log = structlog.get_logger(__name__)

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/login")
def form(context: Open, onward: Annotated[str, Query(alias="next", max_length=500)] = "/") -> Response:
    """The form for a key."""
    if context.visitor.known:
        return context.go(_ours(onward))
    return _form(context, onward)


@router.post("/login")
def login(
    context: Posted, key: Annotated[str, Form(max_length=200)], onward: Annotated[str, Form(alias="next")] = "/"
) -> Response:
    """Begin a session for the holder of a key that may read."""
    address = context.request.client.host if context.request.client else "unknown"
    context.console.attempts.check(address)
    try:
        caller = context.services.keyring.identify(f"Bearer {key.strip()}")
        caller.require(Scope.READ)
    except Unauthenticated as error:
        context.console.attempts.failed(address)
        log.info("login_refused", reason=error.code)
        return _form(context, onward, "No key like this works here. Is it whole, and not revoked or expired?", 401)
    except Forbidden:
        return _form(
            context, onward, "This key may push articles and not read them; log in with one that may read.", 403
        )
    log.info("login", key=caller.key_id)
    return replace(context, session=context.console.sessions.begin(caller.key_id), fresh=True).go(_ours(onward))


@router.post("/logout")
def logout(context: Posted) -> Response:
    """End the session."""
    response = replace(context, fresh=False).go("/login")
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response


def _form(context: PageContext, onward: str, reason: str = "", status: int = 200) -> Response:
    return context.show("login.html", status, next=onward, reason=reason)


def _ours(path: str) -> str:
    """The path if it is one of this site, else the first page."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"
