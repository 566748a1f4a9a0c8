"""NewsML-G2: a news item, or a news message with several.

Packages, concepts, planning items and items without text (pictures, video) are refused one by one, each with its class.
"""

from __future__ import annotations

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
from services.ingest.formats.nitf import nitf_body, nitf_builder
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

_MESSAGE: Final = "newsMessage"
_NEWS_ITEM: Final = "newsItem"
_OTHER_ITEMS: Final = ("packageItem", "conceptItem", "knowledgeItem", "planningItem", "catalogItem", "hop")
_CONTENT: Final = "contentSet"  # alone, as some systems hand it on
_ROOTS: Final = frozenset({_MESSAGE, _NEWS_ITEM, *_OTHER_ITEMS, _CONTENT})
_TEXT_CLASSES: Final = ("text", "composite")
_PUBLISHED: Final = ("versionCreated", "firstCreated")


def _split(document: Document, options: ParseOptions) -> Contents:
    root, warnings = parse_xml(document, options)
    name = local_name(root)
    if name not in _ROOTS:
        raise FormatError(FieldReason("", f"the root element is <{name[:60]}>; a newsMessage or an item is needed"))
    if name != _MESSAGE:
        return Contents([Record(1, (root, warnings))], is_container=False)
    items = [item for item_set in children(root, "itemSet") for item in item_set]
    return Contents([Record(number, (item, warnings)) for number, item in enumerate(items, 1)], is_container=True)


def _parse(content: tuple[Element, tuple[Warned, ...]], options: ParseOptions) -> ParsedArticle:
    item, warnings = content
    name = local_name(item)
    if name not in {_NEWS_ITEM, _CONTENT}:
        raise FormatError(FieldReason(name, "is not a newsItem, and has no text of its own"), without_text=True)
    builder = _builder(item)
    item_class = attribute(child(item, "itemMeta", "itemClass"), "qcode") or ""
    kind = item_class.rpartition(":")[2].lower()
    if not builder.bodies and kind and kind not in _TEXT_CLASSES:
        raise FormatError(
            FieldReason("itemClass", f"is {item_class[:60]!r}, and the item has no text"), without_text=True
        )
    builder.warnings += warnings
    return builder.build(options, "contentSet")


def _builder(item: Element) -> ArticleBuilder:
    meta, content_meta = child(item, "itemMeta"), child(item, "contentMeta")
    content_set = item if local_name(item) == _CONTENT else child(item, _CONTENT)
    story = next(descendants(content_set, "nitf"), None)
    inner = nitf_builder(story) if story is not None else ArticleBuilder()
    headlines = sorted(children(content_meta, "headline"), key=lambda headline: "main" not in headline.get("role", ""))
    titles = [one_line(text_of(headline)) for headline in headlines]
    title = next(filter(None, titles), None) or text_at(meta, "title") or inner.title
    summary = text_at(content_meta, "description")
    dates: list[tuple[str, object]] = [(name, text_at(meta, name)) for name in _PUBLISHED]
    dates += [(name, text_at(content_meta, name)) for name in ("contentModified", "contentCreated")]
    return ArticleBuilder(
        bodies=list(_bodies(content_set)),
        summary=Body(summary, MediaType.TEXT, "description") if summary else inner.summary,
        guid=attribute(item, "guid") or inner.guid,
        version=attribute(item, "version") or inner.version,
        url=attribute(child(item, "itemMeta", "link"), "href") if _is_own_link(child(meta, "link")) else None,
        title=title or text_at(content_set, "inlineXML", "html", "head", "title"),
        byline=one_line("; ".join(filter(None, (one_line(text_of(by)) for by in children(content_meta, "by")))))
        or inner.byline,
        language=attribute(child(content_meta, "language"), "tag") or item.get(XML_LANG) or inner.language,
        dates=[*dates, *inner.dates],
        metadata=_metadata(meta, content_meta) | {"meta": inner.metadata.get("meta")},
    )


