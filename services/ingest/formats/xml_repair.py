"""Repairs XML that is not well-formed, as many feeds are: libxml2 closes what is open and drops what makes no sense."""

from __future__ import annotations

import html.entities
import re
from typing import Final

from lxml import etree

from services.ingest.formats.feed_format import FormatError

_NAMED: Final = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_OF_XML: Final = frozenset({"amp", "lt", "gt", "quot", "apos"})


def repair_xml(text: str) -> str:
    """Return a well-formed document with the content of ``text``. Takes time linear in its length.

    Names that HTML gives to characters are resolved first, since libxml2 drops references that are not declared.
    Prefixes without a declaration stay. Raises `FormatError` if not even a root element can be read.
    """
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, encoding="utf-8"
    )
    try:
        root = etree.fromstring(_NAMED.sub(_character, text).encode(), parser)
    except etree.XMLSyntaxError as error:
        raise FormatError.syntax(f"not XML: {error}") from error
    if root is None:
        raise FormatError.syntax("not XML: there is no element in it")
    repaired: str = etree.tostring(root, encoding="unicode")
    return repaired


def _character(match: re.Match[str]) -> str:
    name = match[1]
    return match[0] if name in _OF_XML else html.entities.html5.get(f"{name};", match[0])
