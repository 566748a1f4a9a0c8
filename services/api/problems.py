"""Errors over HTTP: ``application/problem+json`` (RFC 9457) with a stable ``code``, and the fields of invalid input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.types import Receive, Scope, Send

from services.api.openapi import PROBLEM_TYPE, RETRY_AFTER
from services.api.push_paths import is_push
from services.errors import (
    Conflict,
    Forbidden,
    Gone,
    InvalidInput,
    NotFound,
    Refused,
    StancewireError,
    StoreUnavailable,
    TextTooLong,
    Unauthenticated,
)
from services.jobs.accept import KeyReused

_STORE_RETRY_AFTER_S: Final = 5
_ERRORS_MAX: Final = 20  # field errors in one answer; a body may have a million wrong fields
_FIELD_MAX: Final = 200  # characters of a field's name, which the client may have chosen
_CHALLENGE: Final = 'Bearer realm="stancewire"'

# The status of each error class; subclasses without an entry are answered like their base.
_STATUSES: Final[Mapping[type[StancewireError], int]] = {
    StancewireError: 500,
    NotFound: 404,
    Conflict: 409,
    Gone: 410,
    TextTooLong: 413,
    InvalidInput: 422,
    KeyReused: 422,
}


class FieldError(BaseModel):
    """An error in one field of a request. ``field`` is a dotted path, empty for the request as a whole."""

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
    """An error that is answered with ``problem`` and additional response headers."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Build the problem document."""
        super().__init__(detail)
        self.problem = build_problem(status, code, detail, errors)
        self.headers = dict(headers or {})


def build_problem(status: int, code: str, detail: str, errors: Sequence[FieldError] = ()) -> Problem:
    """Return the problem document of an error."""
    title = HTTPStatus(status).phrase
    return Problem(
        type=f"urn:stancewire:problem:{code}", title=title, status=status, code=code, detail=detail, errors=list(errors)
    )


# Pydantic's errors about a body as a whole, in the words of JSON.
_WHOLE_BODY_REASONS: Final = {
    "missing": "send a JSON object",
    "model_attributes_type": "is not a JSON object",
    "model_type": "is not a JSON object",
    "dict_type": "is not a JSON object",
}


def field_errors(errors: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    """Convert Pydantic's errors. Field paths leave out the part of the request ("body", "query", "path", "header")."""
    return [_field_error(error) for error in errors]


def _field_error(error: Mapping[str, Any]) -> FieldError:
    if error["type"] == "json_invalid":
        cause = error.get("ctx", {}).get("error", error["msg"])
        return FieldError(field="", reason=f"is not valid JSON: {cause}")
    path = [str(part) for part in error["loc"]]
    if (
        path
        and path[0] in {"body", "query", "path", "header"}
        and (len(path) > 1 or error["type"] in _WHOLE_BODY_REASONS)
    ):
        path = path[1:]
    reason = None if path else _WHOLE_BODY_REASONS.get(error["type"])
    return FieldError(
        field=".".join(path)[:_FIELD_MAX], reason=reason or str(error["msg"]).removeprefix("Value error, ")
    )


def invalid_input_problem(errors: Sequence[FieldError], status: int = 422) -> Problem:
    """Return the problem of an input with these errors. Its detail names the first one and counts the others."""
    first = errors[0] if errors else FieldError(field="", reason="is not valid")
    detail = f"{first.field}: {first.reason}" if first.field else first.reason
    if len(errors) > 1:
        detail += f" (and {len(errors) - 1} more)"
    return build_problem(status, "invalid", detail, errors[:_ERRORS_MAX])


def invalid_field(field: str, reason: str) -> ProblemError:
    """Return the error (422) for one invalid field or parameter."""
    return ProblemError(422, "invalid", f"{field}: {reason}", errors=[FieldError(field=field, reason=reason)])


def problem_from_error(error: StancewireError, *, push: bool = False) -> ProblemError:
    """Map an error of the services to its answer. ``push``: the request, or a line of its batch, pushes an article."""
    if isinstance(error, Refused):
        return ProblemError(error.status, error.code, error.detail, headers={"Retry-After": str(error.retry_after)})
    if isinstance(error, StoreUnavailable):  # its own detail may contain addresses; it is logged instead
        detail = error.summary + ("; nothing was accepted" if push else "")
        return ProblemError(503, error.code, detail, headers={"Retry-After": str(_STORE_RETRY_AFTER_S)})
    if isinstance(error, Unauthenticated):  # the challenges follow RFC 6750
        attributes = "" if error.code == "key_missing" else ', error="invalid_token"'
        return ProblemError(401, error.code, error.detail, headers={"WWW-Authenticate": _CHALLENGE + attributes})
    if isinstance(error, Forbidden):
        attributes = f', error="insufficient_scope", scope="{error.scope}"' if error.scope else ""
        headers = {"WWW-Authenticate": _CHALLENGE + attributes} if attributes else None
        return ProblemError(403, error.code, error.detail, headers=headers)
    status = next(_STATUSES[base] for base in type(error).__mro__ if base in _STATUSES)
    fields = [FieldError(field=error.field, reason=error.reason)] if isinstance(error, InvalidInput) else []
    return ProblemError(status, error.code, error.detail, errors=fields)


def problem_response(scope: Scope, problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return the response with a problem, and store its code in the scope for middleware further out."""
    scope.setdefault("state", {})["problem"] = problem.code
    return JSONResponse(problem.model_dump(), problem.status, headers=headers, media_type=PROBLEM_TYPE)


def problem_code_of(scope: Scope) -> str | None:
    """Return the code of the problem that a request was answered with, or None."""
    code = scope.get("state", {}).get("problem")
    return None if code is None else str(code)


async def send_problem(error: StancewireError | ProblemError, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request from within middleware."""
    if isinstance(error, StancewireError):
        error = problem_from_error(error, push=is_push(scope))
    await problem_response(scope, error.problem, error.headers)(scope, receive, send)


_WITH_RETRY_AFTER: Final = frozenset({409, 429, 503})
_DOCUMENTED: Final[dict[int | str, dict[str, Any]]] = {
    status: {
        "model": Problem,
        "description": HTTPStatus(status).phrase,
        "content": {PROBLEM_TYPE: {}},
        **({"headers": RETRY_AFTER} if status in _WITH_RETRY_AFTER else {}),
    }
    for status in (400, 401, 403, 404, 406, 408, 409, 410, 413, 415, 422, 429, 501, 503)
}


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of a route under ``/v1``: these problems, and those of authentication."""
    return {status: _DOCUMENTED[status] for status in sorted({*statuses, 401, 403, 429, 503})}
