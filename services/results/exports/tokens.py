"""The words of a result's text, for formats that annotate words: a result itself has no tokens."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.contracts import Extent

# Letters and digits with marks between them ("U.S", "well-known", "1,000"); every other sign is a word of its own.
_WORD: Final = re.compile(r"\w+(?:[.,'’&/-]\w+)*|[^\w\s]")
_END: Final = re.compile(r"[.!?…]")
_OPENING: Final = frozenset('"“«‘(')
_CLOSING: Final = re.compile(r"[\"'”’»)\]]")


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the text with its offsets in code points."""

    text: str
    start: int
    end: int


def tokens_of(text: str) -> list[Token]:
    """Return the words of the text in order."""
    return [Token(match.group(), match.start(), match.end()) for match in _WORD.finditer(text)]


def token_range(tokens: Sequence[Token], extent: Extent) -> range:
    """Return the indexes of the words that an extent touches."""
    first = bisect_right(tokens, extent.start, key=lambda token: token.end)
    return range(first, bisect_left(tokens, extent.end, key=lambda token: token.start))


def sentences(text: str, tokens: Sequence[Token]) -> Iterator[range]:
    """Yield the indexes of the words of each line and sentence. A sentence ends before a word with a capital."""
    first = 0
    for index in range(1, len(tokens)):
        gap, word = text[tokens[index - 1].end : tokens[index].start], tokens[index].text
        may_begin = word[0].isupper() or word in _OPENING
        if "\n" in gap or (gap and may_begin and _has_ended(tokens, index)):
            yield range(first, index)
            first = index
    if tokens:
        yield range(first, len(tokens))


def _has_ended(tokens: Sequence[Token], index: int) -> bool:
    """Return whether the word before ``index`` ends a sentence, quotation marks and brackets left aside."""
    last = index - 1
    while last >= 0 and _CLOSING.fullmatch(tokens[last].text):
        last -= 1
    return last >= 0 and _END.fullmatch(tokens[last].text) is not None
