"""Converts HTML to text without losing paragraphs.

Time is linear in any markup, and nothing is recursive.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Final

from lxml import etree, html

# HTML's block elements and, in the last line, those of trafilatura's own tree. All other elements are inline and do not
# affect the white space between words.
_PARAGRAPHS: Final = frozenset(
    """
    address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure
    footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li listing main menu nav ol optgroup option p plaintext
    pre search section summary table tbody tfoot thead ul xmp
    head item list quote
    """.split()  # noqa: SIM905 - readable as words; a list would take fifty lines
)
PARAGRAPH: Final = "\n\n"
_LINES: Final = frozenset({"br", "tr", "lb", "row"})
_CELLS: Final = frozenset({"td", "th", "cell"})
VERBATIM: Final = frozenset({"pre", "listing", "plaintext", "xmp"})
_MAX_ATTRIBUTES: Final = 64  # of one element; further attributes are ignored
_MAX_DEPTH: Final = 256
_HIDDEN: Final = frozenset(
    """
    applet audio canvas datalist del embed head iframe input math noembed noframes noscript object script select style
    svg template textarea title video
    """.split()  # noqa: SIM905 - as above
)


_NAME: Final = re.compile(r"[a-z_][a-z0-9_.-]*", re.IGNORECASE)
_LEADING_NAME: Final = re.compile(r"[a-z]+[0-9]?")
_UNKNOWN: Final = "x-unknown"  # an element without a meaning in HTML is inline
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_XHTML: Final = "http://www.w3.org/1999/xhtml"
_OPEN_TO_THE_END: Final = frozenset({"html", "body"})
_UNIQUE: Final = _OPEN_TO_THE_END | {"head"}


def parse(markup: str) -> Any:
    """Return the root element of ``markup``, or None if it has no element."""
    # With a fixed encoding, a wrong <meta charset> cannot break the text.
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, target=_TreeBuilder())
    try:
        return etree.fromstring(markup.encode(), parser)
    except etree.LxmlError:
        return None


class _TreeBuilder:
    """Builds one tree of all that the parser reports, whatever names and characters it has.

    The tree has no comments, one <html> and one <body>, which end with the document: what follows their end tags
    belongs to them, as in a browser. Names that XML does not allow are left out (attributes) or replaced (elements),
    and so are control characters. An element below the maximal depth becomes empty and its content follows it, so that
    its text and breaks are kept; libxml2's own tree stops at level 2 048 and takes quadratic time in the attributes of
    an element.
    """

    def __init__(self) -> None:
        self._builder = etree.TreeBuilder(element_factory=html.HTMLParser().makeelement)
        self._open: list[tuple[str, bool]] = []  # names of the open elements, and whether each is open in the tree
        self._depth = 0  # of the tree
        self._unique: list[str] = []  # <html>, <head> and <body>, of which there is one each
        self._prefixes = {"html", "xhtml"}
        self._hidden_depth = 0  # open hidden elements that are too deep for the tree

    def start(self, tag: str, attributes: Any) -> None:
        kept = dict(islice(self._attributes(attributes), _MAX_ATTRIBUTES))
        tag = self._name(tag)
        if tag in self._unique or (tag == "head" and "body" in self._unique):
            self._open.append((tag, False))
            return
        self._builder.start(tag, kept)
        if tag in _UNIQUE:
            self._unique.append(tag)
        is_deep = self._depth >= _MAX_DEPTH
        if is_deep:
            self._builder.end(tag)
            self._hidden_depth += tag in _HIDDEN
        else:
            self._depth += 1
        self._open.append((tag, not is_deep))

    def end(self, tag: str) -> None:
        tag, is_in_tree = self._open.pop()
        if is_in_tree:
            if tag not in _OPEN_TO_THE_END:
                self._builder.end(tag)
                self._depth -= 1
        elif tag not in _UNIQUE:
            self._hidden_depth -= tag in _HIDDEN
            if tag in _PARAGRAPHS:
                self._builder.start(tag, {})
                self._builder.end(tag)

    def data(self, text: str) -> None:
        if self._unique and not self._hidden_depth:
            self._builder.data(_without_controls(text))

    def close(self) -> Any:
        if not self._unique:
            return None
        for tag in reversed([tag for tag in self._unique if tag in _OPEN_TO_THE_END]):
            self._builder.end(tag)
        return self._builder.close()

    def _name(self, tag: str) -> str:
        """Return the name of an element: without the prefix of XHTML, and one that XML allows."""
        prefix, colon, local = tag.partition(":")
        if colon and prefix in self._prefixes:
            tag = local
        if _NAME.fullmatch(tag):
            return tag
        known = _LEADING_NAME.match(tag)  # as in <p"lead"> and <div<p>
        return known[0] if known and known[0] in _PARAGRAPHS else _UNKNOWN

    def _attributes(self, attributes: Any) -> Iterator[tuple[str, str]]:
        for name, value in attributes.items():
            if name.startswith("xmlns:") and value.strip() == _XHTML:
                self._prefixes.add(name.removeprefix("xmlns:"))
            elif _NAME.fullmatch(name):
                yield name, _without_controls(value or "")


def _without_controls(text: str) -> str:
    """Return ``text`` without the characters that XML does not allow; those that count as white space become spaces."""
    if _CONTROL.search(text) is None:
        return text
    return _CONTROL.sub(lambda match: " " if match[0].isspace() else "", text)


def is_hidden(element: Any) -> bool:
    """Whether ``element`` is invisible in the rendered page."""
    if element.tag in _HIDDEN or element.get("hidden") is not None:
        return True
    style = element.get("style")
    if style is None:
        return False
    style = "".join(style.split()).lower()
    return "display:none" in style or "visibility:hidden" in style


def element_text(root: Any, skip: Callable[[Any], bool] = is_hidden) -> str:
    """Return the text of ``root`` with blank lines around blocks, a line break for <br>, and single spaces otherwise.

    Elements for which ``skip`` returns true are left out with their content. <q> gets the quotation marks that a
    browser would show.
    """
    parts: list[str] = []
    verbatim = 0
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag = element.tag
        if event == "start":
            if skip(element):
                walk.skip_subtree()
                continue
            parts.append(opening(tag))
            verbatim += tag in VERBATIM
            text = element.text
        else:
            skipped = skip(element)
            if not skipped:
                parts.append(closing(tag))
                verbatim -= tag in VERBATIM
            text = element.tail if element is not root else None
        if text:
            parts.append(text if verbatim else collapse_white_space(text))
    return "".join(parts)


def opening(tag: str) -> str:
    """Return what the start of an element means in a text; ``PARAGRAPH`` for a block element."""
    if tag in _PARAGRAPHS:
        return PARAGRAPH
    if tag in _LINES:
        return "\n"
    if tag in _CELLS:
        return " "
    return "“" if tag == "q" else ""


def closing(tag: str) -> str:
    """Return what the end of an element means in a text; ``PARAGRAPH`` for a block element."""
    if tag in _PARAGRAPHS:
        return PARAGRAPH
    return "”" if tag == "q" else ""


def collapse_white_space(text: str) -> str:
    """Return ``text`` with each run of white space as one space, at both ends too, as HTML shows it."""
    words = " ".join(text.split())
    if not words:
        return " "
    return f"{' ' if text[0].isspace() else ''}{words}{' ' if text[-1].isspace() else ''}"
