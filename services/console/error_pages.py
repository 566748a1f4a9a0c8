"""Errors as pages: what happened, in words, and where to go from there."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from services.api.problems import Problem, ProblemError, field_errors, from_error, invalid, problem
from services.console.page_context import PageContext, offline_page_context, open_page_context
from services.errors import StancewireError, StoreUnavailable, Unauthenticated

log = structlog.get_logger(__name__)

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_HEADINGS: Final[Mapping[int, str]] = {
    400: "That was not understood",
    401: "Log in first",
    403: "Not allowed",
    404: "Nothing here",
    409: "That is not possible now",
    410: "Gone for good",
    413: "Too long",
    422: "That was not understood",
    429: "Too many at once",
    500: "Something broke",
    503: "Not now",
}


class PageRoute(APIRoute):
    """A route whose errors are answered with pages."""

    def get_route_handler(self) -> Handler:
        """The route's handler, and a page for what it raises."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except Unauthenticated:
                return _to_login(request)
            except (HTTPException, ProblemError, RequestValidationError, StancewireError) as error:
                known = _understood(error)
                return await error_page(request, known.problem, known.headers)
            except Exception:
                log.exception("page_failed", path=request.url.path)
                return await error_page(request, problem(500, "internal", "A defect of ours; it was logged."))

        return handled


def _understood(error: HTTPException | ProblemError | RequestValidationError | StancewireError) -> ProblemError:
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, StancewireError):
        if isinstance(error, StoreUnavailable):
            log.warning("store_unavailable", reason=error.detail)
        return from_error(error)
    if isinstance(error, HTTPException):  # a form that Starlette does not read, too long for one
        return ProblemError(error.status_code, "form_unreadable", error.detail, headers=error.headers)
    if any(found["loc"][:1] == ("path",) for found in error.errors()):
        return ProblemError(404, "not_found", "there is no such page")
    wrong = invalid(field_errors(error.errors()))
    return ProblemError(wrong.status, wrong.code, wrong.detail, errors=wrong.errors)


def _to_login(request: Request) -> Response:
    """To the form for a key and back here; a part of a page has its page loaded again, which then goes there."""
    context = offline_page_context(request, request.app.state.context)
    if request.headers.get("hx-request"):
        response = context.show(
            "error.html", 401, heading=_HEADINGS[401], detail="", problem=problem(401, "key_missing", "")
        )
        response.headers["HX-Refresh"] = "true"
        return response
    query = f"?{request.url.query}" if request.url.query else ""
    onward = request.url.path + query if request.method == "GET" else "/"
    return context.go("/login", next=onward)


async def error_page(request: Request, what: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The page for a problem."""
    return await run_in_threadpool(_error_page, request, what, headers or {})


def _error_page(request: Request, what: Problem, headers: Mapping[str, str]) -> Response:
    context = _desk(request)
    detail = what.detail[:1].upper() + what.detail[1:]
    heading = _HEADINGS.get(what.status, what.title)
    response = context.show("error.html", what.status, heading=heading, detail=detail, problem=what)
    response.headers.update(dict(headers))
    return response


def _desk(request: Request) -> PageContext:
    try:
        return open_page_context(request, request.app.state.context)
    except StoreUnavailable:
        return offline_page_context(request, request.app.state.context)


def install_not_found(app: FastAPI) -> None:
    """Answer a browser that asks for a page which is not there with a page; all others get what they got before."""
    before = app.exception_handlers[HTTPException]

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 -- registered for this class alone
        if request.url.path.startswith("/v1") or "text/html" not in request.headers.get("accept", ""):
            answer = before(request, error)
            return answer if isinstance(answer, Response) else await answer
        what = problem(error.status_code, "not_found", "There is no page at this address.")
        return await error_page(request, what, error.headers)

    app.add_exception_handler(HTTPException, on_http)
