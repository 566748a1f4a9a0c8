"""Plain text as feeds send it, made regular: one kind of line end, one kind of blank, nothing invisible."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs"})
# Blanks of one character each, for text whose offsets may not move.
PLAIN_SPACES: Final = dict.fromkeys(map(ord, "\u00a0\u2009\u202f\u2007"), " ")
_MARKS: Final = 30
_OBJECT_REPLACEMENT: Final = "\ufffc"  # where a word processor had a picture


def clean(text: str) -> str:
    """Return ``text`` in NFC with the line feed as its only line end and the space as its only blank.

    Control and format characters (zero-width, bidirectional, soft hyphen, byte order mark) are taken out, blanks at
    either end of a line too, and a run of blanks becomes one space. A single line end is kept, because agencies write
    one line per paragraph; more of them become one blank line. Quotation marks stay as they are. Cleaning twice equals
    cleaning once; time is linear.
    """
    invisible = {ord(character): None for character in set(text) if _is_invisible(character)}
    lines: list[str] = []
    for line in text.splitlines():  # also at vertical tab, form feed, NEL, U+2028 and U+2029
        kept = " ".join(line.translate(invisible).split())
        if kept or (lines and lines[-1]):
            lines.append(kept)
    return unicodedata.normalize("NFC", _bounded_marks("\n".join(lines).rstrip("\n")))


def clean_line(text: str) -> str:
    """Return ``text`` cleaned and on one line: what a title is."""
    return " ".join(clean(text).split())


def _bounded_marks(text: str) -> str:
    """Cut runs of combining marks to what UAX #15 calls stream-safe: putting a run in order takes quadratic time."""
    marks = "".join(character for character in set(text) if unicodedata.combining(character))
    if not marks:
        return text
    among = f"[{re.escape(marks)}]"
    return re.sub(f"({among}{{{_MARKS}}}){among}+", r"\1", text)


def _is_invisible(character: str) -> bool:
    if character == _OBJECT_REPLACEMENT:
        return True
    return unicodedata.category(character) in _INVISIBLE and not character.isspace()
