"""Finds HTML where plain text was announced: a body of the wrong media type, markup that was escaped, and entities.

Text about HTML stays as it is: tags in quotation marks and single tags do not count.
"""

from __future__ import annotations

import html
import re
from typing import Final

_INLINE_NAMES: Final = "a|abbr|b|big|cite|code|em|font|i|mark|q|s|small|span|strong|sub|sup|u"
_BLOCK_NAMES: Final = "article|blockquote|body|br|div|figure|h[1-6]|head|html|hr|img|li|main|ol|p|section|table|ul"
_QUOTED: Final = r"(?<![\"'“‘`])"
_FIRST_TAG: Final = re.compile(
    rf"\s*(?:<!doctype\s|<!--|<\?xml\s|<(?:{_BLOCK_NAMES}|{_INLINE_NAMES})(?:\s[^<>]*)?/?>)", re.IGNORECASE
)
_LAST_TAG: Final = re.compile(rf"(?:</(?:{_BLOCK_NAMES}|{_INLINE_NAMES})\s*|<(?:br|hr|p)\s*/?)>\Z", re.IGNORECASE)
_END: Final = re.compile(rf"{_QUOTED}(?:</(?:{_BLOCK_NAMES}|{_INLINE_NAMES})\s*|<(?:br|hr)\s*/?)>", re.IGNORECASE)
# Inline elements with their ends are markup wherever they stand, unless they are in quotation marks.
_INLINE: Final = re.compile(
    rf"{_QUOTED}<(?P<name>{_INLINE_NAMES})(?:\s[^<>]*)?>[^<>]{{1,500}}</(?P=name)\s*>", re.IGNORECASE
)
# Block elements are markup where a paragraph may begin or end.
_BLOCK: Final = re.compile(rf"(?:\A|[\n>.!?”\"’)])\s{{0,20}}</?(?:{_BLOCK_NAMES})(?:\s[^<>]*)?/?>", re.IGNORECASE)
_MIN_BLOCKS: Final = 2
_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_TITLE_TAG: Final = re.compile(rf"</?(?:{_INLINE_NAMES}|p|h[1-6])(?:\s[^<>]*)?>", re.IGNORECASE)
_TITLE_BREAK: Final = re.compile(r"<br\s*/?>", re.IGNORECASE)
_LAST_CHARS: Final = 200
_ROUNDS: Final = 2  # of escaping: some feeds escape what was escaped already


def is_markup(text: str) -> bool:
    """Whether a text that should be plain is HTML."""
    if "<" not in text or _END.search(text) is None:
        return False
    blocks = _BLOCK.findall(text)
    return is_wholly_markup(text) or len(blocks) >= _MIN_BLOCKS or _INLINE.search(text) is not None


def is_wholly_markup(text: str) -> bool:
    """Whether a text begins or ends with tags, as a whole body does that was escaped; code in a page does not."""
    if _END.search(text) is None:
        return False
    return _FIRST_TAG.match(text) is not None and _LAST_TAG.search(text.rstrip()[-_LAST_CHARS:]) is not None


def has_blocks(text: str) -> bool:
    """Whether HTML has block elements; without them, its line breaks are those of plain text."""
    return _BLOCK.search(text) is not None


def unescape(text: str) -> str:
    """Return ``text`` with its entities as characters. Only those that end with a semicolon are entities."""
    return _ENTITY.sub(lambda match: html.unescape(match[0]), text)


def plain_title(title: str) -> str:
    """Return a title without entities, also escaped ones, and without the tags of elements that have ends."""
    for _ in range(_ROUNDS):
        title = unescape(title)
    if "</" in title:
        title = _TITLE_TAG.sub("", title)
    return _TITLE_BREAK.sub(" ", title)
