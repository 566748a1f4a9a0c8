"""Reads XML into a tree, hardened: entities are never declared or fetched, and nesting is bounded.

Expat reports what it reads, and the tree is built here. External subsets and entities are not loaded, since no handler
asks for them. A document that declares entities is refused: none of the formats needs any, and declared ones can grow
without bounds. The names that HTML gives to characters are known without a declaration, as wires use them.
"""

from __future__ import annotations

import html.entities
import re
from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from services.contracts import Warned
from services.ingest.formats.document import Document
from services.ingest.formats.encodings import decode_markup
from services.ingest.formats.feed_format import FieldReason, FormatError, ParseOptions

XML_LANG: Final = "xml:lang"
_ATTRIBUTES_MAX: Final = 500  # of one element; real ones have fewer than fifty
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def parse_xml(document: Document, options: ParseOptions) -> tuple[Element, tuple[Warned, ...]]:
    """Return the root element and warnings about its encoding.

    Names are as written, with their prefix: local names are enough to read these formats, and fragments of documents
    lack the declarations of their prefixes. Characters that are not allowed in XML become spaces. Raises
    `FormatError`, also for a document that exceeds ``options``.
    """
    text, warnings = decode_markup(document.content, document.charset)
    return build_tree(text, options), warnings


def build_tree(text: str, options: ParseOptions) -> Element:
    """Return the root element of a decoded document, like `parse_xml`. Raises `FormatError`."""
    text = _NOT_XML.sub(" ", text)
    builder = TreeBuilder()
    depth = count = 0
    parser = expat.ParserCreate(encoding="utf-8")
    parser.buffer_text = True
    parser.ordered_attributes = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    # Without a document type, expat would refuse a reference to an unknown entity instead of reporting it.
    parser.UseForeignDTD(True)

    def start(name: str, attributes: list[str]) -> None:
        nonlocal count, depth
        depth += 1
        count += 1
        if depth > options.markup_nesting:
            line = parser.CurrentLineNumber
            raise FormatError.syntax(f"line {line}: elements are nested deeper than {options.markup_nesting} levels")
        if count > options.markup_elements:
            raise FormatError.syntax(f"has more than {options.markup_elements} elements")
        if len(attributes) > 2 * _ATTRIBUTES_MAX:
            raise FormatError.syntax(f"the element <{name[:60]}> has more than {_ATTRIBUTES_MAX} attributes")
        builder.start(name, dict(zip(attributes[::2], attributes[1::2], strict=True)))

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name)

    def refuse_entity(name: str, *_details: object) -> None:
        raise FormatError(FieldReason("<!ENTITY>", f"declares the entity {name[:60]!r}; entities are not allowed"))

    def skipped_entity(name: str, is_parameter_entity: bool) -> None:  # noqa: FBT001 -- expat's signature
        if not is_parameter_entity:
            builder.data(html.entities.html5.get(f"{name};", f"&{name};"))

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = refuse_entity
    parser.SkippedEntityHandler = skipped_entity
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        raise FormatError.syntax(f"not well-formed XML: {error}") from error
    return builder.close()


def local_name(element: Element) -> str:
    """Return an element's name without its prefix."""
    return element.tag.rpartition(":")[2]


def children(element: Element | None, *names: str) -> Iterator[Element]:
    """Yield the child elements with one of these local names; all without names."""
    for child in () if element is None else element:
        if not names or local_name(child) in names:
            yield child


def child(element: Element | None, *path: str) -> Element | None:
    """Return the first descendant along a path of local names, or None."""
    for name in path:
        element = next(children(element, name), None)
    return element


def descendants(element: Element | None, *names: str) -> Iterator[Element]:
    """Yield the descendants with one of these local names, in document order."""
    if element is not None:
        yield from (each for each in element.iter() if each is not element and local_name(each) in names)


def text_of(element: Element | None) -> str:
    """Return the text of an element and its descendants; empty for None."""
    return "" if element is None else "".join(element.itertext())


def text_at(element: Element | None, *path: str) -> str | None:
    """Return the text of the first descendant along a path with its white space collapsed; None if blank or absent."""
    return " ".join(text_of(child(element, *path)).split()) or None


def attribute(element: Element | None, name: str) -> str | None:
    """Return an attribute; None if it is blank or absent."""
    value = None if element is None else element.get(name)
    return value.strip() or None if value else None
