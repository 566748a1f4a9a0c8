"""Batches as NDJSON: one article per line."""

from __future__ import annotations

from typing import Final

from services.api.middleware.body_limits import check_nesting
from services.api.problems import FieldError, ProblemError, invalid_input_problem
from services.contracts import Article
from services.ingest.formats.feed_format import FormatError, ParseOptions, Record
from services.ingest.formats.ndjson import NDJSON
from services.settings import Limits

_OPTIONS: Final = ParseOptions()


def split_lines(body: bytes, limits: Limits) -> list[tuple[int, bytes]]:
    """Return the lines that are not blank, each with its number from 1.

    Raises `ProblemError`: 400 for a blank body, 413 for more lines than ``limits.batch_lines``.
    """
    lines: list[tuple[int, bytes]] = list(NDJSON.records(body))
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
        return NDJSON.article(Record(1, line), _OPTIONS)
    except FormatError as error:
        fields = [FieldError(field=reason.field, reason=reason.reason) for reason in error.reasons]
        problem = invalid_input_problem(fields, 400 if error.malformed else 422)
        raise ProblemError(problem.status, problem.code, problem.detail, errors=problem.errors) from error
