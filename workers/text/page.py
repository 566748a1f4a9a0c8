"""Extracts the article from a web page, and tells web pages from the HTML fragments that agencies send."""

from __future__ import annotations

import copy
import re
from typing import Any, Final

from lxml import etree

from workers.text.blocks import read_blocks
from workers.text.markup import element_text
from workers.text.story import select_story, without_chrome

_WRAPPER: Final = re.compile(r"<(?:!doctype|html|head|body)[\s/>]", re.IGNORECASE)
# A document with only these elements is an agency's text in a wrapper, without anything around the article.
_TEXT_MARKUP: Final = frozenset(
    """
    html head meta title body p br hr b i em strong u s a span q cite abbr small sub sup mark time code pre
    blockquote ul ol li dl dt dd h1 h2 h3 h4 h5 h6 figure figcaption img
    """.split()  # noqa: SIM905 - readable as words; a list would take forty lines
)
# On some pages trafilatura takes time quadratic in the elements. Nested tables are the worst case: 5 000 elements take
# three seconds, while 10 000 elements of other kinds take one. Pages laid out with tables nest five or six of them.
_MAX_ELEMENTS: Final = 10_000
_MAX_TABLE_DEPTH: Final = 16


def is_page(markup: str, root: Any) -> bool:
    """Whether ``markup`` is a web page with content around the article, and not only the article's own markup."""
    if _WRAPPER.search(markup) is None:
        return False
    return any(element.tag not in _TEXT_MARKUP for element in root.iter())


def page_text(root: Any) -> tuple[str, bool]:
    """Return the article's text, and whether the page's own structure decided instead of trafilatura."""
    story = select_story(read_blocks(root), _extract(root))
    return "\n\n".join(block.text for block in story.blocks), story.is_by_structure


def fragment_text(root: Any) -> str:
    """Return the text of an agency's fragment: all of it but forms, teasers and the like."""
    return "\n\n".join(block.text for block in without_chrome(read_blocks(root)))


def page_title(root: Any) -> str:
    """Return the page's title: the only <h1> of its <article>s, else og:title, <title> or any <h1>; else empty."""
    headings = root.xpath("(//article//h1 | //*[@itemprop='articleBody']//h1 | //main//h1)[position() < 3]")
    any_heading = root.find(".//h1")
    candidates = (
        element_text(headings[0]) if len(headings) == 1 else "",
        *root.xpath("(//meta[@property='og:title'])[1]/@content"),
        root.findtext(".//title", default=""),
        "" if any_heading is None else element_text(any_heading),
    )
    return next((candidate for candidate in candidates if candidate.strip()), "")


def _extract(root: Any) -> str:
    """Return what trafilatura takes for the article; empty if it would take too long or has nothing."""
    from trafilatura import bare_extraction  # a third of a second to import, only for pages

    visible = _visible_copy(root)  # trafilatura modifies its input
    if not _is_tractable(visible):
        return ""
    # `fast` leaves out its comparison with justext, whose time is quadratic, and which gains nothing here.
    document: Any = bare_extraction(visible, include_comments=False, fast=True)
    return "" if document is None or document.body is None else element_text(document.body, skip=lambda _: False)


def _visible_copy(root: Any) -> Any:
    """Return a copy of the page without scripts, style sheets and drawings, which are most of a large page."""
    copied = copy.deepcopy(root)
    etree.strip_elements(copied, "script", "style", "svg", "template", "noscript", with_tail=False)
    return copied


def _is_tractable(root: Any) -> bool:
    """Whether trafilatura is fast on the page: the elements are few enough and the tables not nested too deeply."""
    if sum(1 for _ in root.iter()) > _MAX_ELEMENTS:
        return False
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end"), tag="table"):
        depth += 1 if event == "start" else -1
        if depth > _MAX_TABLE_DEPTH:
            return False
    return True
