"""The query of a search: its conditions, and the key that a page begins after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.results import full_text


@dataclass(frozen=True, slots=True)
class Name:
    """A name to search for: its role in the item (``HOLDER`` or ``TARGET``), and its keys, of which any may match.

    ``exact``: only as a whole name, not as the beginning of the name of a body.
    """

    role: str
    keys: tuple[str, ...]
    exact: bool = False


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """The conditions that items must meet, all of them. Without any, all items match.

    names: names that the item must have.
    exact: whether all names must match as whole names.
    attributed: leave out stances that do not come from an attribution. Has no effect on attributions.
    equal: column and value.
    at_least: column and least value.
    feed: the feed, or None for all.
    feeds: the feeds that the caller may see, or None for all.
    since, until: bounds of the time in milliseconds since 1970; ``since`` is inclusive, ``until`` exclusive.
    phrases: words and phrases that the text must contain (`full_text.phrases`).
    all_copies: whether every copy of a story counts; otherwise the first copy of each story among these feeds.
    """

    names: tuple[Name, ...] = ()
    exact: bool = False
    attributed: bool = False
    equal: Mapping[str, str] = field(default_factory=dict)
    at_least: Mapping[str, float] = field(default_factory=dict)
    feed: str | None = None
    feeds: frozenset[str] | None = None
    since: int | None = None
    until: int | None = None
    phrases: full_text.Phrases = ()
    all_copies: bool = False

    @property
    def visible_feeds(self) -> frozenset[str] | None:
        """The feeds that are searched, or None for all."""
        if self.feed is None:
            return self.feeds
        return frozenset({self.feed}) if self.feeds is None else self.feeds & {self.feed}


@dataclass(frozen=True, slots=True)
class PageKey:
    """The time and the ID of the last item of a page. The next page begins after it."""

    at: int
    id: int
