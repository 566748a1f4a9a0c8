"""Exception handlers that answer the errors of the application with problem documents.

`services.api.middleware.defects` answers every other exception.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from services.api.problems import (
    FieldError,
    ProblemError,
    build_problem,
    field_errors,
    invalid_input_problem,
    problem_from_error,
    problem_response,
)
from services.api.push_paths import is_push
from services.errors import StancewireError, StoreUnavailable

log = structlog.get_logger(__name__)

_METHODS: Final = ("DELETE", "GET", "PATCH", "POST", "PUT")  # HEAD goes with GET, and OPTIONS with any
_JSON_TYPES: Final = frozenset({"application/json", "text/json"})


def install(app: FastAPI) -> None:
    """Register the handlers."""
    app.add_exception_handler(ProblemError, _on_problem_error)
    app.add_exception_handler(StancewireError, _on_stancewire_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)


async def _on_problem_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProblemError)  # noqa: S101 -- registered for this class alone
    return problem_response(request.scope, error.problem, error.headers)


async def _on_stancewire_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StancewireError)  # noqa: S101 -- registered for this class alone
    if isinstance(error, StoreUnavailable):
        log.warning("store_unavailable", fault=error.fault, reason=error.detail)
    mapped = problem_from_error(error, push=is_push(request.scope))
    return problem_response(request.scope, mapped.problem, mapped.headers)


async def _on_validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 -- registered for this class alone
    details = error.errors()
    is_whole_body = any(detail["loc"] == ("body",) and detail["type"] != "missing" for detail in details)
    if is_whole_body and not _is_json(request):
        problem = build_problem(415, "media_type", "Content-Type: send application/json")
    else:
        is_malformed = any(detail["type"] == "json_invalid" for detail in details)
        problem = invalid_input_problem(field_errors(details), 400 if is_malformed else 422)
    return problem_response(request.scope, problem)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 -- registered for this class alone
    reason = _unreadable_body_reason(error)
    if reason:
        problem = invalid_input_problem([FieldError(field="", reason=reason)], HTTPStatus.BAD_REQUEST)
        return problem_response(request.scope, problem)
    headers = error.headers
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {"Allow": _allowed_methods(request)}
        if request.method == "OPTIONS":
            return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)
    code = HTTPStatus(error.status_code).name.lower()
    return problem_response(request.scope, build_problem(error.status_code, code, str(error.detail)), headers)


def _unreadable_body_reason(error: HTTPException) -> str:
    """Return why FastAPI could not read a body as JSON, which its own message leaves out; empty for other errors."""
    cause = error.__cause__
    if isinstance(cause, UnicodeDecodeError):
        return f"is not UTF-8: byte {cause.object[cause.start]:#04x} at offset {cause.start}"
    if isinstance(cause, ValueError):
        return "is not valid JSON: a number has too many digits"
    return ""


def _allowed_methods(request: Request) -> str:
    """Return all methods of a path. Starlette names only those of the first route that matches."""
    scopes = {method: {**request.scope, "method": method} for method in _METHODS}
    routes = request.app.routes
    methods = {
        method for method, scope in scopes.items() if any(route.matches(scope)[0] is Match.FULL for route in routes)
    }
    return ", ".join(sorted(methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())))


def _is_json(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() in _JSON_TYPES
