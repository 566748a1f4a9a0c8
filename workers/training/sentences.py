"""Example sentences of our own as training examples: each pair of parties, and the stance towards each party."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Final

from workers.model.stance_heads import Pair
from workers.training.corpora import Example, LabelledPair
from workers.training.stance_corpora import PAIR_CLASSES, TARGET_CLASSES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workers.training.corpora import CorpusReader

ARTICLE_VOICE: Final = "@"  # as a holder: the text itself
STANCES: Final = {"+": "support", "-": "oppose"}


@dataclass(slots=True)
class ExampleSentence:
    """One or a few sentences, with the offsets of each party's name and the stances between the parties.

    ``parties`` are offsets into ``text`` by the party's letter; ``stances`` are by (holder, target). A pair in
    ``unclear`` yields no example. Every other pair without a stance is an example of "none".
    """

    text: str = ""
    parties: dict[str, tuple[int, int]] = field(default_factory=dict)
    stances: dict[tuple[str, str], str] = field(default_factory=dict)
    unclear: set[frozenset[str]] = field(default_factory=set)


def pair_examples(reader: CorpusReader, sentences: Iterable[ExampleSentence]) -> list[Example]:
    """Return each pair of parties of each sentence in the form of ``stance_corpora.stance_pairs``.

    Pairs with stances in both directions are left out.
    """
    examples = []
    for sentence in sentences:
        aligned = reader.align(sentence.text)
        parties = sorted(sentence.parties.items(), key=lambda item: item[1])
        spans = {party: aligned.span(*offsets) for party, offsets in parties}
        example = Example(aligned.words)
        for a, b in combinations(spans, 2):
            first, second = spans[a], spans[b]
            label: tuple[str, str | None] = ("none", None)
            if (a, b) in sentence.stances:
                label = sentence.stances[a, b], "a"
            elif (b, a) in sentence.stances:
                label = sentence.stances[b, a], "b"
            mutual = (a, b) in sentence.stances and (b, a) in sentence.stances
            if first and second and not mutual and frozenset((a, b)) not in sentence.unclear:
                pair = Pair(first, second, (0, len(aligned.words)))
                example.pairs.append(LabelledPair(pair, PAIR_CLASSES[label]))
        if example.pairs:
            examples.append(example)
    return examples


def target_examples(reader: CorpusReader, sentences: Iterable[ExampleSentence]) -> list[Example]:
    """Return the stance of each sentence towards each party in the form of ``stance_corpora.target_sentiment``.

    Parties with both supporters and opponents are left out, and so are parties that only occur in unclear pairs.
    """
    examples = []
    for sentence in sentences:
        aligned = reader.align(sentence.text)
        example = Example(aligned.words)
        unclear_parties = set().union(*sentence.unclear)
        for party, offsets in sentence.parties.items():
            stances = {stance for (_, target), stance in sentence.stances.items() if target == party}
            span = aligned.span(*offsets)
            if span and len(stances) < len(STANCES) and (stances or party not in unclear_parties):
                label = TARGET_CLASSES[next(iter(stances), "none")]
                example.pairs.append(LabelledPair(Pair(None, span, (0, len(aligned.words))), label))
        if example.pairs:
            examples.append(example)
    return examples
