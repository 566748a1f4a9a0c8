"""Extracts the article from a web page, and tells web pages from the HTML fragments that agencies send."""

from __future__ import annotations

import re
from typing import Any, Final

from lxml import etree

from workers.text.markup import element_text, is_hidden, parse

_WRAPPER: Final = re.compile(r"<(?:!doctype|html|head|body)[\s/>]", re.IGNORECASE)
# A document with only these elements is an agency's text in a wrapper, without anything around the article.
_TEXT_MARKUP: Final = frozenset(
    """
    html head meta title body p br hr b i em strong u s a span q cite abbr small sub sup mark time code pre
    blockquote ul ol li dl dt dd h1 h2 h3 h4 h5 h6 figure figcaption img
    """.split()  # noqa: SIM905 - readable as words; a list would take forty lines
)
_CHROME: Final = frozenset({"nav", "footer", "aside", "form", "button", "dialog", "menu"})
_CHROME_ROLES: Final = frozenset(
    {"navigation", "complementary", "contentinfo", "banner", "search", "dialog", "alertdialog"}
)
_NOT_PROSE: Final = frozenset({"ul", "ol", "table"})  # inside an article they are often links to other articles
_MIN_EXTRACTED_SHARE: Final = 0.8  # with a smaller share of the page's own article, paragraphs are lost
# On some pages trafilatura takes time quadratic in the elements. Nested tables are the worst case: 5 000 elements take
# three seconds, while 10 000 elements of other kinds take one. Pages laid out with tables nest five or six of them.
_MAX_ELEMENTS: Final = 10_000
_MAX_TABLE_DEPTH: Final = 16


def is_page(markup: str, root: Any) -> bool:
    """Whether ``markup`` is a web page with content around the article, and not only the article's own markup."""
    if _WRAPPER.search(markup) is None:
        return False
    return any(element.tag not in _TEXT_MARKUP for element in root.iter())


def page_text(markup: str, root: Any) -> tuple[str, bool]:
    """Return the article's text, and whether it was extracted without trafilatura.

    trafilatura's result (favouring recall, without comments) is used unless it is clearly shorter than the paragraphs
    of the page's <article> or <main>. Then that element is read directly, or the body if the page has neither.
    """
    container, letters = _container(root)
    extracted = _extract(markup) if _is_tractable(root) else ""
    extracted_letters = _letters(extracted)
    if extracted_letters and extracted_letters >= _MIN_EXTRACTED_SHARE * letters:
        return extracted, False
    return element_text(root if container is None else container, _is_chrome), True


def page_title(root: Any) -> str:
    """Return the page's title: the article's <h1>, else og:title, <title> or any <h1>; empty if it has none of them."""
    container, _ = _container(root)
    article_heading = None if container is None else container.find(".//h1")
    any_heading = root.find(".//h1")
    candidates = (
        "" if article_heading is None else element_text(article_heading),
        *root.xpath("//meta[@property='og:title'][1]/@content"),
        root.findtext(".//title", default=""),
        "" if any_heading is None else element_text(any_heading),
    )
    return next((candidate for candidate in candidates if candidate.strip()), "")


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


def _extract(markup: str) -> str:
    from trafilatura import bare_extraction  # a third of a second to import, only for pages

    # trafilatura gets a tree of its own because it modifies its input.
    document: Any = bare_extraction(parse(markup), include_comments=False, favor_recall=True)
    return "" if document is None or document.body is None else element_text(document.body, skip=lambda _: False)


def _container(root: Any) -> tuple[Any, int]:
    """Return the <article> with the most prose, else such a <main>, with its number of letters; else (None, 0).

    The page is walked once, however deeply articles are nested. Of two with the same prose, the inner one is taken.
    """
    best: dict[bool, tuple[Any, int]] = {True: (None, 0), False: (None, 0)}
    letters_before: list[int] = []
    letters = 0
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        is_skipped = element.tag in _NOT_PROSE or _is_chrome(element)
        if event == "start":
            letters_before.append(letters)
            if is_skipped:
                walk.skip_subtree()
            else:
                letters += _letters(element.text)
            continue
        inside = letters - letters_before.pop()
        is_article = element.tag == "article" or element.get("itemprop") == "articleBody"
        is_main = element.tag == "main" or element.get("role") == "main"
        if (is_article or is_main) and inside > best[is_article][1]:
            best[is_article] = (element, inside)
        letters += _letters(element.tail)
    return best[True] if best[True][1] else best[False]


def _letters(text: str | None) -> int:
    """Return the number of characters that are not white space."""
    return sum(map(len, text.split())) if text else 0


def _is_chrome(element: Any) -> bool:
    """Whether ``element`` is navigation, a form or the like, or hidden."""
    return element.tag in _CHROME or element.get("role") in _CHROME_ROLES or is_hidden(element)
