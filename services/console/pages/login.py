"""Log in with an API key, and log out. The secret of the key is not stored; the session has its ID only."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from services.access import sessions
from services.api.client_address import client_network
from services.caller import Scope
from services.console.error_pages import PageRoute
from services.console.page_context import SESSION_COOKIE, AnyForm, AnyPage, PageContext
from services.errors import Forbidden, Refused, Unauthenticated

log = structlog.get_logger(__name__)

router = APIRouter(route_class=PageRoute, include_in_schema=False)

ATTEMPT_WINDOW_S: Final = 60.0  # the setting `console.login_attempts` is a number of failed logins a minute


@router.get("/login")
def show_login(context: AnyPage, next_path: Annotated[str, Query(alias="next", max_length=500)] = "/") -> Response:
    """Show the login form."""
    if context.visitor.is_authenticated:
        return context.redirect(_local_path(next_path))
    return _show_form(context, next_path)


@router.post("/login")
def log_in(
    context: AnyForm, key: Annotated[str, Form(max_length=200)], next_path: Annotated[str, Form(alias="next")] = "/"
) -> Response:
    """Start a session for the holder of a key that may read.

    Raises `Refused` (429) for a wrong key after too many from the same network. A right key always logs in: all
    visitors may have the address of one proxy, and a guesser among them must not lock out the others.
    """
    address = client_network(context.request.scope)
    try:
        caller = context.services.key_cache.identify(f"Bearer {key.strip()}")
        caller.require(Scope.READ)
    except Unauthenticated as error:
        _count_failure(context, address)
        log.info("login_refused", reason=error.code)
        reason = "This key is not valid. Check that it is complete, and that it was not revoked and has not expired."
        return _show_form(context, next_path, reason, 401)
    except Forbidden:
        reason = "This key may push articles but not read them. Log in with a key that may read."
        return _show_form(context, next_path, reason, 403)
    log.info("login", key=caller.key_id)
    session = context.console.sessions.create(caller.key_id)
    sessions.begin(
        context.services.database,
        session.id,
        caller.key_id,
        lifetime_s=context.services.settings.console.session_s,
        address=address,
        browser=context.request.headers.get("user-agent", ""),
    )
    return replace(context, session=session, session_is_new=True).redirect(_local_path(next_path))


@router.post("/logout")
def log_out(context: AnyForm) -> Response:
    """End the session: from now on every copy of its cookie is worthless."""
    sessions.log_out(context.services.database, context.session.id)
    response = replace(context, session_is_new=False).redirect("/login")
    response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="strict")
    return response


def _count_failure(context: PageContext, address: str) -> None:
    """Count a failed login. Raises `Refused` (429) if a network has used up those that it may make."""
    failures_per_s = context.services.settings.console.login_attempts / ATTEMPT_WINDOW_S
    wait_s = context.console.login_failures.take(address, failures_per_s)
    if wait_s:
        seconds = math.ceil(wait_s)
        detail = f"too many wrong keys came from your address; try again in {seconds} s"
        raise Refused(detail, code="too_many_attempts", status=429, retry_after=seconds)


def _show_form(context: PageContext, next_path: str, reason: str = "", status: int = 200) -> Response:
    return context.render("login.html", status, next=next_path, reason=reason)


def _local_path(path: str) -> str:
    """Return the path if it is on this site, else the overview: the login must not redirect to other sites."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"
