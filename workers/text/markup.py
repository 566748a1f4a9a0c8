"""HTML to text without losing a paragraph: what an agency's body needs.

Time is linear in the markup, whatever it holds; nothing in here recurses.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any, Final

from lxml import etree, html

# HTML's block elements, and in the last line those of trafilatura's own tree. Everything else is inline: it neither
# splits nor glues words.
_PARAGRAPHS: Final = frozenset(
    """
    address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure
    footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li listing main menu nav ol optgroup option p plaintext
    pre search section summary table tbody tfoot thead ul xmp
    head item list quote
    """.split()  # noqa: SIM905 - as words they can be read; as a list they are fifty lines
)
_LINES: Final = frozenset({"br", "tr", "lb", "row"})
_CELLS: Final = frozenset({"td", "th", "cell"})
_VERBATIM: Final = frozenset({"pre", "listing", "plaintext", "xmp"})
_ATTRIBUTES: Final = 64  # of one element; what lies behind them says nothing about its text
_DEPTH: Final = 256
_HIDDEN: Final = frozenset(
    """
    applet audio canvas datalist del embed head iframe input math noembed noframes noscript object script select style
    svg template textarea title video
    """.split()  # noqa: SIM905 - as above
)


def parse(markup: str) -> Any:
    """Return the root element of ``markup``, or None where there is nothing in it."""
    # The encoding is given, so a <meta charset> left over from another life of the page cannot break the text.
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, target=_Tree())
    try:
        return etree.fromstring(markup.encode(), parser)
    except etree.LxmlError:
        return None


class _Tree:
    """Builds the tree from the parser's events: no comments, and attributes and depth within bounds.

    libxml2's own tree takes quadratic time over the attributes of an element and stops at the 2 048th level. Here an
    element below the bound becomes an empty one, and what it holds follows it: its text and its breaks stay.
    """

    def __init__(self) -> None:
        self._builder = etree.TreeBuilder(element_factory=html.HTMLParser().makeelement)
        self._is_empty = True
        self._depth = 0
        self._muted = 0  # hidden elements around us that are too deep to be in the tree

    def start(self, tag: str, attributes: Any) -> None:
        self._is_empty = False
        self._depth += 1
        self._builder.start(tag, dict(islice(attributes.items(), _ATTRIBUTES)))
        if self._depth > _DEPTH:
            self._builder.end(tag)
            self._muted += tag in _HIDDEN

    def end(self, tag: str) -> None:
        if self._depth > _DEPTH:
            self._muted -= tag in _HIDDEN
            if tag in _PARAGRAPHS:
                self._builder.start(tag, {})
                self._builder.end(tag)
        else:
            self._builder.end(tag)
        self._depth -= 1

    def data(self, text: str) -> None:
        if not self._is_empty and not self._muted:
            self._builder.data(text)

    def close(self) -> Any:
        return None if self._is_empty else self._builder.close()


def is_hidden(element: Any) -> bool:
    """Whether a reader of the rendered page would not see ``element``."""
    if element.tag in _HIDDEN or element.get("hidden") is not None:
        return True
    style = "".join(element.get("style", "").split()).lower()
    return "display:none" in style or "visibility:hidden" in style


def flow(root: Any, skip: Callable[[Any], bool] = is_hidden) -> str:
    """Return the text under ``root``: a blank line around blocks, a line end for <br>, one blank as other space.

    Elements for which ``skip`` is true are left out with all that is in them. <q> gets the quotation marks that a
    browser would draw.
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
            parts.append(text if verbatim else _collapsed(text))
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


def _collapsed(text: str) -> str:
    """White space as HTML shows it: any run is one blank, at either end too."""
    words = " ".join(text.split())
    if not words:
        return " "
    return f"{' ' if text[0].isspace() else ''}{words}{' ' if text[-1].isspace() else ''}"
