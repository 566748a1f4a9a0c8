"""Hostile texts: generators of at least a given number of characters of one kind.

Tests put ``NEWS`` in front of a text where the language detector must take it for English, so that the text reaches the
components that it is aimed at.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Final

Text = Callable[[int], str]

NEWS: Final = (
    "The minister said on Monday that the bridge would be closed for the whole of the winter. “We have no choice,” she "
    "told reporters after the meeting. The opposition rejected the plan and called for a new vote in the council next "
    "week.\n\n"
)


def repeated(piece: str) -> Text:
    """Repeat ``piece``."""
    return lambda size: piece * (size // len(piece) + 1)


def numbered(pattern: str) -> Text:
    """Repeat ``pattern`` with a counter in the place of ``{}``, so that no word occurs twice."""

    def text(size: int) -> str:
        pieces, length = [], 0
        for number in count():
            piece = pattern.format(number)
            pieces.append(piece)
            length += len(piece)
            if length >= size:
                return "".join(pieces)
        raise AssertionError("count() has no end")

    return text


def lettered(pattern: str) -> Text:
    """Like ``numbered``, with names made of letters instead of a counter."""

    def name(number: int) -> str:
        letters = ""
        for _ in range(5):
            number, rest = divmod(number, 20)
            letters = "bcdfghjklmnpqrstvwxz"[rest] + "aeiou"[(rest + number) % 5] + letters
        return letters.capitalize()

    def text(size: int) -> str:
        pieces, length = [], 0
        for number in count():
            piece = pattern.format(name(number), name(number * 7 + 3))
            pieces.append(piece)
            length += len(piece)
            if length >= size:
                return "".join(pieces)
        raise AssertionError("count() has no end")

    return text


def opened_then_closed(opening: str, closing: str) -> Text:
    """Return all opening marks first, then all closing marks."""
    return lambda size: (
        opening * (size // (len(opening) + len(closing))) + closing * (size // (len(opening) + len(closing)))
    )


def _cycled(pieces: tuple[str, ...]) -> Text:
    """Return the pieces in an order with a long period."""

    def text(size: int) -> str:
        kinds = len(pieces)
        average = sum(map(len, pieces)) / kinds
        return "".join(pieces[(number * number + number // kinds) % kinds] for number in range(int(size / average) + 1))

    return text


_MARKS: Final = ("“", "”", "‘", "’", '"', "'", "«", "»", "„", "‚", "‹", "›", "``", "''", "`", "‟")

QUOTATION_MARKS: Final[dict[str, Text]] = {
    f"marks-{name}": text
    for name, text in {
        "straight": repeated('"'),
        "straight-spaced": repeated('" '),
        "straight-words": repeated('"a "b '),
        "apostrophes": repeated("'"),
        "apostrophes-words": repeated("'a b' "),
        "apostrophes-inside": repeated("a'b'"),
        "opening": repeated("“"),
        "opening-spaced": repeated("“ "),
        "opening-after-colon": repeated("said: “a "),
        "opening-paragraphs": repeated("“We will not go\n\n"),
        "closing": repeated("”"),
        "closing-words": repeated("a” "),
        "single-opening": repeated("‘a "),
        "low-and-double": repeated("„a “b "),
        "guillemets-turned": repeated("»a «b "),
        "narrow": repeated("‹a "),
        "backticks": repeated("``a "),
        "backticks-pairs": repeated("`` '' "),
        "nested": opened_then_closed("“a ", "b” "),
        "nested-alternating": opened_then_closed("“‘a ", "b’” "),
        "nested-kinds": opened_then_closed("“ ‘ « ‹ „ ", "b “ › » ’ ” "),
        "all-kinds": _cycled(_MARKS),
        "all-kinds-spaced": _cycled(tuple(f"{mark} " for mark in _MARKS)),
        "all-kinds-words": _cycled(tuple(f"{mark}a b{mark} " for mark in _MARKS)),
        "right-to-left": repeated("\u200f”אמר לא“ "),
        "escaped": repeated('\\"a\\" '),
        "pairs": repeated('"a" '),
        "speech": repeated("“We will not go,” he said. "),
        "speech-unclosed": repeated("“We will not go, he said. "),
        "speech-single": repeated("‘It’s the dogs’ day,’ she said. "),
    }.items()
}

SPACING: Final[dict[str, Text]] = {
    f"spacing-{name}": text
    for name, text in {
        "blanks": lambda size: "a" + " " * size + "b",
        "blanks-between": lambda size: "word" + " " * (size // 2) + "word" + " " * (size // 2) + "word",
        "newlines": lambda size: "a" + "\n" * size + "b",
        "newlines-words": repeated("a\n"),
        "blank-lines": repeated("a\n\n"),
        "tabs": repeated("\t"),
        "tabs-words": repeated("a\t"),
        "carriage-returns": repeated("a\r"),
        "crlf": repeated("a\r\n"),
        "all-line-ends": repeated("a\r\nb\rc\nd\x85e\u2028f\u2029g\x0bh\x0c"),
        "next-line": repeated("a\x85"),
        "separators": repeated("a\u2028b\u2029"),
        "no-break": repeated("a\u00a0"),
        "wide": repeated("a\u3000\u2003"),
        "between-letters": repeated("s a i d "),
        "zero-width": repeated("a\u200b\u200c\u200d\u2060\ufeff"),
        "zero-width-alone": repeated("\u200b"),
        "soft-hyphens": repeated("mi\u00adnis\u00adter said "),
        "blanks-before-line-ends": repeated(" " * 50 + "\n"),
        "wrapped": repeated("The minister said that this line is as long as lines are\n"),
    }.items()
}

UNICODE: Final[dict[str, Text]] = {
    f"unicode-{name}": text
    for name, text in {
        "marks-pile": lambda size: "e" + "\u0301" * size,
        "marks-piles": repeated("e" + "\u0301\u0323" * 40 + " "),
        "marks-unordered": lambda size: "a" + "\u0315\u0300\u05ae\u0301" * (size // 4),
        "marks-hebrew": repeated("\u05d0\u05b0\u05bc\u05c1"),
        "hangul-jamo": repeated("\u1112\u1161\u11ab"),
        "decomposed": repeated("cafe\u0301 said "),
        "ligatures": repeated("\ufdfa"),
        "emoji-families": repeated("\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"),
        "emoji-flags": repeated("\U0001f1e9\U0001f1ea"),
        "emoji-in-speech": repeated("“No \U0001f600,” said Ann Lee \U0001f9d1\u200d\u2696\ufe0f. "),
        "astral": repeated("\U00010400\U00010428 "),
        "astral-long": repeated("\U00020000"),
        "bidi-controls": repeated("\u202eabc\u202c \u2066def\u2069 "),
        "bidi-open": repeated("\u202e"),
        "right-to-left": repeated("אמר השר לא "),
        "arabic": repeated("قال الوزير لا "),
        "mixed-scripts": repeated(
            "M\u0456n\u0456ster said \u043cinister \u03bb\u03cc\u03b3\u03bf\u03c2 \u5927\u81e3 said "
        ),
        "cjk": repeated("大臣は言った"),
        "thai": repeated("รัฐมนตรีกล่าว"),
        "private-use": repeated("\ue000\uf8ff "),
        "noncharacters": repeated("\ufffe\uffff\U0010ffff "),
        "replacement": repeated("\ufffd"),
        "object-replacement": repeated("\ufffc a "),
        "byte-order-marks": repeated("\ufeff"),
        "control": repeated("a\x01\x02\x1b[31m\x7f "),
        "variation-selectors": repeated("a\ufe0f\U000e0100"),
        "tags": repeated("\U000e0041\U000e0042"),
        "fullwidth": repeated("\uff2d\uff49\uff4e\uff49\uff53\uff54\uff45\uff52 \uff53\uff41\uff49\uff44 "),
        "mathematical": repeated("\U0001d40c\U0001d422\U0001d427 "),
        "sharp-s": repeated("ßẞ"),
        "dotted-i": repeated("İ"),
        "digits-of-all-scripts": repeated("٣٤५६๗๘ "),
    }.items()
}
