"""ninjs, IPTC's news in JSON: versions 1.x, 2.x and 3.x, and the dialect of Superdesk.

1.x writes ``headline`` and ``body_xhtml``, 2.x ``headlines`` and ``bodies``, 3.x the same in camel case. Names are read
in any case. Unknown fields are kept as metadata.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.contracts import Article, MediaType
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

# Fields that no other JSON format has; one of them is enough.
_SIGNS: Final = frozenset({
    "versioncreated", "pubstatus", "bodies", "headlines", "body_text", "body_xhtml", "body_html", "bylines",
    "representationtype", "ednote", "usageterms", "copyrightholder", "renditions", "associations",
})  # fmt: skip
# About the life of a story; kept under one name, however the version of ninjs writes it.
_LIFE: Final = frozenset({"pubstatus", "embargoed", "versioncreated", "firstcreated", "evolvedfrom"})
_STANDARD: Final = "ninjs"
# An object with no other fields is an article of own JSON, also without a body, as a cancellation may be.
_OWN_FIELDS: Final = frozenset({name for name in Article.model_fields if name != "schema_version"} | {"schema"})
# Where Superdesk and some agencies put several items.
_LISTS: Final = ("item", "items", "_items")
_TEXT_TYPES: Final = frozenset({"", "text", "composite", "advisory", "alert"})
# Read into fields of the article, or of no use beside the text.
_CONSUMED: Final = frozenset({
    "$schema", "standard", "uri", "guid", "version", "language", "headline", "headlines", "by", "byline", "bylines",
    "bodies", "type", "subject", "subjects", "keywords", "tags", "keyword", "url", "canonical_url",
    "renditions", "associations", "charcount", "wordcount", "description_text", "description_html", "descriptions",
})  # fmt: skip


def is_ninjs(value: Any) -> bool:
    """Return whether a JSON value is a ninjs item."""
    if not isinstance(value, dict) or value.keys() <= _OWN_FIELDS:
        return False
    names = {str(name).lower() for name in value}
    standard = value.get("standard")
    return (
        not names.isdisjoint(_SIGNS)
        or ("uri" in names and ("type" in names or "headline" in names))
        or any(name.startswith("body_") for name in names)
        or (isinstance(standard, Mapping) and str(standard.get("name", "")).lower() == _STANDARD)
    )


def parse_ninjs(value: Any, options: ParseOptions) -> ParsedArticle:
    """Return the article of a ninjs item. Raises `FormatError`."""
    if not isinstance(value, dict):
        raise FormatError(FieldReason("", "is not a JSON object"))
    item = {str(name).lower(): content for name, content in value.items()}
    kind = one_line(item.get("type")) or ""
    bodies = _bodies(item)
    if kind.lower() not in _TEXT_TYPES and not bodies:
        raise FormatError(FieldReason("type", f"is {kind[:60]!r}, and the item has no body"), without_text=True)
    builder = ArticleBuilder(
        bodies=bodies,
        summary=_summary(item),
        guid=_first(item, "uri", "guid"),
        version=_first(item, "version"),
        url=_address(item),
        title=text_from_markup(_first(item, "headline") or _main_value(item.get("headlines")) or _first(item, "title")),
        byline=text_from_markup(_byline(item)),
        language=_first(item, "language"),
        dates=[(name, item.get(name.lower())) for name in ("versionCreated", "firstPublished", "firstCreated")],
        metadata=_metadata(item, value),
    )
    return builder.build(options, "bodies" if "bodies" in item else "body_xhtml")


def _address(item: Mapping[str, Any]) -> str | None:
    """Return the address of the story: its own, or the item's identifier if that is one."""
    identifier = _first(item, "uri") or ""
    return _first(item, "url", "canonical_url") or (identifier if identifier.startswith("http") else None)


def _bodies(item: Mapping[str, Any]) -> list[Body]:
    """Return the renderings of the text: markup first, since plain text often lacks the paragraphs."""
    bodies = [
        _body(content, name, name)
        for name, content in item.items()
        if name.startswith("body_") and isinstance(content, str)
    ]
    for number, body in enumerate(_objects(item.get("bodies"))):
        names = {str(name).lower(): content for name, content in body.items()}
        content = names.get("value")
        if isinstance(content, str):
            kind = f"{names.get('contenttype', '')} {names.get('role', '')}"
            bodies.append(_body(content, kind, f"bodies.{number}.value"))
    return sorted(bodies, key=lambda body: body.media_type is not MediaType.HTML)


