"""JSON values that describe one article: Stancewire's own JSON, or an object of another JSON format."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from services.contracts import Article, Warned
from services.ingest.formats.dates import read_date
from services.ingest.formats.feed_format import FormatError, ParsedArticle, ParseOptions
from services.ingest.formats.ninjs import NINJS, is_ninjs
from services.ingest.formats.schema_org import SCHEMA_ORG, is_schema_org


def parse_object(value: Any, options: ParseOptions) -> ParsedArticle:
    """Return the article that a JSON value describes, in whichever format it is.

    Raises `FormatError`, and Pydantic's `ValidationError` for Stancewire's own JSON.
    """
    if isinstance(value, dict) and "body" not in value:
        for feed_format, matches in ((SCHEMA_ORG, is_schema_org), (NINJS, is_ninjs)):
            if matches(value):
                return _parse_as(feed_format.name, feed_format.parse, value, options)
    return _parse_own(value, options)


def _parse_as(name: str, parse: Any, value: Any, options: ParseOptions) -> ParsedArticle:
    """Parse a value of another format, and name that format in errors."""
    try:
        parsed: ParsedArticle = parse(value, options)
    except ValidationError as error:
        located = FormatError.of(error)
        located.format = name
        raise located from error
    except FormatError as error:
        error.format = name
        raise
    return parsed


def _parse_own(value: Any, options: ParseOptions) -> ParsedArticle:
    """Return the article of Stancewire's own JSON, whose date may be in any form."""
    warnings: tuple[Warned, ...] = ()
    if isinstance(value, dict):
        value = options.defaults() | value
        if options.text_as_body and "body" not in value and "text" in value:
            value["body"] = value.pop("text")
        published = value.get("published_at")
        if isinstance(published, str | int | float) and not isinstance(published, bool):
            value["published_at"], warnings = read_date(published)
    return ParsedArticle(Article.model_validate(value), warnings)
