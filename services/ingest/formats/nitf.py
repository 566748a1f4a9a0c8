"""NITF, IPTC's News Industry Text Format: one story in XML."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from xml.etree.ElementTree import Element

from services.contracts import MediaType, Warned
from services.ingest.formats.article_builder import ArticleBuilder, Body, one_line
from services.ingest.formats.dates import parse_date
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


def nitf_body(root: Element) -> Body | None:
    """Return the text of an NITF document or of its body, or None if it has no body."""
    body = root if local_name(root) == "body" else child(root, "body")
    if body is None:
        return None
    contents = list(children(body, "body.content"))
    # Some senders leave out `body.content` and put the paragraphs right into `body`.
    text = "\n".join(map(inner_html, contents)) if contents else inner_html(body, "body.head", "body.end")
    return Body(text, MediaType.HTML, "body.content")


def nitf_builder(root: Element) -> ArticleBuilder:
    """Return the values of an NITF document, which may lack everything but the body."""
    head, body_head = child(root, "head"), child(root, "body", "body.head")
    docdata = child(head, "docdata")
    body = nitf_body(root)
    abstract = child(body_head, "abstract")
    identifier = attribute(child(docdata, "doc-id"), "id-string")
    key = child(docdata, "du-key")
    return ArticleBuilder(
        bodies=[body] if body else [],
        summary=Body(inner_html(abstract), MediaType.HTML, "abstract") if abstract is not None else None,
        guid=identifier or attribute(key, "key") or attribute(root, "uno"),
        version=attribute(key, "version"),
        title=text_at(body_head, "hedline", "hl1") or text_at(body_head, "hedline") or text_at(head, "title"),
        byline=one_line("; ".join(filter(None, map(_spaced, children(body_head, "byline"))))),
        language=root.get(XML_LANG) or attribute(root, "baselang"),
        dates=[
            ("date.issue", attribute(child(docdata, "date.issue"), "norm")),
            ("date.release", attribute(child(docdata, "date.release"), "norm")),
            ("date.publication", attribute(child(head, "pubdata"), "date.publication")),
            ("story.date", attribute(child(body_head, "dateline", "story.date"), "norm")),
        ],
        metadata=_metadata(root, head, body_head),
    )


def _metadata(root: Element, head: Element | None, body_head: Element | None) -> dict[str, Any]:
    docdata = child(head, "docdata")
    release = attribute(child(docdata, "date.release"), "norm")
    meta = {
        name: value
        for each in children(head, "meta")
        if (name := attribute(each, "name")) and (value := attribute(each, "content"))
    }
    return {
        "section": attribute(child(head, "pubdata"), "position.section") or meta.get("section"),
        "tags": [
            key
            for each in descendants(docdata, "keyword")
            if (key := attribute(each, "key") or one_line(text_of(each)))
        ],
        "subjects": [_subject(each) for each in descendants(head, "tobject.subject")],
        "summary": text_at(body_head, "abstract"),
        "subtitle": "; ".join(filter(None, (one_line(text_of(each)) for each in descendants(body_head, "hl2")))),
        "dateline": text_at(body_head, "dateline"),
        "source": text_at(body_head, "distributor"),
        "pubstatus": attribute(docdata, "management-status"),
        "embargoed": release if _is_embargo(release, attribute(docdata, "management-status")) else None,
        "urgency": attribute(child(docdata, "urgency"), "ed-urg"),
        "ednote": attribute(child(docdata, "ed-msg"), "info"),
        "series": attribute(child(docdata, "series"), "series.name"),
        "fixture": attribute(child(docdata, "fixture"), "fix-id"),
        "genre": attribute(child(head, "tobject", "tobject.property"), "tobject.property.type"),
        "copyright": attribute(child(docdata, "doc.copyright"), "holder"),
        "expires": attribute(child(docdata, "date.expire"), "norm"),
        "tagline": text_at(root, "body", "body.end", "tagline"),
        "meta": meta,
    }


def _is_embargo(release: str | None, status: str | None) -> bool:
    """Return whether the date of release ends an embargo: most documents give the one on which they were sent."""
    moment = parse_date(release or "")
    return status == "embargoed" or (moment is not None and moment > datetime.now(UTC))


def _spaced(element: Element) -> str | None:
    """Return the text of an element whose parts are separate, as a name and a title."""
    return one_line(" ".join(element.itertext()))


def _subject(element: Element) -> dict[str, str | None]:
    levels = [attribute(element, f"tobject.subject.{level}") for level in ("type", "matter", "detail")]
    return {
        "code": attribute(element, "tobject.subject.refnum") or attribute(element, "tobject.subject.code"),
        "name": " / ".join(filter(None, levels)),
        "scheme": attribute(element, "tobject.subject.ipr"),
    }


def _split(document: Document, options: ParseOptions) -> Contents:
    root, warnings = parse_xml(document, options)
    if local_name(root) != "nitf":
        raise FormatError(FieldReason("", f"the root element is <{local_name(root)[:60]}>, not <nitf>"))
    return Contents([Record(1, (root, warnings))], is_container=False)


def _parse(content: tuple[Element, tuple[Warned, ...]], options: ParseOptions) -> ParsedArticle:
    root, warnings = content
    builder = nitf_builder(root)
    builder.warnings += warnings
    return builder.build(options, "body.content")


NITF: Final = FeedFormat(
    name="NITF",
    content_types=("text/vnd.iptc.nitf", "application/nitf+xml", "application/vnd.iptc.nitf+xml"),
    suffixes=(".nitf",),
    syntax=Syntax.XML,
    unit="",
    sniff=lambda document: document.root == "nitf",
    split=_split,
    parse=_parse,
)
