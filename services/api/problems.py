"""Errors over HTTP: ``application/problem+json`` (RFC 9457) with a stable ``code`` and, for bad input, fields and reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from services.api.middleware.security_headers import ON_EVERY_ANSWER
from services.api.openapi import PROBLEM_TYPE, RETRY_AFTER
from services.errors import (
    Conflict,
    Forbidden,
    Gone,
    NotFound,
    Refused,
    StancewireError,
    StoreUnavailable,
    Unauthenticated,
)
from services.jobs.accept import KeyReused

log = structlog.get_logger(__name__)

MEDIA_TYPE: Final = PROBLEM_TYPE
_METHODS: Final = ("DELETE", "GET", "PATCH", "POST", "PUT")
_STORE_RETRY_S: Final = 5
_ERRORS: Final = 20  # named in one answer; a body may hold a million wrong fields
_FIELD: Final = 200  # characters of a field's name, which may be the sender's own
_CHALLENGE: Final = 'Bearer realm="stancewire"'


class FieldError(BaseModel):
    """What is wrong with one field of a request; ``field`` is a dotted path, empty for the whole."""

    field: str
    reason: str


class Problem(BaseModel):
    """The body of every error."""

    type: str = Field(description="urn:stancewire:problem:<code>")
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldError] = Field(default_factory=list)


class ProblemError(Exception):
    """Raised by a route to answer with a problem."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Keep what the answer needs."""
        super().__init__(detail)
        self.problem = problem(status, code, detail, errors)
        self.headers = dict(headers or {})


def problem(status: int, code: str, detail: str, errors: Sequence[FieldError] = ()) -> Problem:
    """Build the body of an error."""
    title = HTTPStatus(status).phrase
    return Problem(
        type=f"urn:stancewire:problem:{code}", title=title, status=status, code=code, detail=detail, errors=list(errors)
    )


# What pydantic says of a body as a whole, in the words of those who send one.
_WHOLE: Final = {
    "missing": "send a JSON object",
    "model_attributes_type": "is no JSON object",
    "model_type": "is no JSON object",
    "dict_type": "is no JSON object",
}


