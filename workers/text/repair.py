"""Repairs markup behind which a parser loses text: comments, quoted values and raw text elements that never end.

A browser hides such text too; the sender of an article did not mean to. Every repair takes time linear in the markup.
"""

from __future__ import annotations

import re
from collections import deque
from typing import Final, NamedTuple

_CDATA: Final = re.compile(r"<!\[CDATA\[|\]\]>")
# Elements after which a comment, a title or a script without an end has certainly ended.
_BLOCK: Final = r"(?:/head|body|meta|link|p|div|h[1-6]|article|main|section|header|nav|table|ul|ol|blockquote)\b"
_COMMENT_START: Final = "<!--"
_OPEN_TITLE: Final = re.compile(rf"<title\b[^<>]*>[^<]*(?=<{_BLOCK})", re.IGNORECASE)
_RAW_TEXT: Final = ("script", "style", "textarea", "iframe", "noembed", "noframes")
_NEXT_BLOCK: Final = re.compile(rf"(?<![\"'`\\])<{_BLOCK}", re.IGNORECASE)
# A start tag with a quotation mark that does not end before the tag: markup becomes part of the value, which then ends
# at the first mark of another tag, so that a name follows without a space; or at the end of the document.
_OPEN_VALUE: Final = re.compile(
    r"""
    (<[a-z] [^<>"']* (?: (?: "[^"<>]*" | '[^'<>]*' ) [^<>"']* )* = \s*)
    (?: (?P<double> " [^"<>]*) > (?= [^"<]* < [^"]* (?: " (?: [^\s>/] | /[^>] ) | \Z ) )
      | (?P<single> ' [^'<>]*) > (?= [^'<]* < [^']* (?: ' (?: [^\s>/] | /[^>] ) | \Z ) ) )
    """,
    re.IGNORECASE | re.VERBOSE,
)


class Repaired(NamedTuple):
    """Markup without the defects, and what each repair was, for people; empty if there was nothing to repair."""

    markup: str
    repairs: tuple[str, ...]


def repair(markup: str) -> Repaired:
    """Return ``markup`` with an end for everything that would hide the text behind it."""
    repairs: list[str] = []
    markup = _unwrap_character_data(markup)
    for what, mend in _REPAIRS:
        mended = mend(markup)
        if mended != markup:
            repairs.append(what)
            markup = mended
    return Repaired(markup, tuple(repairs))


def _unwrap_character_data(markup: str) -> str:
    return _CDATA.sub("", markup) if "<![CDATA[" in markup else markup


def _end_values(markup: str) -> str:
    return _OPEN_VALUE.sub(lambda match: f"{match[1]}{_closed(match)}>", markup)


def _closed(match: re.Match[str]) -> str:
    return f'{match["double"]}"' if match["double"] is not None else f"{match['single']}'"


def _end_title(markup: str) -> str:
    return _OPEN_TITLE.sub(lambda match: f"{match[0]}</title>", markup)


def _end_comment(markup: str) -> str:
    """Remove the start of the last comment if it has no end and blocks follow. Without blocks it is a cut document."""
    start = _first_open(markup)
    if start < 0 or _NEXT_BLOCK.search(markup, start) is None:
        return markup
    return markup[:start] + markup[start + len(_COMMENT_START) :]


def _first_open(markup: str) -> int:
    """Return the offset of the comment without an end, or -1."""
    last_end = markup.rfind("-->")
    return markup.find(_COMMENT_START, 0 if last_end < 0 else last_end + 3)


def _end_raw_text(markup: str) -> str:
    """Close the last raw text element of each name, if it has no end tag, before the next block."""
    for name in _RAW_TEXT:
        tags = re.compile(rf"</?{name}\b[^<>]*>?", re.IGNORECASE)
        last = next(iter(deque(tags.finditer(markup), maxlen=1)), None)
        if last is None or last[0].startswith("</") or last[0].endswith("/>"):
            continue
        block = _NEXT_BLOCK.search(markup, last.end())
        if block is not None:
            markup = f"{markup[: block.start()]}</{name}>{markup[block.start() :]}"
    return markup


_REPAIRS: Final = (
    ("a quoted value had no end", _end_values),
    ("a title had no end", _end_title),
    ("a comment had no end", _end_comment),
    ("a script, a style sheet or the like had no end", _end_raw_text),
)
