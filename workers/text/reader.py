"""Converts an article as pushed to the text that is analysed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from services.contracts import Article, MediaType, Warned
from services.errors import PermanentError
from workers.text.cleaning import clean, clean_line
from workers.text.languages import ENGLISH, check_language
from workers.text.markup import element_text, parse
from workers.text.page import is_page, page_text, page_title

_WORD: Final = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class PlainText:
    """The text of an article as analysed. All offsets in results are code points of ``text``.

    ``text`` is the title, a blank line and the body, or the body alone if there is no title or the body begins with it.
    ``body_start`` is the offset of the body after a title on a line of its own, else 0. ``language`` is "en".
    """

    text: str
    body_start: int
    language: str
    warnings: tuple[Warned, ...]


def to_plain_text(article: Article, *, limit: int = 1_000_000) -> PlainText:
    """Convert ``article`` without fetching anything.

    Raises ``PermanentError`` with code ``no_text`` (nothing remains after cleaning), ``text_too_long`` (more than
    ``limit`` characters) or ``language_unsupported``. Doubts are reported in ``warnings``, with the codes
    ``page_extraction_fallback``, ``language_mismatch`` and ``language_uncertain``.
    """
    body, page_title_text, warnings = _read_body(article)
    if not body:
        raise PermanentError("the body has no text", code="no_text")
    text, body_start = _join(clean_line(article.title or page_title_text), body)
    if len(text) > limit:
        raise PermanentError(f"the text has {len(text)} characters; at most {limit} are analysed", code="text_too_long")
    warnings += check_language(text, article.language)
    return PlainText(text=text, body_start=body_start, language=ENGLISH, warnings=warnings)


def _read_body(article: Article) -> tuple[str, str, tuple[Warned, ...]]:
    """Return the cleaned text of the body, the title of a web page (else empty), and warnings."""
    if article.media_type is MediaType.TEXT:
        return clean(article.body), "", ()
    root = parse(article.body)
    if root is None:
        return "", "", ()
    if not is_page(article.body, root):
        return clean(element_text(root)), "", ()
    text, is_fallback = page_text(article.body, root)
    detail = "the article could not be told from the rest of the page; the page's own structure decided"
    warnings = (Warned(code="page_extraction_fallback", detail=detail),) if is_fallback else ()
    return clean(text), page_title(root), warnings


def _join(title: str, body: str) -> tuple[str, int]:
    """Return title and body as one text, and the offset of the body in it."""
    if not title:
        return body, 0
    end = _title_end(title, body)
    if end is None:
        return f"{title}\n\n{body}", len(title) + 2
    rest = body[end:].lstrip("\n")
    return body, len(body) - len(rest) if body[end : end + 1] in {"", "\n"} else 0


def _title_end(title: str, body: str) -> int | None:
    """Return the end of ``title`` at the start of ``body``, or None if the body does not begin with it.

    Words are compared without case.
    """
    end = 0
    words = _WORD.finditer(body)
    for title_word in title.split():
        word = next(words, None)
        if word is None or word.group().casefold() != title_word.casefold():
            return None
        end = word.end()
    return end
