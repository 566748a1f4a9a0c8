"""What turns an article as pushed into the text that is analysed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from services.contracts import Article, MediaType, Warned
from services.errors import PermanentError
from workers.text.cleaning import clean, clean_line
from workers.text.languages import ENGLISH, accept_language
from workers.text.markup import flow, parse
from workers.text.page import is_page, page_text, page_title

_WORD: Final = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class PlainText:
    """The text of an article as analysed; every offset of a result counts code points into ``text``.

    ``text`` is title, blank line, body; or the body alone where there is no title or the body begins with it.
    ``body_start`` is where the body begins after a title that has a line of its own, else 0. ``language`` is "en".
    """

    text: str
    body_start: int
    language: str
    warnings: tuple[Warned, ...]


def to_plain_text(article: Article, *, limit: int = 1_000_000) -> PlainText:
    """Read ``article``; nothing is fetched.

    Raises ``PermanentError`` with code ``no_text`` (nothing left after cleaning), ``text_too_long`` (over ``limit``
    characters) or ``language_unsupported``. What was taken on trust is in ``warnings``: ``page_extraction_fallback``,
    ``language_mismatch``, ``language_uncertain``.
    """
    body, own_title, warnings = _body(article)
    if not body:
        raise PermanentError("the body holds no text", code="no_text")
    text, body_start = _joined(clean_line(article.title or own_title), body)
    if len(text) > limit:
        raise PermanentError(f"the text has {len(text)} characters; at most {limit} are analysed", code="text_too_long")
    warnings += accept_language(text, article.language)
    return PlainText(text=text, body_start=body_start, language=ENGLISH, warnings=warnings)


def _body(article: Article) -> tuple[str, str, tuple[Warned, ...]]:
    """Return the body's clean text, the title that a whole page gives itself, and what went wrong on the way."""
    if article.media_type is MediaType.TEXT:
        return clean(article.body), "", ()
    root = parse(article.body)
    if root is None:
        return "", "", ()
    if not is_page(article.body, root):
        return clean(flow(root)), "", ()
    text, is_fallback = page_text(article.body, root)
    detail = "the article could not be told from the rest of the page; the page's own structure decided"
    warnings = (Warned(code="page_extraction_fallback", detail=detail),) if is_fallback else ()
    return clean(text), page_title(root), warnings


def _joined(title: str, body: str) -> tuple[str, int]:
    """Return title and body as one text, and where the body begins in it."""
    if not title:
        return body, 0
    end = _end_of_title(title, body)
    if end is None:
        return f"{title}\n\n{body}", len(title) + 2
    rest = body[end:].lstrip("\n")
    return body, len(body) - len(rest) if body[end : end + 1] in {"", "\n"} else 0


def _end_of_title(title: str, body: str) -> int | None:
    """Return where ``title`` ends at the start of ``body``, compared by words without case; None if not there."""
    end = 0
    words = _WORD.finditer(body)
    for wanted in title.split():
        word = next(words, None)
        if word is None or word.group().casefold() != wanted.casefold():
            return None
        end = word.end()
    return end
