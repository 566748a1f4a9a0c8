"""Normalises plain text: one kind of line break, one kind of space, no invisible characters."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs"})
# Spaces of one character each, replaced where offsets must not change.
PLAIN_SPACES: Final = dict.fromkeys(map(ord, "\u00a0\u2009\u202f\u2007"), " ")
_MAX_COMBINING_MARKS: Final = 30
_OBJECT_REPLACEMENT: Final = "\ufffc"  # stands for a picture in word processors


def clean(text: str) -> str:
    """Return ``text`` in NFC, with line feeds as the only line breaks and spaces as the only other white space.

    Control and format characters (zero-width, bidirectional, soft hyphen, byte order mark) are removed. Lines are
    stripped, and a run of white space in a line becomes one space. A single line break is kept, because agencies write
    one line per paragraph; several become one blank line. Quotation marks are kept. The function is idempotent, and
    its time is linear.
    """
    invisible = {ord(character): None for character in set(text) if _is_invisible(character)}
    lines: list[str] = []
    for line in text.splitlines():  # also splits at vertical tab, form feed, NEL, U+2028 and U+2029
        kept = " ".join(line.translate(invisible).split())
        if kept or (lines and lines[-1]):
            lines.append(kept)
    return unicodedata.normalize("NFC", _limit_combining_marks("\n".join(lines).rstrip("\n")))


def clean_line(text: str) -> str:
    """Return ``text`` cleaned and joined into one line, as for a title."""
    return " ".join(clean(text).split())


def _limit_combining_marks(text: str) -> str:
    """Cut runs of combining marks to the length of UAX #15's stream-safe format.

    Normalising a run takes quadratic time.
    """
    marks = "".join(character for character in set(text) if unicodedata.combining(character))
    if not marks:
        return text
    mark = f"[{re.escape(marks)}]"
    return re.sub(f"({mark}{{{_MAX_COMBINING_MARKS}}}){mark}+", r"\1", text)


def _is_invisible(character: str) -> bool:
    if character == _OBJECT_REPLACEMENT:
        return True
    return unicodedata.category(character) in _INVISIBLE and not character.isspace()
