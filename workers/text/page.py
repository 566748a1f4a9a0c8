"""The article out of a whole web page, and how a page is told from an agency's fragment."""

from __future__ import annotations

import re
from typing import Any, Final

from lxml import etree

from workers.text.markup import flow, is_hidden, parse

_WRAPPER: Final = re.compile(r"<(?:!doctype|html|head|body)[\s/>]", re.IGNORECASE)
# A wrapped body that holds nothing but these is still an agency's text, with nothing around it to take away.
_TEXT_MARKUP: Final = frozenset(
    """
    html head meta title body p br hr b i em strong u s a span q cite abbr small sub sup mark time code pre
    blockquote ul ol li dl dt dd h1 h2 h3 h4 h5 h6 figure figcaption img
    """.split()  # noqa: SIM905 - as words they can be read; as a list they are forty lines
)
_CHROME: Final = frozenset({"nav", "footer", "aside", "form", "button", "dialog", "menu"})
_CHROME_ROLES: Final = frozenset(
    {"navigation", "complementary", "contentinfo", "banner", "search", "dialog", "alertdialog"}
)
_NOT_PROSE: Final = frozenset({"ul", "ol", "table"})  # inside an article they are often links to other articles
_SHARE: Final = 0.8  # an extraction with less than this of the page's own article has lost paragraphs
# trafilatura's time grows with the square of some pages' elements, worst with tables in tables: 5 000 elements in such a
# nest take it three seconds, and 10 000 of anything else one. Pages laid out with tables have five levels, or six.
_ELEMENTS: Final = 10_000
_TABLES: Final = 16


def is_page(markup: str, root: Any) -> bool:
    """Whether ``markup`` is a web page with things around the article, not the article's own markup."""
    if _WRAPPER.search(markup) is None:
        return False
    return any(element.tag not in _TEXT_MARKUP for element in root.iter())


def page_text(markup: str, root: Any) -> tuple[str, bool]:
    """Return the article's text and whether it had to be taken without trafilatura.

    trafilatura's answer (recall before precision, no comments) stands unless it is clearly shorter than the paragraphs
    of the page's own <article> or <main>; then that element is read as it is, or the body where a page has neither.
    """
    container, letters = _container(root)
    extracted = _extracted(markup) if _is_tractable(root) else ""
    found = sum(map(len, extracted.split()))
    if found and found >= _SHARE * letters:
        return extracted, False
    return flow(root if container is None else container, _is_chrome), True


def page_title(root: Any) -> str:
    """Return the page's own title: the article's <h1>, else og:title, <title>, any <h1>; empty where it has none."""
    container, _ = _container(root)
    inside = None if container is None else container.find(".//h1")
    anywhere = root.find(".//h1")
    candidates = (
        "" if inside is None else flow(inside),
        *root.xpath("//meta[@property='og:title'][1]/@content"),
        root.findtext(".//title", default=""),
        "" if anywhere is None else flow(anywhere),
    )
    return next((candidate for candidate in candidates if candidate.strip()), "")


def _is_tractable(root: Any) -> bool:
    """Whether trafilatura is quick on the page: not too many elements, and tables not nested too deep."""
    if sum(1 for _ in root.iter()) > _ELEMENTS:
        return False
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end"), tag="table"):
        depth += 1 if event == "start" else -1
        if depth > _TABLES:
            return False
    return True


def _extracted(markup: str) -> str:
    from trafilatura import bare_extraction  # takes a third of a second, which plain text need not pay

    # Its own tree, because trafilatura changes what it is given.
    document: Any = bare_extraction(parse(markup), include_comments=False, favor_recall=True)
    return "" if document is None or document.body is None else flow(document.body, skip=lambda _: False)


def _container(root: Any) -> tuple[Any, int]:
    """Return the <article> with the most prose, else the <main> with the most, and its letters; (None, 0) without one.

    One walk over the page, however deeply articles are nested; of two with the same prose the inner one is taken.
    """
    best: dict[bool, tuple[Any, int]] = {True: (None, 0), False: (None, 0)}
    letters_before: list[int] = []
    letters = 0
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        is_left_out = element.tag in _NOT_PROSE or _is_chrome(element)
        if event == "start":
            letters_before.append(letters)
            if is_left_out:
                walk.skip_subtree()
            else:
                letters += _letters(element.text)
            continue
        own = letters - letters_before.pop()
        is_article = element.tag == "article" or element.get("itemprop") == "articleBody"
        is_main = element.tag == "main" or element.get("role") == "main"
        if (is_article or is_main) and own > best[is_article][1]:
            best[is_article] = (element, own)
        letters += _letters(element.tail)
    return best[True] if best[True][1] else best[False]


def _letters(text: str | None) -> int:
    return sum(map(len, text.split())) if text else 0


def _is_chrome(element: Any) -> bool:
    return element.tag in _CHROME or element.get("role") in _CHROME_ROLES or is_hidden(element)
