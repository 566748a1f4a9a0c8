"""The entries of a fetched document: those of a feed with their articles, or the pages of a sitemap."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from services.ingest import formats
from services.ingest.formats.document import Document
from services.ingest.formats.feed_format import (
    FeedFormat,
    FieldReason,
    FormatError,
    ParsedArticle,
    ParseOptions,
    Record,
)
from services.ingest.formats.html_page import HTML_PAGE
from services.ingest.formats.plain_text import PLAIN_TEXT
from services.settings import Limits
from services.sources.links import feeds_of_page
from services.sources.sitemaps import SitemapEntry

SITEMAP: Final = "sitemap"
_DIGEST_CHARS: Final = 16
_GZIP: Final = b"\x1f\x8b"
_SHOWN_FEEDS: Final = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a feed (with its article, or the reason why it has none) or a page of a sitemap (with neither).

    ``digest`` changes with the entry.
    """

    digest: str
    url: str | None = None
    changed_at: datetime | None = None
    title: str | None = None
    parsed: ParsedArticle | None = None
    error: FormatError | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """The entries of a document in its own order, and the name of its format."""

    format: str
    entries: list[Entry]


def options_of(feed: str, limits: Limits) -> ParseOptions:
    """Return how documents of a feed are read."""
    return ParseOptions(feed=feed, markup_nesting=limits.markup_nesting, markup_elements=limits.markup_elements)


def read_feed(document: Document, url: str, options: ParseOptions, most: int) -> Listing:
    """Return the first ``most`` entries of a feed in any format. Raises `FormatError`, also for a page or a text."""
    feed_format = formats.detect(document, formats.for_content_type(document.media_type))
    if feed_format is None or feed_format is PLAIN_TEXT:
        raise FormatError(FieldReason("", "is not RSS, Atom, JSON Feed or a sitemap"))
    if feed_format is HTML_PAGE:
        raise _page_refusal(document, url)
    records = feed_format.contents(document, options).records
    return Listing(feed_format.name, list(_entries(feed_format, islice(records, most), options)))


def page_entries(pages: Iterable[SitemapEntry]) -> list[Entry]:
    """Return the pages of a sitemap as entries."""
    return [Entry(_digest(f"{page.url}\n{page.changed_at}"), page.url, page.changed_at, page.title) for page in pages]


def unzipped(content: bytes, max_bytes: int) -> bytes:
    """Return a document without the compression that sitemaps may be stored with. Raises `FormatError`."""
    if not content.startswith(_GZIP):
        return content
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        text = decoder.decompress(content, max_bytes)
    except zlib.error as error:
        raise FormatError.syntax(f"is not gzip: {error}") from error
    if decoder.unconsumed_tail:
        raise FormatError.syntax(f"is larger than {max_bytes} bytes after decompression")
    return text


def _entries(feed_format: FeedFormat, records: Iterable[Record], options: ParseOptions) -> Iterator[Entry]:
    for record in records:
        try:
            parsed = feed_format.article(record, options)
        except FormatError as error:
            yield Entry(_digest(f"{error}\n{record.content!r}"), error=error)
        else:
            article = parsed.article
            content = article.model_dump_json(exclude={"metadata"})  # counters and advertisements change there
            yield Entry(_digest(content), article.url, article.published_at, article.title, parsed)


def _page_refusal(document: Document, url: str) -> FormatError:
    feeds = feeds_of_page(document, url)[:_SHOWN_FEEDS]
    reason = f"is a page; its feeds are {', '.join(feeds)}" if feeds else "is a page, and it names no feed"
    return FormatError(FieldReason("", reason))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_CHARS]
