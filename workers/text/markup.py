"""Converts HTML to text without losing paragraphs.

Time is linear in any markup, and nothing is recursive.
"""

from __future__ import annotations

from collections.abc import Callable
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
_LINES: Final = frozenset({"br", "tr", "lb", "row"})
_CELLS: Final = frozenset({"td", "th", "cell"})
_VERBATIM: Final = frozenset({"pre", "listing", "plaintext", "xmp"})
_MAX_ATTRIBUTES: Final = 64  # of one element; further attributes are ignored
_MAX_DEPTH: Final = 256
_HIDDEN: Final = frozenset(
    """
    applet audio canvas datalist del embed head iframe input math noembed noframes noscript object script select style
    svg template textarea title video
    """.split()  # noqa: SIM905 - as above
)


def parse(markup: str) -> Any:
    """Return the root element of ``markup``, or None if it has no element."""
    # With a fixed encoding, a wrong <meta charset> cannot break the text.
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, target=_TreeBuilder())
    try:
        return etree.fromstring(markup.encode(), parser)
    except etree.LxmlError:
        return None


class _TreeBuilder:
    """Builds a tree without comments and with limited depth and numbers of attributes from the parser's events.

    libxml2's own tree takes quadratic time in the attributes of an element and stops at level 2 048. Here an element
    below the maximal depth becomes empty and its content follows it, so that its text and breaks are kept.
    """

    def __init__(self) -> None:
        self._builder = etree.TreeBuilder(element_factory=html.HTMLParser().makeelement)
        self._is_empty = True
        self._depth = 0
        self._hidden_depth = 0  # open hidden elements that are too deep for the tree

    def start(self, tag: str, attributes: Any) -> None:
        self._is_empty = False
        self._depth += 1
        self._builder.start(tag, dict(islice(attributes.items(), _MAX_ATTRIBUTES)))
        if self._depth > _MAX_DEPTH:
            self._builder.end(tag)
            self._hidden_depth += tag in _HIDDEN

    def end(self, tag: str) -> None:
        if self._depth > _MAX_DEPTH:
            self._hidden_depth -= tag in _HIDDEN
            if tag in _PARAGRAPHS:
                self._builder.start(tag, {})
                self._builder.end(tag)
        else:
            self._builder.end(tag)
        self._depth -= 1

    def data(self, text: str) -> None:
        if not self._is_empty and not self._hidden_depth:
            self._builder.data(text)

    def close(self) -> Any:
        return None if self._is_empty else self._builder.close()


def is_hidden(element: Any) -> bool:
    """Whether ``element`` is invisible in the rendered page."""
    if element.tag in _HIDDEN or element.get("hidden") is not None:
        return True
    style = "".join(element.get("style", "").split()).lower()
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
            parts.append(_opening(tag))
            verbatim += tag in _VERBATIM
            text = element.text
        else:
            skipped = skip(element)
            if not skipped:
                parts.append(_closing(tag))
                verbatim -= tag in _VERBATIM
            text = element.tail if element is not root else None
        if text:
            parts.append(text if verbatim else _collapse_white_space(text))
    return "".join(parts)


def _opening(tag: str) -> str:
    if tag in _PARAGRAPHS:
        return "\n\n"
    if tag in _LINES:
        return "\n"
    if tag in _CELLS:
        return " "
    return "“" if tag == "q" else ""


def _closing(tag: str) -> str:
    if tag in _PARAGRAPHS:
        return "\n\n"
    return "”" if tag == "q" else ""


def _collapse_white_space(text: str) -> str:
    """Return ``text`` with each run of white space as one space, at both ends too, as HTML shows it."""
    words = " ".join(text.split())
    if not words:
        return " "
    return f"{' ' if text[0].isspace() else ''}{words}{' ' if text[-1].isspace() else ''}"
