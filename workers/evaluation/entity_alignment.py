"""Which entity of the gold each predicted entity refers to, by the mentions that they share."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from typing import TypeVar

Predicted = TypeVar("Predicted", bound=Hashable)
Gold = TypeVar("Gold", bound=Hashable)


def align_entities(shared: Iterable[tuple[Predicted, Gold, bool]]) -> dict[Predicted, Gold]:
    """Return the gold entity of each predicted entity: the one with which it shares most names, then most mentions.

    ``shared`` has, for each shared mention, the predicted entity, the gold entity, and whether both mentions are names.
    Several predicted entities may refer to the same gold entity; those that share no mention are left out.
    """
    counts: defaultdict[Predicted, Counter[tuple[Gold, bool]]] = defaultdict(Counter)
    for predicted, gold, is_name in shared:
        counts[predicted][gold, is_name] += 1
    return {
        predicted: max(
            dict.fromkeys(gold for gold, _ in counter),
            key=lambda gold: (counter[gold, True], counter[gold, False]),
        )
        for predicted, counter in counts.items()
    }
