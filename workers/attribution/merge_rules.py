"""Merging of the attributions that rules find into those of the model.

The model's training corpus never nests one attribution in another, so in "The two sides need a treaty, the minister
said" the model may find the two sides as source and miss the minister. If a rule with a high precision finds an
attribution whose cue has no content from the model, the attribution is added, unless the model gives the same words
in the same sentence to another source. On the dev set this is worth half a point of F1.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from services.contracts.acts import ACT_RECORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from workers.doc.records import AttributionRecord
    from workers.doc.tokens import Tokens

    _Index = Mapping[int, dict[int, AttributionRecord]]

# The lowest score of a rule's attribution that is merged; ``workers.attribution.scores`` has the scores.
MIN_SCORE: Final = 0.6
# The share of content that two attributions of the same words have in common.
MIN_OVERLAP: Final = 0.5
# In tokens, from the end of the model's content to "for": "criticised the council | on Friday for".
MAX_REASON_DISTANCE: Final = 3


class AttributionIndex:
    """Attributions in insertion order, with lookup by the tokens of their cues and contents.

    An article may have thousands of attributions, so merging must not compare each with each.
    """

    def __init__(self, attributions: Iterable[AttributionRecord]) -> None:
        """Add the given attributions."""
        self._attributions: dict[int, AttributionRecord] = {}
        self._by_cue_token: defaultdict[int, dict[int, AttributionRecord]] = defaultdict(dict)
        self._by_content_token: defaultdict[int, dict[int, AttributionRecord]] = defaultdict(dict)
        for attribution in attributions:
            self.add(attribution)

    def __iter__(self) -> Iterator[AttributionRecord]:
        """Iterate in insertion order."""
        return iter(self._attributions.values())

    def add(self, attribution: AttributionRecord) -> None:
        """Add an attribution at the end."""
        self._attributions[id(attribution)] = attribution
        for index, tokens in self._index_entries(attribution):
            for token in tokens:
                index[token][id(attribution)] = attribution

    def remove(self, attribution: AttributionRecord) -> None:
        """Remove an attribution, which is compared by identity."""
        del self._attributions[id(attribution)]
        for index, tokens in self._index_entries(attribution):
            for token in tokens:
                del index[token][id(attribution)]

    def with_cue_of(self, attribution: AttributionRecord) -> Iterable[AttributionRecord]:
        """Return the attributions whose cue shares a token with the cue of ``attribution``."""
        return _look_up(self._by_cue_token, _cue_tokens(attribution))

    def with_content(self, tokens: Iterable[int]) -> Iterable[AttributionRecord]:
        """Return the attributions whose content has one of ``tokens``."""
        return _look_up(self._by_content_token, tokens)

    def _index_entries(self, attribution: AttributionRecord) -> tuple[tuple[_Index, Iterable[int]], ...]:
        """Return each index with the tokens under which it has the attribution."""
        return (
            (self._by_cue_token, _cue_tokens(attribution)),
            (self._by_content_token, _content_tokens(attribution)),
        )


def is_confirmed(attribution: AttributionRecord, others: AttributionIndex) -> bool:
    """Return whether one of the others has the same cue and at least half of the content of ``attribution``."""
    content = _content_tokens(attribution)
    return any(
        len(content & _content_tokens(other)) >= MIN_OVERLAP * len(content) for other in others.with_cue_of(attribution)
    )


def merge_attributions(
    tokens: Tokens, from_model: Sequence[AttributionRecord], from_rules: Sequence[AttributionRecord]
) -> list[AttributionRecord]:
    """Return the attributions of the model, with those of the rules that it missed or replaced by wrong ones.

    Changes the content of an attribution of the model if a rule adds the reason for blame or praise.
    """
    index = AttributionIndex(from_model)
    pending = [attribution for attribution in from_rules if attribution.cue and attribution.score >= MIN_SCORE]
    while pending:
        merged = {id(attribution) for attribution in pending if _merge(tokens, index, attribution)}
        if not merged:
            break
        # A merged attribution may have removed the one that held the cue of another.
        pending = [attribution for attribution in pending if id(attribution) not in merged]
    return list(index)


def _merge(tokens: Tokens, index: AttributionIndex, from_rule: AttributionRecord) -> bool:
    """Add an attribution of a rule in place of the wrong ones of the model; return whether it was added.

    It is not added if the model has its cue, or gives most of its words to another cue in the same sentence.
    """
    if from_rule.cue is None:
        return False
    same_cue = list(index.with_cue_of(from_rule))
    if same_cue:
        for from_model in same_cue:
            if _adds_reason(tokens, from_model, from_rule):
                index.remove(from_model)
                from_model.content = from_rule.content
                index.add(from_model)
        return False
    content = _content_tokens(from_rule)
    wrong = []
    for other in index.with_content(content):
        other_content = _content_tokens(other)
        if len(other_content & content) < MIN_OVERLAP * len(other_content):
            continue
        is_nested = other.cue is not None and other.cue.span.start in content
        if not is_nested and (
            other.cue is None
            or tokens.sentence_start[other.cue.span.start] == tokens.sentence_start[from_rule.cue.verb]
        ):
            return False
        wrong.append(other)
    for other in wrong:
        index.remove(other)
    index.add(from_rule)
    return True


def _adds_reason(tokens: Tokens, from_model: AttributionRecord, from_rule: AttributionRecord) -> bool:
    """Return whether the rule's content continues with a reason: "(criticised) the council | on Friday for lying"."""
    if from_rule.rule != "object" or from_rule.cue is None or len(from_model.content) > 1:
        return False
    if not ACT_RECORDS[from_rule.cue.act].gives_reasons:
        return False
    (short,), (long,) = from_model.content, from_rule.content
    continuation = tokens.lower[short.end : long.end][:MAX_REASON_DISTANCE]
    return short.start == long.start and "for" in continuation


def _look_up(index: _Index, tokens: Iterable[int]) -> Iterable[AttributionRecord]:
    """Return the attributions that the index has under any of the tokens, each once."""
    attributions: dict[int, AttributionRecord] = {}
    for token in tokens:
        attributions |= index.get(token, {})
    return attributions.values()


def _cue_tokens(attribution: AttributionRecord) -> range:
    return range(*attribution.cue.span) if attribution.cue else range(0)


def _content_tokens(attribution: AttributionRecord) -> set[int]:
    return {i for start, end in attribution.content for i in range(start, end)}
