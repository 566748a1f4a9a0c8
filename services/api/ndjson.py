"""NDJSON: a batch is lines, a line is an article."""

from __future__ import annotations

from pydantic import ValidationError

from services.api.middleware.body_limits import check_depth
from services.api.problems import ProblemError, field_errors, invalid
from services.contracts import Article
from services.settings import Limits


def split_lines(body: bytes, limits: Limits) -> list[tuple[int, bytes]]:
    """The lines that hold something, each with its number from 1.

    Raises ProblemError: 413 where they are more than ``batch_lines``, 400 where there are none.
    """
    lines = [(number, line) for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
    if not lines:
        raise ProblemError(400, "empty_batch", "the body holds no line")
    if len(lines) > limits.batch_lines:
        detail = f"the batch has {len(lines)} lines; {limits.batch_lines} are allowed, and none was taken in"
        raise ProblemError(413, "batch_too_long", detail)
    return lines


def parse_line(line: bytes, limits: Limits) -> Article:
    """The article of one line. Raises ProblemError: 413 (too large), 400 (no JSON, too deep), 422 (not an article)."""
    if len(line) > limits.body_bytes:
        raise ProblemError(413, "body_too_large", f"the line is larger than {limits.body_bytes} bytes")
    check_depth(line, limits.nesting)
    try:
        return Article.model_validate_json(line)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        malformed = any(one["type"] == "json_invalid" for one in found)
        shown = invalid(field_errors(found), 400 if malformed else 422)
        raise ProblemError(shown.status, shown.code, shown.detail, errors=shown.errors) from error
