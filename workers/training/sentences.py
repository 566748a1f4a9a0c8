"""Sentences of our own as examples for the model: every two parties of each, and how each stands to every party."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Final

from workers.model.stance_heads import Pair
from workers.training.corpora import Example, Sided
from workers.training.stance_corpora import BETWEEN, TOWARDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workers.training.corpora import Reader

VOICE: Final = "@"  # the text itself, as a holder
SIDES: Final = {"+": "support", "-": "oppose"}


@dataclass(slots=True)
class Sentence:
    """One sentence, or a few: where it names each party, and who is for or against whom.

    ``parties`` are offsets into ``text``; of the ``sides`` the holder comes first. Of two parties that are ``unclear``
    nothing is learned; every other two have nothing to do with each other.
    """

    text: str = ""
    parties: dict[str, tuple[int, int]] = field(default_factory=dict)
    sides: dict[tuple[str, str], str] = field(default_factory=dict)
    unclear: set[frozenset[str]] = field(default_factory=set)


def stance_pairs(reader: Reader, sentences: Iterable[Sentence]) -> list[Example]:
    """Return every two parties of each sentence as ``opinions.stance_pairs`` does; those that are mutual are left out."""
    examples = []
    for one in sentences:
        placed = reader.place(one.text)
        at = {name: placed.span(*place) for name, place in sorted(one.parties.items(), key=lambda item: item[1])}
        example = Example(placed.words)
        for a, b in combinations(at, 2):
            first, second = at[a], at[b]
            label: tuple[str, str | None] = ("none", None)
            if (a, b) in one.sides:
                label = one.sides[a, b], "a"
            elif (b, a) in one.sides:
                label = one.sides[b, a], "b"
            mutual = (a, b) in one.sides and (b, a) in one.sides
            if first and second and not mutual and frozenset((a, b)) not in one.unclear:
                example.sides.append(Sided(Pair(first, second, (0, len(placed.words))), BETWEEN[label]))
        if example.sides:
            examples.append(example)
    return examples


def target_sentiment(reader: Reader, sentences: Iterable[Sentence]) -> list[Example]:
    """Return how each sentence stands to each party, as ``opinions.target_sentiment`` does; left out where it is divided."""
    examples = []
    for one in sentences:
        placed = reader.place(one.text)
        example = Example(placed.words)
        doubtful = set().union(*one.unclear)
        for name, place in one.parties.items():
            sides = {side for (_, target), side in one.sides.items() if target == name}
            target = placed.span(*place)
            if target and len(sides) < len(SIDES) and (sides or name not in doubtful):
                label = TOWARDS[next(iter(sides), "none")]
                example.sides.append(Sided(Pair(None, target, (0, len(placed.words))), label))
        if example.sides:
            examples.append(example)
    return examples
