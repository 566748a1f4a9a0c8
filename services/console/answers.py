"""Errors as pages: what happened, in words, and where to go from there."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response

from services.console.desk import desk_of
from services.errors import StancewireError, StoreUnavailable
from services.web.problems import Problem, ProblemError, field_errors, from_error, invalid, problem

log = structlog.get_logger(__name__)

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_HEADINGS: Final[Mapping[int, str]] = {
    400: "That was not understood",
    401: "Log in first",
    403: "Not allowed",
    404: "Nothing here",
    409: "That is not possible now",
    410: "Withdrawn",
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
            except ProblemError as error:
                return error_page(request, error.problem, error.headers)
            except StancewireError as error:
                if isinstance(error, StoreUnavailable):
                    log.warning("store_unavailable", reason=error.detail)
                known = from_error(error)
                return error_page(request, known.problem, known.headers)
            except RequestValidationError as error:
                wrong = field_errors(error.errors())
                in_path = any(found["loc"][:1] == ("path",) for found in error.errors())
                return error_page(request, problem(404, "not_found", "there is no such page") if in_path else invalid(wrong))
            except HTTPException as error:  # a form that Starlette does not read, too long for one
                return error_page(request, problem(error.status_code, "form_unreadable", error.detail), error.headers)
            except Exception:
                log.exception("page_failed", path=request.url.path)
                return error_page(request, problem(500, "internal", "A defect of ours; it was logged."))

        return handled


def error_page(request: Request, what: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The page for a problem."""
    desk = desk_of(request, request.app.state.context)
    detail = what.detail[:1].upper() + what.detail[1:]
    heading = _HEADINGS.get(what.status, what.title)
    response = desk.show("error.html", what.status, heading=heading, detail=detail, problem=what)
    response.headers.update(dict(headers or {}))
    return response


def install_not_found(app: FastAPI) -> None:
    """Answer a browser that asks for a page which is not there with a page; all others get what they got before."""
    before = app.exception_handlers[HTTPException]

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 -- registered for this class alone
        if request.url.path.startswith("/v1") or "text/html" not in request.headers.get("accept", ""):
            answer = before(request, error)
            return answer if isinstance(answer, Response) else await answer
        what = problem(error.status_code, "not_found", "There is no page at this address.")
        return error_page(request, what, error.headers)

    app.add_exception_handler(HTTPException, on_http)
