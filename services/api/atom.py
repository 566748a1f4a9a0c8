"""Searches as Atom feeds (RFC 4287), for feed readers: the latest items, each with a link to its article."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from lxml import etree
from lxml.builder import ElementMaker

from services.api.schemas.search import AttributionItem, StanceItem

MEDIA_TYPE: Final = "application/atom+xml"
_NAMESPACE: Final = "http://www.w3.org/2005/Atom"
_ATOM: Final = ElementMaker(namespace=_NAMESPACE, nsmap={None: _NAMESPACE})
_ENTRY_TITLE_MAX: Final = 200  # characters


def atom_feed(title: str, address: str, items: Sequence[AttributionItem] | Sequence[StanceItem]) -> bytes:
    """Return the feed. ``address`` is that of the feed without its key, and identifies it."""
    updated = max((item.at for item in items), default=datetime(1970, 1, 1, tzinfo=UTC))
    feed = _ATOM.feed(
        _ATOM.title(_storable(title)),
        _ATOM.id(_storable(address)),
        _ATOM.link(rel="self", href=_storable(address)),
        _ATOM.updated(updated.isoformat()),
        _ATOM.author(_ATOM.name("Stancewire")),
        *(_entry(item) for item in items),
    )
    return bytes(etree.tostring(feed, xml_declaration=True, encoding="utf-8"))


def _entry(item: AttributionItem | StanceItem) -> etree._Element:
    if isinstance(item, AttributionItem):
        item_id, text = item.id, item.content
        who, verb = item.speaker or item.source or "Unnamed source", f": {text}"
    else:
        item_id, text = item.stance_id, item.evidence
        verb = f" {'supports' if item.stance == 'support' else 'opposes'} {item.target or item.topic}"
        who = item.holder or "The article"
    entry = _ATOM.entry(
        _ATOM.title(_storable(who + verb)[:_ENTRY_TITLE_MAX]),
        _ATOM.id(f"urn:uuid:{item.job_id}#{item_id}"),
        _ATOM.updated(item.at.isoformat()),
        _ATOM.summary(_storable(text)),
    )
    if item.url:
        entry.append(_ATOM.link(rel="alternate", href=_storable(item.url)))
    source = " · ".join(part for part in (item.title, item.feed) if part)
    entry.append(_ATOM.category(term=item.feed, label=_storable(source)))
    return entry


def _storable(text: str) -> str:
    """Return the text without characters that XML cannot have."""
    return "".join(character for character in text if character >= " " or character in "\t\n\r").translate(
        {0xFFFE: None, 0xFFFF: None}
    )
