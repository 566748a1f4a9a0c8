"""Pushed documents: their format by ``Content-Type`` or by what is seen in them, and their records one by one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final

from services.api.middleware.body_limits import check_nesting
from services.api.problems import FieldError, ProblemError, invalid_input_problem
from services.ingest import formats
from services.ingest.formats.article_json import ARTICLE_JSON
from services.ingest.formats.document import Document
from services.ingest.formats.feed_format import (
    FeedFormat,
    FormatError,
    ParsedArticle,
    ParseOptions,
    Record,
    Syntax,
)
from services.ingest.formats.ndjson import NDJSON
from services.settings import Limits

# Media types under which senders push anything: the default of curl, of many clients, and XML in general.
_ANYTHING: Final = frozenset({
    "", "*/*", "application/octet-stream", "application/x-www-form-urlencoded", "application/xml", "text/xml",
})  # fmt: skip
_JSON_SUFFIX: Final = "+json"
_XML_SUFFIX: Final = "+xml"
_SENT: Final = ", ".join(feed_format.content_types[0] for feed_format in formats.FORMATS if feed_format.content_types)


@dataclass(frozen=True, slots=True)
class PushedDocument:
    """A document in a known format, split into its records.

    ``is_container``: it is of a kind that can have several articles, so that its answer is that of a batch.
    """

    feed_format: FeedFormat
    records: list[Record]
    is_container: bool
    options: ParseOptions
    limits: Limits

    def parse(self, record: Record) -> ParsedArticle:
        """Return the article of a record.

        Raises `ProblemError`: 413 (too large), 400 (broken syntax), 422 (not an article).
        """
        if isinstance(record.content, bytes):
            if len(record.content) > self.limits.body_bytes:
                raise ProblemError(413, "body_too_large", f"the line is larger than {self.limits.body_bytes} bytes")
            check_nesting(record.content, self.limits.nesting)
        try:
            return self.feed_format.article(record, self.options)
        except FormatError as error:
            raise problem_from_format_error(error) from error


def read_document(
    body: bytes, content_type: str, limits: Limits, feed: str | None, *, is_batch: bool
) -> PushedDocument:
    """Return the pushed document. ``is_batch``: it came to the path of batches, where NDJSON is the default.

    Raises `ProblemError`: 415 (no known format), 400 (broken syntax, nested too deeply, an empty batch), 413 (too many
    records), 422 (a document without what its format needs).
    """
    document = Document(body, content_type)
    options = ParseOptions(feed=feed, markup_nesting=limits.markup_nesting, markup_elements=limits.markup_elements)
    try:
        feed_format = _format_of(document, is_batch=is_batch)
        if feed_format.syntax is Syntax.JSON and feed_format is not NDJSON:
            check_nesting(body, limits.nesting + 1 if is_batch else limits.nesting)
        records, is_container = feed_format.contents(document, options)
    except FormatError as error:
        raise problem_from_format_error(error) from error
    bounded = _bounded_records(records, feed_format, limits)
    return PushedDocument(feed_format, bounded, is_container or is_batch, options, limits)


def problem_from_format_error(error: FormatError) -> ProblemError:
    """Return the answer to a document or record that its format does not allow; its detail names the format."""
    fields = [FieldError(field=reason.field, reason=reason.reason) for reason in error.reasons]
    problem = invalid_input_problem(fields, 400 if error.malformed else 422)
    code = "no_text" if error.without_text else problem.code
    detail = f"{error.format}: {problem.detail}" if error.format else problem.detail
    return ProblemError(problem.status, code, detail, errors=problem.errors)


def _format_of(document: Document, *, is_batch: bool) -> FeedFormat:
    """Return the format of a document. Raises `ProblemError` (415) and `FormatError` (XML of an unknown kind)."""
    media_type = document.media_type
    declared = formats.for_content_type(media_type)
    if declared is None and media_type.endswith(_JSON_SUFFIX):
        declared = ARTICLE_JSON
    is_known = declared is not None or media_type in _ANYTHING or media_type.endswith(_XML_SUFFIX)
    feed_format = formats.detect(document, declared) if is_known or is_batch else None
    if is_batch and declared is None and (feed_format is None or feed_format.syntax is Syntax.JSON):
        is_whole = feed_format is not None and feed_format is not NDJSON and document.is_json_text()
        return feed_format if is_whole and feed_format is not None else NDJSON
    if feed_format is None:
        reason = f"{media_type[:100]!r} is not a format of articles" if media_type else "is missing"
        if is_known:
            reason += ", and the body does not show its format"
        raise ProblemError(415, "media_type", f"Content-Type: {reason}; send one of {_SENT}")
    return feed_format


def _bounded_records(records: Iterable[Record], feed_format: FeedFormat, limits: Limits) -> list[Record]:
    """Return the records as a list. Raises `ProblemError`: 400 (an empty list of articles), 413 (too many records)."""
    unit = feed_format.unit or "record"
    remaining = iter(records)
    bounded = list(islice(remaining, limits.batch_lines))
    if not bounded and feed_format in {NDJSON, ARTICLE_JSON}:  # a feed may be empty for a while
        raise ProblemError(400, "empty_batch", f"the body has no {unit}")
    excess = sum(1 for _ in remaining)
    if excess:
        plural = "entries" if unit == "entry" else f"{unit}s"
        number = len(bounded) + excess
        detail = f"the batch has {number} {plural}; {limits.batch_lines} are allowed, and none was accepted"
        raise ProblemError(413, "batch_too_long", detail)
    return bounded
