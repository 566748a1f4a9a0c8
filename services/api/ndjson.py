"""Batches as NDJSON: one article per line."""

from __future__ import annotations

from pydantic import ValidationError

from services.api.middleware.body_limits import check_nesting
from services.api.problems import ProblemError, field_errors, invalid_input_problem
from services.contracts import Article
from services.settings import Limits


def split_lines(body: bytes, limits: Limits) -> list[tuple[int, bytes]]:
    """Return the lines that are not blank, each with its number from 1.

    Raises `ProblemError`: 400 if there are none, 413 if there are more than ``limits.batch_lines``.
    """
    lines = [(number, line) for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
    if not lines:
        raise ProblemError(400, "empty_batch", "the body has no line")
    if len(lines) > limits.batch_lines:
        detail = f"the batch has {len(lines)} lines; {limits.batch_lines} are allowed, and none was accepted"
        raise ProblemError(413, "batch_too_long", detail)
    return lines


def parse_line(line: bytes, limits: Limits) -> Article:
    """Parse the article of one line.

    Raises `ProblemError`: 413 (too large), 400 (not JSON, or nested too deeply), 422 (not an article).
    """
    if len(line) > limits.body_bytes:
        raise ProblemError(413, "body_too_large", f"the line is larger than {limits.body_bytes} bytes")
    check_nesting(line, limits.nesting)
    try:
        return Article.model_validate_json(line)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        is_malformed = any(detail["type"] == "json_invalid" for detail in details)
        problem = invalid_input_problem(field_errors(details), 400 if is_malformed else 422)
        raise ProblemError(problem.status, problem.code, problem.detail, errors=problem.errors) from error
