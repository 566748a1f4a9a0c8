"""Selects the story's blocks: those that trafilatura took, those that it missed among them, and no chrome."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice, pairwise
from typing import Any, Final, NamedTuple

from workers.text.blocks import HEADINGS, Block, words_of
from workers.text.chrome import chrome_parts

_SHINGLE: Final = 3  # words
_MIN_COVERED: Final = 0.7  # share of a block's shingles in an extract that has the block
_MAX_LINKS: Final = 0.5  # share of letters in links of a block that trafilatura missed
_MAX_MISSED_LINKS: Final = 0.3
_MAX_QUOTED_LINKS: Final = 0.6
_LINK_LINE: Final = 0.8  # share of letters in links of a short block that only leads elsewhere
_LINK_LINE_LETTERS: Final = 200
_MIN_SHARE: Final = 0.15  # of the story's prose; less does not make its surroundings those of the story
_MIN_BETWEEN_LETTERS: Final = 80
_MIN_AFTER_LETTERS: Final = 40
_STORY_TAGS: Final = frozenset(
    {"p", "h2", "h3", "h4", "li", "div", "section", "blockquote", "pre", "dd", "dt", "tbody", "body"}
)
_MISSED_SHARE: Final = 0.5  # trafilatura took another part of the page if it has less than this of the densest part
_ELSEWHERE: Final = re.compile(
    r"(?:also read|more|read|related|see also|watch|listen|sign up|subscribe|follow|share|click here|don['’]t miss)\b",
    re.IGNORECASE,
)
_MISSED_TIMES: Final = 2  # and if the densest part has more than this times its letters
_CAPTION: Final = re.compile(r"caption|gallery|credit", re.IGNORECASE)
_ITEMS: Final = frozenset({"li", "dd", "dt"})
_SENTENCE_END: Final = re.compile(r"[.!?…:;][\"'”’)\]]*$")

_Surroundings = tuple[tuple[str, str, str], ...]


class Story(NamedTuple):
    """The blocks of a story, and whether the page's own structure decided because trafilatura had no answer."""

    blocks: list[Block]
    is_by_structure: bool


def select_story(blocks: Sequence[Block], extract: str) -> Story:
    """Return the story of a page with ``blocks``. ``extract`` is what trafilatura took for it; it may be empty."""
    seeds = _covered(blocks, extract)
    densest = _densest(blocks)
    dense = _letters(densest)
    is_by_structure = _letters(seeds & densest) < _MISSED_SHARE * dense and dense > _MISSED_TIMES * _letters(
        _prose(seeds)
    )
    if is_by_structure:
        seeds = densest
    chrome = chrome_parts(blocks, _prose(seeds))
    story = _prose(seeds - chrome)
    if story:
        selected = seeds | _missed(blocks, story, is_by_structure=is_by_structure)
    else:  # a page of short lines, such as a notice
        is_by_structure = True
        selected = {block for block in blocks if block.chrome is None or not block.chrome.is_evident()}
    selected -= chrome | _headings_of(chrome, blocks)
    kept = [block for block in blocks if block in selected and not _leads_elsewhere(block)]
    return Story(kept, is_by_structure)


def _headings_of(chrome: set[Block], blocks: Sequence[Block]) -> set[Block]:
    """Return the headings of comments and teasers that stand before them, outside of their elements."""
    return {
        block
        for block, after in pairwise(blocks)
        if block.element.tag in HEADINGS and after in chrome and after.chrome is not None and after.chrome.is_of_others
    }


def without_chrome(blocks: Sequence[Block]) -> list[Block]:
    """Return the blocks of a text that has its own markup only, without forms, teasers and the like."""
    chrome = chrome_parts(blocks, _prose(blocks))
    return [block for block in blocks if block not in chrome]


def _prose(blocks: Iterable[Block]) -> set[Block]:
    return {block for block in blocks if block.is_prose}


def _letters(blocks: Iterable[Block]) -> int:
    return sum(block.letters for block in blocks)


