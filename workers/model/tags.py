"""What each word is tagged with: a span's label with B at its first word and I at the others, O outside of spans.

The order of the labels is the order of the model's outputs; ``forbidden`` is what no decoding may hold, so that
broken spans cannot come out.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

ROLES: Final = ("source", "cue", "content")
# The types of the corpus "entities", under its own names.
ENTITIES: Final = ("Person", "Organization", "Location", "NORP", "Facility", "Product", "Money", "Date", "Misc")
# The universal parts of speech (universaldependencies.org/u/pos).
PARTS: Final = (
    *("ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM"),
    *("PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X"),
)
OUTSIDE: Final = 0
IMPOSSIBLE: Final = -1e4  # what a tag scores that is forbidden


class Tagged(NamedTuple):
    """Words ``start`` to ``end``, end exclusive, under the label of number ``label``."""

    start: int
    end: int
    label: int


def begin(label: int) -> int:
    """Return the tag of a span's first word."""
    return 1 + 2 * label


def inside(label: int) -> int:
    """Return the tag of a span's other words."""
    return 2 + 2 * label


def tags(labels: int) -> int:
    """Count the tags of so many labels."""
    return 1 + 2 * labels


def forbidden(labels: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which tag may not follow which (rows: before, columns: after), and which may not be the first."""
    count = tags(labels)
    after = np.zeros((count, count), dtype=bool)
    first = np.zeros(count, dtype=bool)
    for label in range(labels):
        after[:, inside(label)] = True
        after[[begin(label), inside(label)], inside(label)] = False
        first[inside(label)] = True
    return after, first


def spans(sequence: list[int]) -> list[Tagged]:
    """Read the spans off one sequence of tags that holds nothing forbidden."""
    found: list[Tagged] = []
    for i, tag in enumerate(sequence):
        if tag == OUTSIDE:
            continue
        label = (tag - 1) // 2
        if tag == begin(label):
            found.append(Tagged(i, i + 1, label))
        else:
            found[-1] = found[-1]._replace(end=i + 1)
    return found


def sequence(found: list[Tagged], length: int) -> list[int]:
    """Write spans as tags; of spans that overlap, the first in the list keeps its words."""
    made = [OUTSIDE] * length
    for start, end, label in found:
        if any(made[start:end]):
            continue
        made[start:end] = [begin(label)] + [inside(label)] * (end - start - 1)
    return made
