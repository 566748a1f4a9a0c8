"""Errors as HTML pages: what happened, and where to go from there."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match

from services.api.dependencies import api_services
from services.api.problems import (
    Problem,
    ProblemError,
    build_problem,
    field_errors,
    invalid_input_problem,
    problem_from_error,
)
from services.console.page_context import PageContext, anonymous_context, page_context
from services.errors import StancewireError, StoreUnavailable, Unauthenticated

log = structlog.get_logger(__name__)

PageHandler = Callable[[Request], Coroutine[Any, Any, Response]]
PageError = HTTPException | ProblemError | RequestValidationError | StancewireError

_HEADINGS: Final[Mapping[int, str]] = {
    400: "Invalid request",
    401: "Log in first",
    403: "Not allowed",
    404: "Not found",
    409: "Not possible now",
    410: "Permanently removed",
    413: "Too large",
    422: "Invalid request",
    429: "Too many requests",
    500: "Something went wrong",
    503: "Temporarily unavailable",
}


class PageRoute(APIRoute):
    """A route that answers errors with pages instead of JSON problems."""

    def get_route_handler(self) -> PageHandler:
        """Wrap the route's handler."""
        handle = super().get_route_handler()

        async def handle_with_error_pages(request: Request) -> Response:
            try:
                return await handle(request)
            except Unauthenticated:
                return _redirect_to_login(request)
            except (HTTPException, ProblemError, RequestValidationError, StancewireError) as error:
                page_problem = _to_problem(error)
                return await error_page(request, page_problem.problem, page_problem.headers)
            except Exception:
                log.exception("page_failed", path=request.url.path)
                return await error_page(
                    request, build_problem(500, "internal", "An internal error occurred. It was logged.")
                )

        return handle_with_error_pages


def _to_problem(error: PageError) -> ProblemError:
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, StancewireError):
        if isinstance(error, StoreUnavailable):
            log.warning("store_unavailable", fault=error.fault, reason=error.detail)
        return problem_from_error(error)
    if isinstance(error, HTTPException):  # Starlette could not parse the form, for example because it is too large
        return ProblemError(error.status_code, "form_unreadable", error.detail, headers=error.headers)
    if any(item["loc"][:1] == ("path",) for item in error.errors()):
        return ProblemError(404, "not_found", "there is no page at this address")
    invalid = invalid_input_problem(field_errors(error.errors()))
    return ProblemError(invalid.status, invalid.code, invalid.detail, errors=invalid.errors)


def _redirect_to_login(request: Request) -> Response:
    """Redirect to the login page, and from there back to this page.

    For a fragment that a script asked for, make the browser reload the whole page, which then redirects.
    """
    context = anonymous_context(request, api_services(request))
    if request.headers.get("hx-request"):
        response = context.render(
            "error.html", 401, heading=_HEADINGS[401], detail="", problem=build_problem(401, "key_missing", "")
        )
        response.headers["HX-Refresh"] = "true"
        return response
    query = f"?{request.url.query}" if request.url.query else ""
    next_path = request.url.path + query if request.method == "GET" else "/"
    return context.redirect("/login", next=next_path)


async def error_page(request: Request, what: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Return the page that shows a problem."""
    return await run_in_threadpool(_error_page, request, what, headers or {})


def _error_page(request: Request, what: Problem, headers: Mapping[str, str]) -> Response:
    context = _best_context(request)
    detail = what.detail[:1].upper() + what.detail[1:]
    heading = _HEADINGS.get(what.status, what.title)
    response = context.render("error.html", what.status, heading=heading, detail=detail, problem=what)
    response.headers.update(dict(headers))
    return response


def _best_context(request: Request) -> PageContext:
    """Return the context with the visitor, or without if the database is down."""
    services = api_services(request)
    try:
        return page_context(request, services)
    except StoreUnavailable:
        return anonymous_context(request, services)


def install_not_found(app: FastAPI) -> None:
    """Answer browsers with a page for an unknown address; all other clients still get a JSON problem."""
    previous_handler = app.exception_handlers[HTTPException]

    async def on_http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 -- registered for this class only
        target = _without_slash(request) if error.status_code == HTTPStatus.NOT_FOUND else None
        if target is not None:
            return RedirectResponse(target, HTTPStatus.PERMANENT_REDIRECT)
        if request.url.path.startswith("/v1") or "text/html" not in request.headers.get("accept", ""):
            response = previous_handler(request, error)
            return response if isinstance(response, Response) else await response
        what = build_problem(error.status_code, "not_found", "There is no page at this address.")
        return await error_page(request, what, error.headers)

    app.add_exception_handler(HTTPException, on_http_error)


def _without_slash(request: Request) -> str | None:
    """Return the address without slashes at its end if a route has it, else None.

    It is relative: an absolute one would repeat the `Host` that somebody sent, and the scheme that a proxy replaced.
    """
    path = request.url.path
    shorter = path.rstrip("/")
    if path == shorter or not shorter:
        return None
    scope = {**request.scope, "path": shorter}
    if not any(route.matches(scope)[0] is Match.FULL for route in request.app.routes):
        return None
    return f"{shorter}?{request.url.query}" if request.url.query else shorter
