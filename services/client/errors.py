"""The errors of the client. All are `StancewireError`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

if TYPE_CHECKING:
    from .models import Batch, Job

_EXCERPT: Final = 200  # characters of an answer that is not a problem document


class StancewireError(Exception):
    """Base of the client's errors."""


class ConnectionFailed(StancewireError):
    """The service could not be reached, or the connection broke before its answer was complete."""


class UnexpectedAnswer(StancewireError):
    """The answer is not what the API sends: another server or a proxy may have sent it."""


class InvalidWebhook(StancewireError):
    """A webhook is not signed with the secret, is too old, or is not an event."""


class WaitTimedOut(StancewireError):
    """The job did not finish in time. ``job`` is its latest state."""

    def __init__(self, job: Job, timeout_s: float) -> None:
        """Say which job did not finish, and after how many seconds."""
        super().__init__(f"job {job.id} is still {job.state} after {timeout_s:g} s")
        self.job = job


class JobFailed(StancewireError):
    """The job ended without a result. ``job.error`` has the reason."""

    def __init__(self, job: Job) -> None:
        """Say how the job ended, and why."""
        reason = f": {job.error.detail} ({job.error.code})" if job.error else ""
        super().__init__(f"job {job.id} is {job.state}{reason}")
        self.job = job


class BatchInterrupted(StancewireError):
    """A later request of a batch failed; the cause is its error. ``batch`` has the outcomes of the articles before.

    Pushing the same articles again is safe: those that were accepted are answered with their jobs.
    """

    def __init__(self, batch: Batch, reason: StancewireError) -> None:
        """Say how many articles have an outcome, and why the others have none."""
        super().__init__(f"interrupted after {len(batch.items)} articles: {reason}")
        self.batch = batch


class FieldError(BaseModel):
    """An error in one field of a request. ``field`` is a dotted path, empty for the request as a whole."""

    model_config = ConfigDict(frozen=True)

    field: str
    reason: str


class Problem(BaseModel):
    """The problem document (RFC 9457) that the API answers errors with."""

    model_config = ConfigDict(frozen=True, extra="allow")

    status: int
    code: str
    detail: str
    errors: tuple[FieldError, ...] = ()


class ApiError(StancewireError):
    """An error that the API answered.

    status: the HTTP status. code: stable, for programs. detail: for people. errors: the fields of invalid input.
    request_id: names the request in the logs of the service; None if another server answered.
    retry_after_s: after how many seconds a repetition may succeed; None if the answer does not say.
    """

    def __init__(self, problem: Problem, *, request_id: str | None = None, retry_after_s: float | None = None) -> None:
        """Take over the fields of the problem document."""
        super().__init__(f"{problem.status} {problem.code}: {problem.detail}")
        self.status = problem.status
        self.code = problem.code
        self.detail = problem.detail
        self.errors = problem.errors
        self.request_id = request_id
        self.retry_after_s = retry_after_s

    @property
    def field(self) -> str | None:
        """The first field of invalid input."""
        return self.errors[0].field if self.errors else None


class InvalidRequest(ApiError):
    """The request is not valid (400, 405, 406, 408, 413, 415, 422): repeating it does not help."""


class Unauthenticated(ApiError):
    """The key is missing, unknown, expired or revoked (401)."""


class Forbidden(ApiError):
    """The key lacks a scope or the feed (403)."""


class NotFound(ApiError):
    """It does not exist, or the key does not see it (404)."""


class Conflict(ApiError):
    """The state of the job, feed or topic does not allow it (409), such as the result of a job that is not done."""


class Gone(ApiError):
    """It was withdrawn, erased or removed for its age (410)."""


class Refused(ApiError):
    """Too many requests, or the service cannot do it now (429, 503): repeat it after ``retry_after_s`` seconds."""


class ServerError(ApiError):
    """The service, or a server in front of it, failed (any other status)."""


_CLASSES: Final[dict[int, type[ApiError]]] = {
    **dict.fromkeys((400, 405, 406, 408, 413, 415, 422), InvalidRequest),
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    429: Refused,
    503: Refused,
}


def error_from_problem(
    problem: Problem, *, request_id: str | None = None, retry_after_s: float | None = None
) -> ApiError:
    """Return the error of the class that belongs to the problem's status."""
    error_class = _CLASSES.get(problem.status, ServerError)
    return error_class(problem, request_id=request_id, retry_after_s=retry_after_s)


def error_from_response(response: httpx.Response) -> ApiError:
    """Return the error of an answer that is not a success. Its body may come from a server in front of the service."""
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError:
        detail = response.text[:_EXCERPT].strip() or response.reason_phrase
        problem = Problem(status=response.status_code, code=f"http_{response.status_code}", detail=detail)
    return error_from_problem(
        problem, request_id=response.headers.get("X-Request-ID"), retry_after_s=retry_after_s(response)
    )


def retry_after_s(response: httpx.Response) -> float | None:
    """Return the seconds of ``Retry-After``; None without the header, or if it is a date."""
    try:
        return max(0.0, float(response.headers["Retry-After"]))
    except (KeyError, ValueError):
        return None
