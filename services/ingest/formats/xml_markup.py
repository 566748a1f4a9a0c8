"""Writes the markup inside XML documents (XHTML, NITF) as plain HTML: without prefixes, in HTML's names."""

from __future__ import annotations

import html
from typing import Final
from xml.etree.ElementTree import Element

from services.ingest.formats.xml_tree import local_name

# NITF's names for what HTML has, too.
_NAMES: Final = {
    "hl1": "h1",
    "hl2": "h2",
    "bq": "blockquote",
    "block": "div",
    "credit": "cite",
    "media": "figure",
    "media-caption": "figcaption",
    "nitf-table": "div",
    "body.content": "div",
    "note": "div",
    "abstract": "div",
    "fn": "div",
}
_KEPT: Final = frozenset({
    "a", "abbr", "article", "aside", "b", "blockquote", "br", "caption", "cite", "code", "dd", "del", "div", "dl", "dt",
    "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "ins", "li", "main", "ol", "p", "pre",
    "q", "s", "section", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr",
    "u", "ul",
})  # fmt: skip
_EMPTY: Final = frozenset({"br", "hr"})
# Their content is not text of the article.
_LEFT_OUT: Final = frozenset({
    "head", "script", "style", "noscript", "template", "iframe", "object", "svg", "media-reference", "media-metadata",
    "media-object", "media-producer", "nitf-table-metadata", "nitf-col", "nitf-colgroup", "custom-table", "alt-code",
    "datasource",
})  # fmt: skip


def inner_html(element: Element | None, *left_out: str) -> str:
    """Return the content of an element as HTML, without the children that are named. Empty for None."""
    if element is None:
        return ""
    parts = [_escape(element.text)]
    for child in element:
        if local_name(child) not in left_out:
            _write(child, parts)
        parts.append(_escape(child.tail))
    return "".join(parts).strip()


def _write(element: Element, parts: list[str]) -> None:
    """Append an element without its tail. An unknown element is left out, and its content kept."""
    name = local_name(element).lower()
    if name in _LEFT_OUT:
        return
    tag = _NAMES.get(name, name)
    is_kept = tag in _KEPT
    if is_kept:
        address = element.get("href") if tag == "a" else None
        parts.append(f'<{tag} href="{html.escape(address)}">' if address else f"<{tag}>")
    parts.append(_escape(element.text))
    for child in element:
        _write(child, parts)
        parts.append(_escape(child.tail))
    if is_kept and tag not in _EMPTY:
        parts.append(f"</{tag}>")


def _escape(text: str | None) -> str:
    return html.escape(text, quote=False) if text else ""
