"""Splits a page into blocks: runs of text between the starts and ends of block elements, in the order of the page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

from workers.text.chrome import Chrome, chrome_of
from workers.text.cleaning import clean
from workers.text.markup import PARAGRAPH, VERBATIM, closing, collapse_white_space, is_hidden, opening

_MIN_PROSE_LETTERS: Final = 60
_MAX_PROSE_LINKS: Final = 0.4
HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_WORD: Final = re.compile(r"\w+")


@dataclass(slots=True, eq=False)
class Block:
    """A run of text, cleaned. ``element`` is the innermost element around all of it; letters exclude white space.

    ``chrome`` is the innermost element around it that appears not to belong to the story.
    """

    text: str
    element: Any
    chrome: Chrome | None
    letters: int
    link_letters: int

    @property
    def is_prose(self) -> bool:
        """Whether length and links are those of a paragraph."""
        return self.letters > _MIN_PROSE_LETTERS and self.link_letters < _MAX_PROSE_LINKS * self.letters


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of ``text`` in lower case."""
    return tuple(_WORD.findall(text.lower()))


def letter_count(text: str | None) -> int:
    """Return the number of characters that are not white space."""
    return sum(map(len, text.split())) if text else 0


def read_blocks(root: Any) -> list[Block]:
    """Return the blocks of all visible elements. Their texts are those that `element_text` gives."""
    splitter = _Splitter()
    verbatim = 0
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag = element.tag
        if event == "start":
            if _is_left_out(element):
                walk.skip_subtree()
                continue
            splitter.add(opening(tag))
            splitter.open(element)
            verbatim += tag in VERBATIM
            text = element.text
        else:
            if not _is_left_out(element):
                splitter.add(closing(tag))
                splitter.close(element)
                verbatim -= tag in VERBATIM
            text = element.tail if element is not root else None
        if text:
            splitter.add(text if verbatim else collapse_white_space(text))
    return splitter.blocks


def _is_left_out(element: Any) -> bool:
    """Whether ``element`` is hidden or a button; headings that unfold a section are buttons, too."""
    if element.tag != "button":
        return is_hidden(element)
    parent = element.getparent()
    return parent is None or parent.tag not in HEADINGS


class _Splitter:
    """Collects text and makes a block of it at each boundary."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._parts: list[str] = []
        self._link_letters = 0
        self._links = 0  # open <a>
        self._open: list[tuple[Any, Chrome | None]] = []

    def open(self, element: Any) -> None:
        outer = self._open[-1][1] if self._open else None
        self._open.append((element, chrome_of(element, outer)))
        self._links += element.tag == "a"

    def close(self, element: Any) -> None:
        self._open.pop()
        self._links -= element.tag == "a"

    def add(self, text: str) -> None:
        if text == PARAGRAPH:
            self._end_block()
        elif text:
            self._parts.append(text)
            if self._links:
                self._link_letters += letter_count(text)

    def _end_block(self) -> None:
        if not self._parts:  # as between two tags, which is the rule
            return
        text = clean("".join(self._parts))
        if text:
            element, chrome = self._open[-1]
            self.blocks.append(Block(text, element, chrome, letter_count(text), self._link_letters))
            if chrome is not None:
                chrome.count_block()
        self._parts.clear()
        self._link_letters = 0
