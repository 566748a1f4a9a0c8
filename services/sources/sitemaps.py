"""Sitemaps (sitemaps.org), news sitemaps, and indexes of sitemaps: which pages they list, the newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from services.ingest.formats.dates import parse_date
from services.ingest.formats.document import Document
from services.ingest.formats.feed_format import ParseOptions
from services.ingest.formats.xml_tree import child, children, local_name, parse_xml, text_at

_ROOTS: Final = frozenset({"urlset", "sitemapindex"})
# A sitemap has at most 50 000 addresses, with up to ten elements each.
_OPTIONS: Final = ParseOptions(markup_nesting=20, markup_elements=600_000)
_OLDEST: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SitemapEntry:
    """A page. ``changed_at`` is when it was published (news sitemaps) or last changed; None if that is not said."""

    url: str
    changed_at: datetime | None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Sitemap:
    """The pages of a sitemap, or the addresses of the sitemaps of an index; the newest first, undated ones last."""

    pages: list[SitemapEntry]
    sitemaps: list[SitemapEntry]


def is_sitemap(document: Document) -> bool:
    """Return whether a document is a sitemap or an index of sitemaps."""
    return document.root in _ROOTS


def read_sitemap(document: Document) -> Sitemap:
    """Return the addresses of a sitemap. Raises `FormatError`."""
    root, _ = parse_xml(document, _OPTIONS)
    entries = []
    for element in children(root, "url", "sitemap"):
        url = text_at(element, "loc")
        news = child(element, "news")
        dates = (text_at(news, "publication_date"), text_at(element, "lastmod"))
        if url is not None:
            entries.append(SitemapEntry(url, next(filter(None, map(_date, dates)), None), text_at(news, "title")))
    entries.sort(key=lambda entry: entry.changed_at or _OLDEST, reverse=True)
    is_index = local_name(root) == "sitemapindex"
    return Sitemap(pages=[] if is_index else entries, sitemaps=entries if is_index else [])


def _date(text: str | None) -> datetime | None:
    return None if text is None else parse_date(text)
