"""A second opinion on the model's statements: what the rules of English newspapers read off the same text.

The corpus that the model learns from never nests one attribution in another, so that in "The two sides need a
treaty, the minister said" it may hear the two sides and not the minister. Where a rule that is mostly right finds
a statement whose cue the model has left without content, it is taken over, unless the model has heard the same
words in the same sentence from somebody else. On the dev set this is worth half a point of F1.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from services.contracts import Act

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from workers.doc.records import AttributionRecord
    from workers.doc.tokens import Tokens

    _Index = Mapping[int, dict[int, AttributionRecord]]

# The least precision of a rule that may speak up; that of each is in ``workers.attribution.scores``.
PRECISION: Final = 0.6
HALF: Final = 0.5
# Reasons are given for blame and praise, and may stand behind the day: "criticised the council | on Friday for".
_GIVING: Final = frozenset({Act.ACCUSE, Act.PRAISE})
REASON_WORDS: Final = 3


class Found:
    """Statements in their order, found by the tokens of their cues and of their contents: a page may hold thousands."""

    def __init__(self, statements: Iterable[AttributionRecord]) -> None:
        """Take these in."""
        self._kept: dict[int, AttributionRecord] = {}
        self._by_cue: defaultdict[int, dict[int, AttributionRecord]] = defaultdict(dict)
        self._by_word: defaultdict[int, dict[int, AttributionRecord]] = defaultdict(dict)
        for statement in statements:
            self.add(statement)

    def __iter__(self) -> Iterator[AttributionRecord]:
        """In the order in which they were taken in."""
        return iter(self._kept.values())

    def add(self, statement: AttributionRecord) -> None:
        """Take one in, as the last."""
        self._kept[id(statement)] = statement
        for index, tokens in self._places(statement):
            for token in tokens:
                index[token][id(statement)] = statement

    def remove(self, statement: AttributionRecord) -> None:
        """Drop this very one."""
        del self._kept[id(statement)]
        for index, tokens in self._places(statement):
            for token in tokens:
                del index[token][id(statement)]

    def with_cue_of(self, statement: AttributionRecord) -> Iterable[AttributionRecord]:
        """Those whose cue has a token of its cue."""
        return _joined(self._by_cue, _cue(statement))

    def sharing(self, words: Iterable[int]) -> Iterable[AttributionRecord]:
        """Those that have one of these tokens in their content."""
        return _joined(self._by_word, words)

    def _places(self, statement: AttributionRecord) -> tuple[tuple[_Index, Iterable[int]], ...]:
        return (self._by_cue, _cue(statement)), (self._by_word, _words(statement))


def agrees(statement: AttributionRecord, others: Found) -> bool:
    """Whether one of the others has the same cue and half of its content in common with the statement."""
    own = _words(statement)
    return any(len(own & _words(other)) >= HALF * len(own) for other in others.with_cue_of(statement))


def seconded(
    tokens: Tokens, heard: Sequence[AttributionRecord], ruled: Sequence[AttributionRecord]
) -> list[AttributionRecord]:
    """Return what the model has ``heard``, with the statements of the rules that it has missed or broken."""
    found = Found(heard)
    left = [statement for statement in ruled if statement.cue and statement.score >= PRECISION]
    while left:
        taken = {id(statement) for statement in left if _take(tokens, found, statement)}
        if not taken:
            break
        # One that was taken may have freed the cue of another.
        left = [statement for statement in left if id(statement) not in taken]
    return list(found)


def _take(tokens: Tokens, found: Found, ruled: AttributionRecord) -> bool:
    """Take over one statement in place of those that it shows to be broken, if the model has no better one."""
    if ruled.cue is None:
        return False
    heard = list(found.with_cue_of(ruled))
    if heard:
        for one in heard:
            if _gives_reason(tokens, one, ruled):
                found.remove(one)
                one.content = ruled.content
                found.add(one)
        return False
    own = _words(ruled)
    broken = []
    for other in found.sharing(own):
        words = _words(other)
        if len(words & own) < HALF * len(words):
            continue
        nested = other.cue is not None and other.cue.span.start in own
        if not nested and (other.cue is None or tokens.first[other.cue.span.start] == tokens.first[ruled.cue.verb]):
            return False
        broken.append(other)
    for other in broken:
        found.remove(other)
    found.add(ruled)
    return True


def _gives_reason(tokens: Tokens, heard: AttributionRecord, ruled: AttributionRecord) -> bool:
    """Whether the rule has heard more: "(criticised) the council | on Friday for closing the bridge"."""
    if ruled.rule != "object" or ruled.cue is None or ruled.cue.act not in _GIVING or len(heard.content) > 1:
        return False
    (short,), (long,) = heard.content, ruled.content
    more = tokens.lower[short.end : long.end][:REASON_WORDS]
    return short.start == long.start and "for" in more


def _joined(index: _Index, tokens: Iterable[int]) -> Iterable[AttributionRecord]:
    found: dict[int, AttributionRecord] = {}
    for token in tokens:
        found |= index.get(token, {})
    return found.values()


def _cue(statement: AttributionRecord) -> range:
    return range(*statement.cue.span) if statement.cue else range(0)


def _words(statement: AttributionRecord) -> set[int]:
    return {i for start, end in statement.content for i in range(start, end)}