def field_errors(errors: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    """Pydantic's errors as fields and reasons, without the part of a request they were found in."""
    found = []
    for error in errors:
        if error["type"] == "json_invalid":
            found.append(
                FieldError(field="", reason=f"no valid JSON: {error.get('ctx', {}).get('error', error['msg'])}")
            )
            continue
        place = [str(part) for part in error["loc"]]
        if place and place[0] in {"body", "query", "path", "header"} and (len(place) > 1 or error["type"] in _WHOLE):
            place = place[1:]
        reason = _WHOLE.get(error["type"]) if not place else None
        found.append(
            FieldError(field=".".join(place)[:_FIELD], reason=reason or str(error["msg"]).removeprefix("Value error, "))
        )
    return found


def invalid(errors: Sequence[FieldError], status: int = 422) -> Problem:
    """The problem for input of the wrong shape."""
    first = errors[0] if errors else FieldError(field="", reason="is not valid")
    detail = f"{first.field}: {first.reason}" if first.field else first.reason
    if len(errors) > 1:
        detail += f" (and {len(errors) - 1} more)"
    return problem(status, "invalid", detail, errors[:_ERRORS])


def from_error(error: StancewireError) -> ProblemError:
    """What a raised error of ours means over HTTP."""
    if isinstance(error, Refused):
        return ProblemError(error.status, error.code, error.detail, headers={"Retry-After": str(error.retry_after)})
    if isinstance(error, StoreUnavailable):
        detail = "the database does not answer; nothing was taken in"
        return ProblemError(503, error.code, detail, headers={"Retry-After": str(_STORE_RETRY_S)})
    if isinstance(error, Unauthenticated):  # challenges after RFC 6750
        invalid_token = "" if error.code == "key_missing" else ', error="invalid_token"'
        return ProblemError(401, error.code, error.detail, headers={"WWW-Authenticate": f"{_CHALLENGE}{invalid_token}"})
    if isinstance(error, Forbidden):
        lacking = f', error="insufficient_scope", scope="{error.scope}"' if error.scope else ""
        return ProblemError(
            403, error.code, error.detail, headers={"WWW-Authenticate": _CHALLENGE + lacking} if lacking else None
        )
    statuses: dict[type[StancewireError], int] = {NotFound: 404, Conflict: 409, Gone: 410, KeyReused: 422}
    return ProblemError(statuses.get(type(error), 500), error.code, error.detail)


def answer(body: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The response that carries a problem."""
    return JSONResponse(body.model_dump(), body.status, headers=headers, media_type=MEDIA_TYPE)


def note(scope: Scope, code: str) -> None:
    """Remember with which problem a request is answered, for whoever observes it from the outside."""
    scope.setdefault("state", {})["problem"] = code


def code_of(scope: Scope) -> str | None:
    """The problem that a request was answered with, if any."""
    code = scope.get("state", {}).get("problem")
    return None if code is None else str(code)


def install(app: FastAPI) -> None:
    """Answer every error of ``app`` with a problem."""

    def answered(request: Request, body: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
        note(request.scope, body.code)
        return answer(body, headers)

    async def on_problem(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, ProblemError)  # noqa: S101 -- registered for this class alone
        return answered(request, error.problem, error.headers)

    async def on_ours(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, StancewireError)  # noqa: S101 -- registered for this class alone
        if isinstance(error, StoreUnavailable):
            log.warning("store_unavailable", reason=error.detail)
        known = from_error(error)
        return answered(request, known.problem, known.headers)

    async def on_invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101 -- registered for this class alone
        if any(found["loc"] == ("body",) and found["type"] != "missing" for found in error.errors()) and not _is_json(
            request
        ):
            return answered(request, problem(415, "media_type", "Content-Type: send application/json"))
        malformed = any(found["type"] == "json_invalid" for found in error.errors())
        return answered(request, invalid(field_errors(error.errors()), 400 if malformed else 422))

    async def on_http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101 -- registered for this class alone
        unreadable = _unreadable(error)
        if unreadable:
            return answered(request, invalid([FieldError(field="", reason=unreadable)], HTTPStatus.BAD_REQUEST))
        code = HTTPStatus(error.status_code).name.lower()
        headers = {"Allow": _allowed(request)} if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED else error.headers
        return answered(request, problem(error.status_code, code, str(error.detail)), headers)

    async def on_defect(request: Request, _error: Exception) -> JSONResponse:
        # This handler stands outside of all middleware, so its answer has to bring the headers of every answer itself.
        return answered(request, problem(500, "internal", "a defect of ours; it was logged"), ON_EVERY_ANSWER)

    app.add_exception_handler(ProblemError, on_problem)
    app.add_exception_handler(StancewireError, on_ours)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(Exception, on_defect)


def _unreadable(error: HTTPException) -> str:
    """Why FastAPI could not read a body as JSON, where it does not tell; nothing for any other error."""
    cause = error.__cause__
    if isinstance(cause, UnicodeDecodeError):
        return f"is no UTF-8: byte {cause.object[cause.start]:#04x} at offset {cause.start}"
    if isinstance(cause, ValueError):
        return "no valid JSON: holds a number of too many digits"
    return ""


def _allowed(request: Request) -> str:
    """All methods of a path; the router names those of the first route that has it."""
    scopes = {method: {**request.scope, "method": method} for method in _METHODS}
    routes = request.app.routes
    return ", ".join(
        method for method, scope in scopes.items() if any(r.matches(scope)[0] is Match.FULL for r in routes)
    )


def _is_json(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() in {
        "application/json",
        "text/json",
    }


_RETRIED: Final = frozenset({409, 429, 503})
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    status: {
        "model": Problem,
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {}},
        **({"headers": RETRY_AFTER} if status in _RETRIED else {}),
    }
    for status in (400, 401, 403, 404, 406, 409, 410, 413, 415, 422, 429, 503)
}


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems that a route under ``/v1`` documents in OpenAPI: these, and what each may answer for the key's sake."""
    return {status: RESPONSES[status] for status in sorted({*statuses, 401, 403, 429, 503})}
