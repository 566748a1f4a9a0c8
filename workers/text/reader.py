"""Converts an article as pushed to the text that is analysed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from services.contracts import Article, MediaType, Warned
from services.errors import PermanentError
from workers.text.cleaning import clean, clean_line
from workers.text.disguised import has_blocks, is_markup, is_wholly_markup, plain_title, unescape
from workers.text.encoding import repair_encoding
from workers.text.languages import ENGLISH, check_language, check_script
from workers.text.markup import parse
from workers.text.page import fragment_text, is_page, page_text, page_title
from workers.text.repair import repair

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


class _Body(NamedTuple):
    """The text of a body, the title of a web page (else empty), and warnings."""

    text: str
    title: str
    warnings: tuple[Warned, ...]


def to_plain_text(article: Article, *, limit: int = 1_000_000) -> PlainText:
    """Convert ``article`` without fetching anything.

    Raises ``PermanentError`` with code ``no_text`` (nothing remains after cleaning), ``text_too_long`` (more than
    ``limit`` characters) or ``language_unsupported``. Doubts are reported in ``warnings``, with the codes
    ``encoding_repaired``, ``markup_in_text``, ``markup_escaped``, ``markup_repaired``, ``page_extraction_fallback``,
    ``language_mismatch`` and ``language_uncertain``.
    """
    body = _read_body(article)
    if not body.text:
        raise PermanentError("the body has no text", code="no_text")
    check_script(body.text)
    title = plain_title(repair_encoding(article.title)) if article.title else body.title
    text, body_start = _join(clean_line(title), body.text)
    if len(text) > limit:
        raise PermanentError(f"the text has {len(text)} characters; at most {limit} are analysed", code="text_too_long")
    warnings = body.warnings + check_language(text, article.language)
    return PlainText(text=text, body_start=body_start, language=ENGLISH, warnings=warnings)


def _read_body(article: Article) -> _Body:
    """Return the cleaned text of the body, with what was repaired."""
    warnings: list[Warned] = []
    repaired = repair_encoding(article.body)
    is_encoding_repaired = repaired != article.body
    if article.media_type is MediaType.TEXT:
        markup, reason = _hidden_markup(repaired)
        if reason:
            warnings.append(Warned(code="markup_in_text", detail=f"body: {reason}"))
        if markup is None:
            text = clean(unescape(repaired) if reason else repaired)
            return _Body(text, "", (*_encoding_warnings(is_needed=is_encoding_repaired), *warnings))
        repaired = markup
    read = _read_markup(repaired)
    if is_wholly_markup(read.text):
        detail = "body: the markup was escaped twice; read as HTML"
        read = _read_markup(read.text)
        warnings.append(Warned(code="markup_escaped", detail=detail))
    text = repair_encoding(read.text)  # mojibake may have been written as entities
    is_encoding_repaired |= text != read.text
    return _Body(text, read.title, (*_encoding_warnings(is_needed=is_encoding_repaired), *warnings, *read.warnings))


def _encoding_warnings(*, is_needed: bool) -> tuple[Warned, ...]:
    detail = "body: text in a wrong encoding, such as â€™ for ’, was repaired"
    return (Warned(code="encoding_repaired", detail=detail),) if is_needed else ()


def _hidden_markup(text: str) -> tuple[str | None, str]:
    """Return the HTML that was sent as plain text, else None, and the reason of a warning about it, else empty."""
    if is_markup(text):
        return (text if has_blocks(text) else text.replace("\n", "<br>")), "HTML sent as text/plain; read as HTML"
    unescaped = unescape(text)
    if unescaped == text:
        return None, ""
    if is_wholly_markup(unescaped):
        return unescaped, "escaped HTML sent as text/plain; read as HTML"
    return None, "entities sent as text/plain; read as the characters that they stand for"


def _read_markup(body: str) -> _Body:
    """Return the text of HTML."""
    markup, repairs = repair(body)
    root = parse(markup)
    if root is None:
        return _Body("", "", ())
    warnings = [Warned(code="markup_repaired", detail=f"body: {what}") for what in repairs]
    if not is_page(markup, root):
        return _Body(fragment_text(root), "", tuple(warnings))
    text, is_by_structure = page_text(root)
    if is_by_structure:
        detail = "the article could not be told from the rest of the page; the page's own structure decided"
        warnings.append(Warned(code="page_extraction_fallback", detail=detail))
    return _Body(text, page_title(root), tuple(warnings))


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