def _is_own_link(link: Element | None) -> bool:
    return link is not None and (attribute(link, "rel") or "").rpartition(":")[2] in {"", "self", "alternate"}


def _bodies(content_set: Element | None) -> Iterator[Body]:
    """Yield the renderings of the text inside a content set."""
    for part in children(content_set, "inlineXML", "inlineData"):
        content_type = attribute(part, "contenttype") or ""
        name = local_name(part)
        if name == "inlineData":
            text = text_of(part)
            is_markup = "html" in content_type.lower() or "xml" in content_type.lower()
            if attribute(part, "encoding") is None and not content_type.startswith(("image/", "video/", "audio/")):
                yield Body(text, MediaType.HTML, name) if is_markup else Body.guess(text, name)
            continue
        for root in part:
            kind = local_name(root).lower()
            if kind == "nitf":
                body = nitf_body(root)
                if body is not None:
                    yield body
            elif kind == "html":
                yield Body(inner_html(child(root, "body")), MediaType.HTML, name)
        texts = [root for root in part if local_name(root).lower() in {"body", "div", "p", "article", "section", "pre"}]
        if texts:
            yield Body(inner_html(part), MediaType.HTML, name)


def _metadata(meta: Element | None, content_meta: Element | None) -> dict[str, Any]:
    subjects = list(children(content_meta, "subject"))
    return {
        "section": text_at(meta, "memberOf", "name"),
        "tags": [text for keyword in children(content_meta, "keyword") if (text := one_line(text_of(keyword)))],
        "subjects": [_subject(subject) for subject in subjects],
        "genres": [_subject(genre) for genre in children(content_meta, "genre")],
        "summary": text_at(content_meta, "description"),
        "subtitle": text_at(content_meta, "headline")
        and next(
            (one_line(text_of(each)) for each in children(content_meta, "headline") if "sub" in each.get("role", "")),
            None,
        ),
        "slugline": text_at(content_meta, "slugline"),
        "dateline": text_at(content_meta, "dateline"),
        "located": text_at(content_meta, "located", "name"),
        "source": text_at(content_meta, "infoSource", "name") or _code(child(content_meta, "infoSource")),
        "provider": text_at(meta, "provider", "name") or _code(child(meta, "provider")),
        "urgency": text_at(content_meta, "urgency"),
        "ednote": text_at(meta, "edNote"),
        "pubstatus": (_code(child(meta, "pubStatus")) or "").rpartition(":")[2],
        "embargoed": text_at(meta, "embargoed"),
        "evolvedfrom": _predecessor(meta),
        "versioncreated": text_at(meta, "versionCreated"),
        "firstcreated": text_at(meta, "firstCreated"),
    }


def _predecessor(meta: Element | None) -> str | None:
    """Return the guid of the item that this one evolved from."""
    for link in children(meta, "link"):
        if (attribute(link, "rel") or "").rpartition(":")[2].lower() == "evolvedfrom":
            return attribute(link, "residref") or attribute(link, "href")
    return None


def _subject(element: Element) -> dict[str, str | None]:
    names = [one_line(text_of(name)) for name in children(element, "name")]
    return {"code": _code(element), "name": next(filter(None, names), None), "type": attribute(element, "type")}


def _code(element: Element | None) -> str | None:
    """Return the code of a controlled value: its QCode, address or literal."""
    return attribute(element, "qcode") or attribute(element, "uri") or attribute(element, "literal")


NEWSML_G2: Final = FeedFormat(
    name="NewsML-G2",
    content_types=(
        "application/vnd.iptc.g2.newsitem+xml",
        "application/vnd.iptc.g2.newsmessage+xml",
        "application/vnd.iptc.g2.packageitem+xml",
        "application/newsml-g2+xml",
    ),
    suffixes=(".newsml",),
    syntax=Syntax.XML,
    unit="item",
    sniff=lambda document: document.root in _ROOTS,
    split=_split,
    parse=_parse,
)
