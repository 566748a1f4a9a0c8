"""The links of a document: its hubs and its own address (WebSub, section 4), and the feeds that a page names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final, NamedTuple
from urllib.parse import urljoin

from services.ingest.formats.document import Document
from services.ingest.formats.encodings import decode_markup
from services.ingest.formats.feed_format import FormatError, ParseOptions
from services.ingest.formats.xml_tree import children, local_name, parse_xml

_LINK_HEADER: Final = re.compile(r'<([^<>]{1,2000})>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]{0,200}"|[^",;\s]{1,200}))*)')
_PARAMETER: Final = re.compile(r';\s*([\w*-]+)\s*=\s*(?:"([^"]*)"|([^",;\s]+))')
_FEED_TYPES: Final = frozenset({"application/rss+xml", "application/atom+xml", "application/feed+json"})
_XML_OPTIONS: Final = ParseOptions(markup_elements=600_000)


class Link(NamedTuple):
    """A link: its relations and its media type in lower case, and its absolute address."""

    relations: frozenset[str]
    media_type: str
    url: str


@dataclass(frozen=True, slots=True)
class Topic:
    """The hubs of a document, and the address under which they know it."""

    hubs: tuple[str, ...]
    url: str


def discover(document: Document, headers: list[str], url: str) -> Topic:
    """Return the hubs and the own address of a document that came from ``url`` with these ``Link`` headers.

    The headers have precedence over the document. Without an address of its own it is the one it came from.
    """
    links = list(_header_links(headers, url))
    hubs = _with_relation(links, "hub")
    if not hubs:
        links = list(_document_links(document, url))
        hubs = _with_relation(links, "hub")
    own = _with_relation(links, "self")
    return Topic(tuple(hubs), own[0] if own else url)


def feeds_of_page(document: Document, url: str) -> list[str]:
    """Return the addresses of the feeds that a page names."""
    links = _page_links(document, url)
    return [link.url for link in links if "alternate" in link.relations and link.media_type in _FEED_TYPES]


def _with_relation(links: list[Link], relation: str) -> list[str]:
    return list(dict.fromkeys(link.url for link in links if relation in link.relations))


def _header_links(headers: list[str], base: str) -> Iterator[Link]:
    for header in headers:
        for match in _LINK_HEADER.finditer(header):
            parameters = {name.lower(): quoted or token for name, quoted, token in _PARAMETER.findall(match[2])}
            yield _link(parameters.get("rel", ""), parameters.get("type", ""), match[1], base)


def _document_links(document: Document, base: str) -> Iterator[Link]:
    if document.is_json:
        yield from _json_links(document, base)
    elif document.root.lower() == "html":
        yield from _page_links(document, base)
    else:
        yield from _xml_links(document, base)


def _json_links(document: Document, base: str) -> Iterator[Link]:
    """Yield the hubs of a JSON Feed, and its own address."""
    feed = document.json_object()
    hubs = feed.get("hubs")
    for hub in hubs if isinstance(hubs, list) else []:
        if isinstance(hub, dict) and str(hub.get("type", "")).lower() == "websub" and isinstance(hub.get("url"), str):
            yield _link("hub", "", hub["url"], base)
    if isinstance(feed.get("feed_url"), str):
        yield _link("self", "", feed["feed_url"], base)


def _xml_links(document: Document, base: str) -> Iterator[Link]:
    """Yield the links of an Atom feed or an RSS channel, and not those of their entries."""
    try:
        root, _ = parse_xml(document, _XML_OPTIONS)
    except FormatError:
        return
    for parent in (root, *children(root, "channel")):
        for element in children(parent, "link"):
            if element.get("href") and local_name(element) == "link":
                yield _link(element.get("rel", ""), element.get("type", ""), element.get("href", ""), base)


def _page_links(document: Document, base: str) -> Iterator[Link]:
    text, _ = decode_markup(document.content, document.charset)
    parser = _LinkParser(base)
    parser.feed(text)
    yield from parser.links


class _LinkParser(HTMLParser):
    """Collects the ``<link>`` elements of a page's head."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.links: list[Link] = []
        self._base = base
        self._is_in_head = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "body":
            self._is_in_head = False
        if tag == "link" and self._is_in_head:
            values = {name: value or "" for name, value in attrs}
            if values.get("href"):
                self.links.append(_link(values.get("rel", ""), values.get("type", ""), values["href"], self._base))


def _link(relations: str, media_type: str, target: str, base: str) -> Link:
    try:
        url = urljoin(base, target.strip())
    except ValueError:  # brackets without an IPv6 address
        url = target.strip()
    return Link(frozenset(relations.lower().split()), media_type.strip().lower(), url)