def _body(content: str, kind: str, field: str) -> Body:
    """Return a rendering whose name or content type is ``kind``."""
    is_markup = any(name in kind.lower() for name in ("html", "nitf", "xml"))
    return Body(content, MediaType.HTML, field) if is_markup else Body.guess(content, field)


def _summary(item: Mapping[str, Any]) -> Body | None:
    candidates = [
        (name, content)
        for name, content in item.items()
        if name.startswith("description_") and isinstance(content, str)
    ]
    candidates += [("descriptions", one_line(_main_value(item.get("descriptions"))) or "")]
    candidates = [(name, content) for name, content in candidates if content.strip()]
    if not candidates:
        return None
    name, content = min(candidates, key=lambda candidate: "html" not in candidate[0])
    return _body(content, name, name)


def _byline(item: Mapping[str, Any]) -> str | None:
    authors = [author.get("name") for author in _objects(item.get("authors")) if author.get("name")]
    bylines = [entry.get("value") or entry.get("by") for entry in _objects(item.get("bylines"))]
    return (
        _first(item, "byline", "by")
        or one_line(", ".join(str(byline) for byline in bylines if byline))
        or one_line(", ".join(map(str, authors)))
    )


def _metadata(item: Mapping[str, Any], original: Mapping[str, Any]) -> dict[str, Any]:
    """Return section, tags and subjects, and then every field that was not read, under the sender's name."""
    subjects = [*_objects(item.get("subject")), *_objects(item.get("subjects"))]
    services = [one_line(service.get("name")) for service in _objects(item.get("service"))]
    metadata: dict[str, Any] = {
        "section": _first(item, "section") or next(filter(None, services), None),
        "tags": _texts(item.get("keywords")) + _texts(item.get("tags")) + _texts(item.get("keyword")),
        "subjects": [
            {
                "code": _first(subject, "code", "literal", "uri", "qcode"),
                "name": one_line(subject.get("name")),
                "scheme": _first(subject, "scheme", "rel"),
            }
            for subject in subjects
        ],
        "summary": text_from_markup(summary.text) if (summary := _summary(item)) else None,
    }
    for name, content in original.items():
        key = str(name)
        if key.lower() not in _CONSUMED and not key.lower().startswith(("body_", "description_")):
            metadata.setdefault(key.lower() if key.lower() in _LIFE else key, content)
    return metadata


def _objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list, or a single object as a list."""
    values = value if isinstance(value, list) else [value]
    return [entry for entry in values if isinstance(entry, dict)]


def _texts(value: Any) -> list[str]:
    """Return the texts of a list, a text separated by commas, or the names of objects."""
    if isinstance(value, str):
        value = value.split(",")
    entries = value if isinstance(value, list) else []
    texts = [
        one_line(entry.get("name") or entry.get("value") if isinstance(entry, dict) else entry) for entry in entries
    ]
    return [text for text in texts if text]


def _first(item: Mapping[str, Any], *names: str) -> str | None:
    """Return the first of the fields that has a text or a number."""
    values = (item.get(name) for name in names)
    return next(filter(None, (one_line(value) for value in values if isinstance(value, str | int | float))), None)


def _main_value(value: Any) -> str | None:
    """Return the value with the role ``main``, else the first."""
    entries = [entry for entry in _objects(value) if isinstance(entry.get("value"), str)]
    entries.sort(key=lambda entry: entry.get("role") != "main")
    return str(entries[0]["value"]) if entries else None


def _item_list(value: Mapping[str, Any]) -> list[Any] | None:
    """Return the items of an answer of a content API, or None if the value is not one."""
    for name in _LISTS:
        items = value.get(name)
        if isinstance(items, list) and items and all(map(is_ninjs, items)):
            return items
    return None


def _sniff(document: Document) -> bool:
    value = document.json_object()
    return "body" not in value and (is_ninjs(value) or _item_list(value) is not None)


def _split(document: Document, options: ParseOptions) -> Contents:
    del options
    value = document.json_value
    items = value if isinstance(value, list) else _item_list(value) if isinstance(value, dict) else None
    if items is None:
        return Contents([Record(1, value)], is_container=False)
    return Contents([Record(number, item) for number, item in enumerate(items, 1)], is_container=True)


NINJS: Final = FeedFormat(
    name="ninjs",
    content_types=("application/ninjs+json", "application/vnd.iptc.ninjs+json"),
    suffixes=(".ninjs",),
    syntax=Syntax.JSON,
    unit="item",
    sniff=_sniff,
    split=_split,
    parse=parse_ninjs,
)
