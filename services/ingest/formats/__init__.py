"""The formats in which feeds send articles: a module for each, and this registry of all of them."""

from __future__ import annotations

from typing import Final

from services.ingest.formats.article_json import ARTICLE_JSON
from services.ingest.formats.document import Document
from services.ingest.formats.feed_format import FeedFormat, FieldReason, FormatError, Syntax
from services.ingest.formats.html_page import HTML_PAGE
from services.ingest.formats.json_feed import JSON_FEED
from services.ingest.formats.ndjson import NDJSON
from services.ingest.formats.newsml import NEWSML
from services.ingest.formats.newsml_g2 import NEWSML_G2
from services.ingest.formats.ninjs import NINJS
from services.ingest.formats.nitf import NITF
from services.ingest.formats.plain_text import PLAIN_TEXT
from services.ingest.formats.schema_org import SCHEMA_ORG
from services.ingest.formats.syndication import ATOM, RSS

# The first format whose `sniff` matches is taken, so a narrower format comes before a wider one.
FORMATS: Final[tuple[FeedFormat, ...]] = (
    NEWSML_G2,
    NEWSML,
    NITF,
    RSS,
    ATOM,
    NDJSON,
    JSON_FEED,
    SCHEMA_ORG,
    NINJS,
    ARTICLE_JSON,
    HTML_PAGE,
    PLAIN_TEXT,
)


def for_content_type(content_type: str) -> FeedFormat | None:
    """Return the format of a ``Content-Type`` header, whose parameters are ignored; None if no format has it."""
    media_type = content_type.partition(";")[0].strip().lower()
    return next((feed_format for feed_format in FORMATS if media_type in feed_format.content_types), None)


def for_suffix(suffix: str) -> FeedFormat | None:
    """Return the format of a file name's suffix (with the dot, in any case); None if no format has it."""
    return next((feed_format for feed_format in FORMATS if suffix.lower() in feed_format.suffixes), None)


def sniff(document: Document) -> FeedFormat:
    """Return the format that a document appears to be in; plain text if no other matches."""
    return next(feed_format for feed_format in FORMATS if feed_format.sniff(document))


def detect(document: Document, declared: FeedFormat | None = None) -> FeedFormat | None:
    """Return the format of a document; None if it is not in any. Raises `FormatError` for XML of an unknown kind.

    JSON and XML show what they are, so what is seen decides even where the sender declared another format: real feeds
    send Atom as RSS, and NITF as plain text. Where only HTML or plain text is seen, ``declared`` decides. A document
    that was declared as nothing in particular has to show its format.
    """
    seen = sniff(document)
    if seen.syntax is Syntax.JSON and declared is not None and declared.syntax is not Syntax.JSON:
        # "[Reuters] ..." begins like JSON.
        return seen if seen is NDJSON or document.is_json_text() else declared
    if seen.syntax in {Syntax.XML, Syntax.JSON}:
        return declared if declared is NDJSON and seen.syntax is Syntax.JSON else seen
    if seen is PLAIN_TEXT and document.root and (declared is None or declared.syntax is Syntax.XML):
        names = ", ".join(feed_format.name for feed_format in FORMATS if feed_format.syntax is Syntax.XML)
        error = FormatError(FieldReason("", f"the root element is <{document.root[:60]}>; known kinds are {names}"))
        error.format = "XML"
        raise error
    if declared is not None:
        return declared
    return None if seen is PLAIN_TEXT else seen