def _covered(blocks: Sequence[Block], extract: str) -> set[Block]:
    """Return the blocks that the extract has."""
    lines = {words_of(line) for line in extract.splitlines()}
    shingles = set(_shingles(words_of(extract)))
    return {block for block in blocks if _is_covered(words_of(block.text), lines, shingles)}


def _is_covered(words: tuple[str, ...], lines: set[tuple[str, ...]], shingles: set[tuple[str, ...]]) -> bool:
    if words in lines:
        return True
    own = _shingles(words)
    return bool(own) and sum(shingle in shingles for shingle in own) >= _MIN_COVERED * len(own)


def _shingles(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    return list(zip(*(words[start:] for start in range(_SHINGLE)), strict=False))


def _densest(blocks: Sequence[Block]) -> set[Block]:
    """Return the prose of the element that has the most of it, counting what its children's children have by half.

    The measure is that of Readability. Evident chrome is considered only if all prose is in it.
    """
    prose = _prose(blocks)
    prose = {block for block in prose if block.chrome is None or not block.chrome.is_evident()} or prose
    letters: Counter[Any] = Counter()
    for block in prose:
        for weight, element in zip((2, 1), block.element.iterancestors(), strict=False):
            letters[element] += weight * block.letters
    if not letters:
        return prose
    top = max(letters, key=lambda element: letters[element])
    return {
        block for block in prose if block.element is top or any(top is outer for outer in block.element.iterancestors())
    }


def _missed(blocks: Sequence[Block], story: set[Block], *, is_by_structure: bool) -> set[Block]:
    """Return the blocks that stand among the paragraphs of the story, or that resemble them."""
    in_surroundings: Counter[_Surroundings] = Counter()
    in_parent: Counter[Any] = Counter()
    for block in story:
        in_surroundings[_surroundings(block)] += block.letters
        in_parent[block.element.getparent()] += block.letters
    least = _MIN_SHARE * _letters(story)
    positions = [position for position, block in enumerate(blocks) if block in story]
    missed = set()
    for position, block in enumerate(blocks):
        is_between = positions[0] < position < positions[-1]
        if block.element.tag not in _STORY_TAGS:
            continue
        if is_by_structure and in_parent[block.element.getparent()] > least:
            is_missed = block.link_letters < _MAX_LINKS * block.letters
        elif in_surroundings[_surroundings(block)] > least:
            is_long = is_between or block.letters > _MIN_AFTER_LETTERS
            is_missed = is_long and block.link_letters < _MAX_LINKS * block.letters
        else:
            is_missed = is_between and _is_sentence(block)
        if is_missed:
            missed.add(block)
    return missed


def _is_sentence(block: Block) -> bool:
    """Whether the block is a paragraph, and neither a heading nor the caption of a picture."""
    around: list[Any] = [block.element, *islice(block.element.iterancestors(), 3)]
    if any(element.tag == "figure" or _CAPTION.search(element.get("class", "")) for element in around):
        return False
    if any(element.tag == "blockquote" for element in around):  # a post of somebody else may end with a link to it
        return block.link_letters < _MAX_QUOTED_LINKS * block.letters
    is_long = block.letters > _MIN_BETWEEN_LETTERS and block.link_letters < _MAX_MISSED_LINKS * block.letters
    return is_long and _SENTENCE_END.search(block.text) is not None


def _surroundings(block: Block) -> _Surroundings:
    """Return tag and names of the block's element (the tag only) and of the two around it."""
    outer = islice(block.element.iterancestors(), 2)
    names = [(element.tag, element.get("class", ""), element.get("id", "")) for element in outer]
    return ((block.element.tag, "", ""), *names)


def _leads_elsewhere(block: Block) -> bool:
    """Whether the block is a short line of links."""
    is_item = block.element.tag in _ITEMS and not _ELSEWHERE.match(block.text)
    return not is_item and block.letters < _LINK_LINE_LETTERS and block.link_letters >= _LINK_LINE * block.letters
