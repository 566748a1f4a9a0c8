"""The tag set of the model's heads: B for a span's first word and I for its others, per label, and O outside spans.

The order of the labels is the order of the network's outputs.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

ROLES: Final = ("source", "cue", "content")
# The types of the corpus "entities", under the corpus' names.
ENTITIES: Final = ("Person", "Organization", "Location", "NORP", "Facility", "Product", "Money", "Date", "Misc")
# The universal parts of speech (universaldependencies.org/u/pos).
PARTS_OF_SPEECH: Final = (
    *("ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM"),
    *("PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X"),
)
OUTSIDE: Final = 0
FORBIDDEN_SCORE: Final = -1e4  # the score of a forbidden tag or transition


class TaggedSpan(NamedTuple):
    """Words ``start`` to ``end``, end exclusive, with the label of index ``label``."""

    start: int
    end: int
    label: int


def begin_tag(label: int) -> int:
    """Return the tag of a span's first word."""
    return 1 + 2 * label


def inside_tag(label: int) -> int:
    """Return the tag of a span's other words."""
    return 2 + 2 * label


def tag_count(labels: int) -> int:
    """Return the number of tags for a number of labels."""
    return 1 + 2 * labels


def forbidden_transitions(labels: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which tags may not follow which [tag before, tag after], and which may not be first [tag].

    Decoders that obey this return no broken spans.
    """
    count = tag_count(labels)
    after = np.zeros((count, count), dtype=bool)
    first = np.zeros(count, dtype=bool)
    for label in range(labels):
        after[:, inside_tag(label)] = True
        after[[begin_tag(label), inside_tag(label)], inside_tag(label)] = False
        first[inside_tag(label)] = True
    return after, first


def decode_spans(tags: list[int]) -> list[TaggedSpan]:
    """Return the spans of a sequence of tags without forbidden transitions."""
    spans: list[TaggedSpan] = []
    for i, tag in enumerate(tags):
        if tag == OUTSIDE:
            continue
        label = (tag - 1) // 2
        if tag == begin_tag(label):
            spans.append(TaggedSpan(i, i + 1, label))
        else:
            spans[-1] = spans[-1]._replace(end=i + 1)
    return spans


def encode_spans(spans: list[TaggedSpan], length: int) -> list[int]:
    """Return spans as tags of ``length`` words. Of overlapping spans, the first in the list is kept."""
    tags = [OUTSIDE] * length
    for start, end, label in spans:
        if any(tags[start:end]):
            continue
        tags[start:end] = [begin_tag(label)] + [inside_tag(label)] * (end - start - 1)
    return tags
