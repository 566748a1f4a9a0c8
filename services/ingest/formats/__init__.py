"""The formats in which feeds send articles: a module for each, and this registry of all of them."""

from __future__ import annotations

from typing import Final

from services.ingest.formats.article_json import ARTICLE_JSON
from services.ingest.formats.feed_format import FeedFormat
from services.ingest.formats.html_page import HTML_PAGE
from services.ingest.formats.ndjson import NDJSON
from services.ingest.formats.plain_text import PLAIN_TEXT

# `sniff` takes the first format that matches, so a narrower format comes before a wider one.
FORMATS: Final[tuple[FeedFormat, ...]] = (
    NDJSON,
    ARTICLE_JSON,
    HTML_PAGE,
    PLAIN_TEXT,
)


def for_content_type(content_type: str) -> FeedFormat | None:
    """Return the format of a ``Content-Type`` header, whose parameters are ignored; None if no format has it."""
    media_type = content_type.partition(";")[0].strip().lower()
    return next((feed_format for feed_format in FORMATS if media_type in feed_format.content_types), None)


def for_suffix(suffix: str) -> FeedFormat:
    """Return the format of a file name's suffix (with the dot, in any case); plain text if no format has it."""
    return next((feed_format for feed_format in FORMATS if suffix.lower() in feed_format.suffixes), PLAIN_TEXT)


def sniff(document: bytes) -> FeedFormat:
    """Return the format that a document appears to be in, from its first bytes; plain text if no other matches."""
    return next(feed_format for feed_format in FORMATS if feed_format.sniff(document))
