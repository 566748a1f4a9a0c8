"""NewsML 1.x, the predecessor of NewsML-G2, which agencies still send: news items with nested components."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any, Final
from xml.etree.ElementTree import Element

from services.contracts import MediaType, Warned
from services.ingest.formats.article_builder import ArticleBuilder, Body, one_line
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
from services.ingest.formats.nitf import nitf_body
from services.ingest.formats.xml_markup import inner_html
from services.ingest.formats.xml_tree import (
    XML_LANG,
    attribute,
    child,
    children,
    descendants,
    local_name,
    parse_xml,
    text_at,
    text_of,
)

_ROOT: Final = "NewsML"
_BLANK_LINES: Final = re.compile(r"\n[ \t]*\n")


def _split(document: Document, options: ParseOptions) -> Contents:
    root, warnings = parse_xml(document, options)
    if local_name(root) != _ROOT:
        raise FormatError(FieldReason("", f"the root element is <{local_name(root)[:60]}>, not <{_ROOT}>"))
    items = list(children(root, "NewsItem"))
    if not items:
        raise FormatError(FieldReason("NewsItem", "is missing"))
    return Contents([Record(number, (item, warnings)) for number, item in enumerate(items, 1)], is_container=True)


def _parse(content: tuple[Element, tuple[Warned, ...]], options: ParseOptions) -> ParsedArticle:
    item, warnings = content
    identifier = child(item, "Identification", "NewsIdentifier")
    management = child(item, "NewsManagement")
    lines = next(descendants(item, "NewsLines"), None)
    builder = ArticleBuilder(
        bodies=list(_bodies(item)),
        guid=_guid(identifier),
        version=text_at(identifier, "RevisionId"),
        title=text_at(lines, "HeadLine") or next(filter(None, map(_text, descendants(item, "HeadLine"))), None),
        byline=text_at(lines, "ByLine"),
        language=attribute(next(descendants(item, "Language"), None), "FormalName") or item.get(XML_LANG),
        dates=[(name, text_at(management, name)) for name in ("ThisRevisionCreated", "FirstCreated")],
        metadata=_metadata(item, management, lines),
        warnings=list(warnings),
    )
    kind = attribute(next(descendants(item, "MediaType"), None), "FormalName")
    if not builder.bodies and kind and kind.lower() != "text":
        raise FormatError(FieldReason("MediaType", f"is {kind[:60]!r}, and the item has no text"), without_text=True)
    return builder.build(options, "DataContent")


def _guid(identifier: Element | None) -> str | None:
    """Return what identifies a story through its revisions: provider, date and item."""
    parts = [text_at(identifier, name) for name in ("ProviderId", "DateId", "NewsItemId")]
    return ":".join(filter(None, parts)) if parts[2] else text_at(identifier, "PublicIdentifier")


def _bodies(item: Element) -> Iterator[Body]:
    """Yield the text of a news item: its components in order, or the longest of equivalent ones."""
    parts = [part for component in children(item, "NewsComponent") for part in _component_bodies(component)]
    if len(parts) == 1:
        yield parts[0]
    elif parts:
        yield Body("\n".join(map(_as_html, parts)), MediaType.HTML, "DataContent")


def _component_bodies(component: Element) -> list[Body]:
    parts: list[Body] = []
    for each in children(component, "ContentItem", "NewsComponent"):
        parts += _component_bodies(each) if local_name(each) == "NewsComponent" else _content_bodies(each)
    if attribute(component, "EquivalentsList") == "yes":
        parts = [max(parts, key=Body.words)] if parts else []
    return parts


def _content_bodies(content: Element) -> Iterator[Body]:
    for data in descendants(content, "DataContent"):
        field = "DataContent"
        story = next(descendants(data, "nitf", "body"), None)
        body = nitf_body(story) if story is not None else None
        if body is None or not body.text:
            body = Body(inner_html(data), MediaType.HTML, field) if len(data) else Body.guess(text_of(data), field)
        if body.text.strip():
            yield body


def _as_html(body: Body) -> str:
    if body.media_type is MediaType.HTML:
        return body.text
    paragraphs = _BLANK_LINES.split(body.text.strip())
    return "".join(f"<p>{html.escape(paragraph, quote=False)}</p>" for paragraph in paragraphs)


def _metadata(item: Element, management: Element | None, lines: Element | None) -> dict[str, Any]:
    codes = [
        attribute(code, "FormalName")
        for subject in descendants(item, "SubjectCode")
        for code in children(subject, "Subject", "SubjectMatter", "SubjectDetail")
    ]
    status = (attribute(child(management, "Status"), "FormalName") or "").lower()
    return {
        "tags": [text for line in children(lines, "KeywordLine") if (text := one_line(text_of(line)))],
        "subjects": [{"code": code} for code in codes if code],
        "subtitle": text_at(lines, "SubHeadLine"),
        "slugline": text_at(lines, "SlugLine"),
        "dateline": text_at(lines, "DateLine"),
        "copyright": text_at(lines, "CopyrightLine"),
        "source": attribute(next(descendants(item, "Party"), None), "FormalName"),
        "urgency": attribute(child(management, "Urgency"), "FormalName"),
        "embargoed": text_at(management, "StatusWillChange", "DateAndTime") if status == "embargoed" else None,
        "pubstatus": status,
        "versioncreated": text_at(management, "ThisRevisionCreated"),
        "firstcreated": text_at(management, "FirstCreated"),
    }


def _text(element: Element) -> str | None:
    return one_line(text_of(element))


NEWSML: Final = FeedFormat(
    name="NewsML 1",
    content_types=("text/vnd.iptc.newsml",),
    suffixes=(),
    syntax=Syntax.XML,
    unit="item",
    sniff=lambda document: document.root == _ROOT,
    split=_split,
    parse=_parse,
)
