"""RSS (0.9x, 1.0, 2.0) and Atom: feeds and single Atom entries, as feedparser reads them.

feedparser knows what real feeds contain: their versions, modules and habits. It gets the bytes of the document, so it
fetches nothing, and it leaves the markup as it is, since a worker cleans it. Its parser for feeds that are not
well-formed takes time that grows with the square of their length, so those are repaired before.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, Final

from services.contracts import MediaType, Warned
from services.ingest.formats.article_builder import ArticleBuilder, Body, one_line, text_from_markup
from services.ingest.formats.document import Document
from services.ingest.formats.encodings import decode_markup
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
from services.ingest.formats.xml_repair import repair_xml
from services.ingest.formats.xml_tree import build_tree

_RSS_ROOTS: Final = frozenset({"rss", "rdf", "channel"})
_ATOM_ROOTS: Final = frozenset({"feed", "entry"})
_HTML_TYPES: Final = frozenset({"text/html", "application/xhtml+xml"})
_DATES: Final = ("published", "updated", "created")
_CONSUMED: Final = frozenset({
    "id", "guidislink", "link", "links", "title", "title_detail", "summary", "summary_detail", "content", "author",
    "author_detail", "authors", "published", "published_parsed", "updated", "updated_parsed", "created",
    "created_parsed", "tags", "language", "source", "media_content", "media_thumbnail", "comments", "wfw_commentrss",
    "slash_comments", "expired_parsed", "href",
})  # fmt: skip
_Content = tuple[Mapping[str, Any], Mapping[str, Any], tuple[Warned, ...]]  # entry, feed, warnings


def _split(document: Document, options: ParseOptions) -> Contents:
    text, warnings = decode_markup(document.content, document.charset)
    try:
        build_tree(text, options)
    except FormatError as error:
        if not error.malformed:
            raise
        text = repair_xml(text)
        build_tree(text, options)
        detail = f"{error.reasons[0].reason}; the document was repaired"
        warnings = (*warnings, Warned(code="markup_repaired", detail=detail))
    feed = _read(text)
    is_entry = document.root == "entry"
    # Plain dictionaries: feedparser's own map some names to others.
    entries = [dict(entry) for entry in feed["entries"]]
    if not entries and (is_entry or not feed["feed"]):
        raise FormatError(FieldReason("", "there is no channel, feed or item in it"))
    records = [Record(number, (entry, feed["feed"], warnings)) for number, entry in enumerate(entries, 1)]
    return Contents(records, is_container=not is_entry)


def _read(text: str) -> Mapping[str, Any]:
    """Return feedparser's record of a feed. It works on UTF-8, since the encoding has been decided."""
    import feedparser  # slow to import, and not needed by feeds of other formats

    headers = {"content-type": "application/xml; charset=utf-8"}
    parsed: Mapping[str, Any] = feedparser.parse(
        io.BytesIO(text.encode("utf-8", "replace")),
        response_headers=headers,
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    return parsed


def _parse(
    content: tuple[Mapping[str, Any], Mapping[str, Any], tuple[Warned, ...]], options: ParseOptions
) -> ParsedArticle:
    entry, feed, warnings = content
    bodies = [_body("content", part) for part in entry.get("content", ())]
    summary = entry.get("summary_detail")
    if summary:
        bodies.append(_body("summary", summary))
    languages = [part.get("language") for part in entry.get("content", ())]
    builder = ArticleBuilder(
        bodies=[body for body in bodies if body is not None],
        guid=one_line(entry.get("id")) or one_line(entry.get("link")),
        url=one_line(entry.get("link")),
        title=_title(entry),
        byline=_authors(entry) or _authors(feed),
        language=next(filter(None, languages), None) or one_line(feed.get("language")),
        dates=[(name, entry.get(name)) for name in _DATES],
        metadata=_metadata(entry, feed),
        warnings=list(warnings),
    )
    return builder.build(options, "description")


def _body(field: str, part: Mapping[str, Any]) -> Body | None:
    text = part.get("value")
    if not isinstance(text, str):
        return None
    # RSS does not say what a description is; one without any markup keeps its line breaks as plain text.
    is_html = part.get("type") in _HTML_TYPES and ("<" in text or "&" in text)
    return Body(text, MediaType.HTML, field) if is_html else Body.guess(text, field)


def _title(entry: Mapping[str, Any]) -> str | None:
    detail = entry.get("title_detail") or {}
    title = entry.get("title")
    return one_line(title) if detail.get("type") == "text/plain" and "<" not in str(title) else text_from_markup(title)


def _authors(entry: Mapping[str, Any]) -> str | None:
    names = [one_line(author.get("name")) for author in entry.get("authors", ()) if isinstance(author, Mapping)]
    return one_line(", ".join(name for name in names if name)) or one_line(entry.get("author"))


def _metadata(entry: Mapping[str, Any], feed: Mapping[str, Any]) -> dict[str, Any]:
    """Return tags, summary and source, and the texts of further elements under feedparser's names."""
    tags = [tag for tag in entry.get("tags", ()) if isinstance(tag, Mapping)]
    schemes = [{"code": tag.get("term"), "name": tag.get("label"), "scheme": tag.get("scheme")} for tag in tags]
    source = entry.get("source")
    contents = [part.get("value") for part in entry.get("content", ())]
    summary = entry.get("summary")
    metadata: dict[str, Any] = {
        "tags": [term for tag in tags if (term := text_from_markup(tag.get("label") or tag.get("term")))],
        "subjects": [scheme for scheme in schemes if scheme["scheme"]],
        "summary": text_from_markup(summary) if contents and summary not in contents else None,
        "source": one_line((source or {}).get("title")) or one_line(feed.get("title")),
    }
    for name, value in entry.items():
        if name not in _CONSUMED and not name.endswith(("_parsed", "_detail")) and isinstance(value, str):
            metadata.setdefault(name, value)
    return metadata


RSS: Final = FeedFormat(
    name="RSS",
    content_types=("application/rss+xml", "application/rdf+xml"),
    suffixes=(".rss", ".rdf"),
    syntax=Syntax.XML,
    unit="item",
    sniff=lambda document: document.root.lower() in _RSS_ROOTS,
    split=_split,
    parse=_parse,
)

ATOM: Final = FeedFormat(
    name="Atom",
    content_types=("application/atom+xml",),
    suffixes=(".atom",),
    syntax=Syntax.XML,
    unit="entry",
    sniff=lambda document: document.root.lower() in _ATOM_ROOTS,
    split=_split,
    parse=_parse,
)
