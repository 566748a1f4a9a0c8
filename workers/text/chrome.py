"""Tells the story of a page from what stands around and inside it: navigation, comments, teasers, share links, forms.

A name alone is not a proof: a publisher may call the story's own paragraphs "comments" or put the page into a form. So
an element is left out by its tag, role or name only if it has little of the story.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

_TAGS: Final = frozenset({"nav", "footer", "aside", "form", "button", "dialog", "menu"})
_ROLES: Final = frozenset({"navigation", "complementary", "contentinfo", "banner", "search", "dialog", "alertdialog"})
_START: Final = r"(?:^|[\s_-])"
_END: Final = r"(?=$|[\s_-])"
# Whole words of `class` and `id`.
# Whole words of `class` and `id`. The first have texts of others, which may be longer than the story.
_TEXTS_OF_OTHERS: Final = re.compile(
    rf"""{_START}(?:
        comments? | comment-?list | disqus\w* | respond | replies
      | related(?:[_-]?(?:articles?|content|items?|links?|news|posts?|stories|topics?))? | recommend\w* | recirc\w*
      | teasers?(?![_-]content) | outbrain\w* | taboola\w* | trending | also[_-]?like | editors[_-]choice
      | most[_-]?(?:read|popular|viewed) | more[_-]?(?:from|stories|topics?) | read[_-]?next | article[_-]?cards?
      | collections
    ){_END}""",
    re.IGNORECASE | re.VERBOSE,
)
_SERVICES: Final = re.compile(
    rf"""{_START}(?:
        (?:share|sharing)(?=$|\s) | sharedaddy | addthis\w* | addtoany\w*
      | share[_-]?(?:bar|box|buttons?|icons?|links?|menu|modal|this|tools?|widget)s?
      | social[_-]?(?:bar|buttons?|icons?|links?|share|sharing)
      | promos? | newsletter\w* | sign[_-]?up | cta | whatsapp\w* | carousel | playlist | cookie\w*
      | (?:author|byline)[_-]{{0,2}}(?:bio\w*|box|info\w*|details?) | bio | biography | breadcrumbs?
      | print[_-](?:header|footer) | footer | a11y\w* | sr-only | visually-?hidden | screen-reader\w*
    ){_END}""",
    re.IGNORECASE | re.VERBOSE,
)
_NEVER: Final = frozenset({"html", "body", "article", "main"})  # whatever their names
_MAX_STORY_SHARE: Final = 0.3  # of the story's letters; elements with more of it are part of the story
_MIN_OUTSIDE_SHARE: Final = 0.3  # with more outside of all chrome, the story is not in it, however many comments are
_MAX_NAME_CHARS: Final = 1_000  # of `class` and `id`; longer ones are cut


@dataclass(slots=True, eq=False)
class Chrome:
    """An element that appears to be chrome by its tag, role or name.

    ``kind`` is the same for elements with the same tag and names. ``parent`` is the next such element around it.
    ``is_of_others`` tells by the name that it has comments or teasers, as opposed to share links or a form.
    ``blocks`` counts the blocks of text in it, and ``story_letters`` the letters of the story that are in it.
    """

    kind: tuple[str, str]
    parent: Chrome | None
    is_by_name: bool
    is_of_others: bool
    blocks: int = 0
    story_letters: int = 0

    def count_block(self) -> None:
        """Count a block of text in this element, and so in all around it."""
        chrome: Chrome | None = self
        while chrome is not None:  # at most as often as the page is deep
            chrome.blocks += 1
            chrome = chrome.parent

    def is_evident(self) -> bool:
        """Whether this is chrome whatever it has: by its tag, or by its name around several blocks, or in such one.

        A form is not: some publishers put the whole page into it.
        """
        chrome: Chrome | None = self
        while chrome is not None:
            if chrome.kind[0] != "form" and (chrome.blocks > 1 or not chrome.is_by_name):
                return True
            chrome = chrome.parent
        return False


class Part(Protocol):
    """A part of a page: its letters, and the innermost chrome around it."""

    @property
    def letters(self) -> int:
        """Number of characters that are not white space."""

    @property
    def chrome(self) -> Chrome | None:
        """The innermost element around it that appears to be chrome."""


_Part = TypeVar("_Part", bound=Part)


def chrome_of(element: Any, outer: Chrome | None) -> Chrome | None:
    """Return ``element`` as chrome inside of ``outer``, or ``outer`` if nothing tells that it is chrome."""
    tag = element.tag
    if tag in _NEVER:
        return outer
    is_by_tag = tag in _TAGS or element.get("role") in _ROLES
    names = f"{element.get('class', '')} {element.get('id', '')}"[:_MAX_NAME_CHARS]
    is_of_others = _TEXTS_OF_OTHERS.search(names) is not None
    if not (is_by_tag or is_of_others or _SERVICES.search(names)):
        return outer
    return Chrome((tag, names), outer, not is_by_tag, is_of_others)


def chrome_parts(parts: Sequence[_Part], story: AbstractSet[_Part]) -> set[_Part]:
    """Return the parts of a page that are chrome. ``story`` has those that appear to be the story.

    Elements that share a name are judged together: paragraphs with a box each are still the story.
    """
    order: dict[Chrome, None] = {}  # outer before inner
    for part in parts:
        chain = []
        chrome = part.chrome
        while chrome is not None and chrome not in order:
            chain.append(chrome)
            chrome = chrome.parent
        order.update(dict.fromkeys(reversed(chain)))
        if part.chrome is not None and part in story:
            part.chrome.story_letters += part.letters
    for chrome in reversed(order):
        if chrome.parent is not None:
            chrome.parent.story_letters += chrome.story_letters
    of_kind: Counter[tuple[str, str]] = Counter()
    for chrome in order:
        if chrome.parent is None or chrome.parent.kind != chrome.kind:
            of_kind[chrome.kind] += chrome.story_letters
    total = sum(part.letters for part in story)
    outside = sum(part.letters for part in story if part.chrome is None)
    judged: dict[Chrome, bool] = {}
    for chrome in order:
        is_inside = chrome.parent is not None and judged[chrome.parent]
        has_little = of_kind[chrome.kind] <= _MAX_STORY_SHARE * total
        is_beside = chrome.is_of_others and chrome.is_evident() and outside >= _MIN_OUTSIDE_SHARE * total
        judged[chrome] = is_inside or has_little or is_beside
    return {part for part in parts if part.chrome is not None and judged[part.chrome]}
