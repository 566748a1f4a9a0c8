"""JSON Feed 1 and 1.1: a feed with items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.contracts import MediaType
from services.ingest.formats.article_builder import ArticleBuilder, Body, one_line, text_from_markup
from services.ingest.formats.document import Document
from services.ingest.formats.feed_format import (
    Contents,
    FeedFormat,
    FieldReason,
    FormatError,
    ParsedArticle,
    ParseOptions,
    Record,
    Syntax,
)

_SIGN: Final = "jsonfeed.org/version/"
_CONSUMED: Final = frozenset({
    "id", "url", "title", "content_html", "content_text", "summary", "date_published", "date_modified", "author",
    "authors", "language", "tags", "image", "banner_image",
})  # fmt: skip


def _sniff(document: Document) -> bool:
    return _SIGN in str(document.json_object().get("version", ""))


def _split(document: Document, options: ParseOptions) -> Contents:
    del options
    feed = document.json_value
    if not isinstance(feed, dict):
        raise FormatError(FieldReason("", "is not a JSON object"))
    items = feed.get("items")
    if not isinstance(items, list):
        raise FormatError(FieldReason("items", "is missing or is not a list"))
    return Contents([Record(number, (item, feed)) for number, item in enumerate(items, 1)], is_container=True)


def _parse(content: tuple[Any, Mapping[str, Any]], options: ParseOptions) -> ParsedArticle:
    item, feed = content
    if not isinstance(item, dict):
        raise FormatError(FieldReason("", "is not a JSON object"))
    texts = (("content_html", MediaType.HTML), ("content_text", MediaType.TEXT))
    summary = item.get("summary")
    tags = item.get("tags")
    builder = ArticleBuilder(
        bodies=[Body(item[name], kind, name) for name, kind in texts if isinstance(item.get(name), str)],
        summary=Body(summary, MediaType.TEXT, "summary") if isinstance(summary, str) else None,
        guid=one_line(item.get("id")) or one_line(item.get("url")),
        url=one_line(item.get("url")) or one_line(item.get("external_url")),
        title=text_from_markup(item.get("title")),
        byline=_authors(item) or _authors(feed),
        language=one_line(item.get("language")) or one_line(feed.get("language")),
        dates=[(name, item.get(name)) for name in ("date_published", "date_modified")],
        metadata={
            "tags": [tag for tag in map(one_line, tags if isinstance(tags, list) else []) if tag],
            "summary": one_line(summary) if isinstance(summary, str) else None,
            "source": one_line(feed.get("title")),
            **{name: value for name, value in item.items() if name not in _CONSUMED},
        },
    )
    return builder.build(options, "content_html")


def _authors(item: Mapping[str, Any]) -> str | None:
    """Return the names of ``authors`` (1.1) or ``author`` (1)."""
    authors = item.get("authors")
    entries = authors if isinstance(authors, list) else [item.get("author")]
    names = [one_line(entry.get("name")) for entry in entries if isinstance(entry, dict)]
    return one_line(", ".join(name for name in names if name))


JSON_FEED: Final = FeedFormat(
    name="JSON Feed",
    content_types=("application/feed+json",),
    suffixes=(),
    syntax=Syntax.JSON,
    unit="item",
    sniff=_sniff,
    split=_split,
    parse=_parse,
)
